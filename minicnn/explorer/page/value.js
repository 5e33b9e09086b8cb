/* One number taken apart: where it comes from in the forward pass, and what flows back in the other. */

const sourceMap = new MapView("source-map", "input of the layer", (row, col) =>
  pointAt("source", row, col),
);
const targetMap = new MapView("target-map", "output of the layer", (row, col) =>
  pointAt("target", row, col),
);

function pointAt(which, row, col) {
  state.pointed = which;
  if (which === "target") [state.row, state.col] = inside(model.nodes[state.node].shape, row, col);
  else state.input = inside(model.nodes[sourceNode()].shape, row, col);
  drawValue();
  drawLoop();
}

/* The node that feeds a node, and the channel of it that is shown. */
const sourceNode = () => model.nodes[state.node].inputs[sourceBranch()];

/* Of several inputs side by side: the one that the chosen output channel comes from, and how many channels
   come before it. */
function branch() {
  const node = model.nodes[state.node];
  let [place, before] = [0, 0];
  while (
    place < node.inputs.length - 1 &&
    before + model.nodes[node.inputs[place]].shape.at(-1) <= channelNumber()
  )
    before += model.nodes[node.inputs[place++]].shape.at(-1);
  return { place, before };
}

const sourceBranch = () => branch().place;

/* The channel of the input that is shown: chosen where a layer mixes all, else the one that belongs to the
   output's. */
function sourceChannel() {
  const [layer, shape] = [layerOf(state.node), model.nodes[sourceNode()].shape];
  if (!isImage(shape)) return 0;
  const channel =
    layer.kind === "Concatenate"
      ? state.channel - branch().before
      : keepsChannels(layer)
        ? state.channel
        : state.source;
  return Math.min(channel, shape[2] - 1);
}

/* The chosen place along the last axis. */
const channelNumber = () =>
  isImage(model.nodes[state.node].shape)
    ? state.channel
    : state.row * view(model.nodes[state.node].shape).cols + state.col;

/* Layers that treat every channel by itself. */
const keepsChannels = (layer) =>
  !["Conv2D", "Dense", "Flatten", "Concatenate"].includes(layer.kind);

function drawValue() {
  const k = state.node;
  const [layer, node] = [layerOf(k), model.nodes[k]];
  const source = sourceNode();
  state.source = sourceChannel();
  state.input = inside(model.nodes[source].shape, ...state.input);
  $("value-title").textContent = `${node.label} (${layer.class}): one number taken apart`;
  drawMaps(k, source);
  drawFrames(k);
  const parts = state.pointed === "target" ? outputParts(k) : inputParts(k);
  fill("parts", ...parts);
  $("lines").textContent = sameLines();
  $("value-hint").textContent = HINTS[state.view];
  for (const [id, value] of [
    ["row", state.row],
    ["col", state.col],
  ])
    $(id).value = value;
  clearTimeout(settling);
  settling = setTimeout(() => {
    history.replaceState(null, "", link());
    $("said").textContent = $("parts").firstChild.textContent;
  }, 100);
}

let settling = null; // what waits until pointing rests: the link, and what a screen reader says

/* The two pictures; while only the place changes they stay, and the frames move. */
function drawMaps(k, source) {
  const place = [k, state.channel, source, sourceBranch(), state.source];
  const now = [state.back, state.view, ...place, isDark()];
  if (now.every((one, n) => one === drawnMaps[n])) return;
  drawnMaps = now;
  const node = model.nodes[k];
  const shown = targetValues(k);
  targetMap.draw(shown.tensor, state.channel, shown, `${node.label}, channel ${state.channel}`);
  const incoming = sourceValues(k, source);
  sourceMap.draw(
    incoming.tensor,
    state.source,
    incoming,
    `${model.nodes[source].label}, channel ${state.source}`,
  );
  fill("target-caption", `${shown.caption} ${node.label}${channelText(node.shape, state.channel)}`);
  fill(
    "source-caption",
    `${incoming.caption} ${model.nodes[source].label}${channelText(model.nodes[source].shape, state.source)}`,
  );
}

let drawnMaps = [];

const HINTS = {
  forward:
    "Point at (or tap) an output to see its window; point at an input to see every output that reads it.",
  backward:
    "Point at (or tap) a pixel of the input's gradient, dx, to see what flows into it; at one of the output's, dz, to see the gate.",
  gates:
    "White: open, the gradient passes. Black: closed, it stops. Of a pooling layer's input: white won a window.",
};

const channelText = (shape, c) => (isImage(shape) ? `, channel ${c}` : "");

function targetValues(k) {
  if (state.view === "forward")
    return { tensor: state.run[k].y, signed: false, caption: "output of" };
  if (state.view === "gates" && layerOf(k).activation === "relu")
    return { tensor: gatesOf(k), signed: false, caption: "relu gates of" };
  const tensor = state.back.dz[k] || zeros(model.nodes[k].shape);
  return { tensor, signed: true, largest: largestOf(tensor.data), caption: "dz of" };
}

function sourceValues(k, source) {
  if (state.view === "forward")
    return { tensor: state.run[source].y, signed: false, caption: "input from" };
  const dx = state.back.dx[k]?.[sourceBranch()] || zeros(model.nodes[source].shape);
  if (state.view === "gates" && layerOf(k).kind.includes("Max"))
    return { tensor: winnersOf(k), signed: false, caption: "winners in" };
  return { tensor: dx, signed: true, largest: largestOf(dx.data), caption: "dx of" };
}

/* 1 for each input of a max-pooling layer that won a window. */
function winnersOf(k) {
  const [kept, layer] = [state.run[k], layerOf(k)];
  const [x] = kept.inputs;
  const ones = (shape) => ({ shape, data: new Float64Array(sizeOf(shape)).fill(1) });
  if (layer.kind === "GlobalMaxPooling2D")
    return {
      shape: x.shape,
      data: x.data.map((v, i) => Number(v === kept.y.data[i % x.shape[2]])),
    };
  const won = maxPoolGradInput(
    ones(kept.y.shape),
    kept.argmax,
    layer.pool_size,
    layer.strides,
    kept.padded.shape,
  );
  const found = crop(won, kept.slide, x.shape);
  return { shape: x.shape, data: found.data.map((n) => Math.min(n, 1)) };
}

function drawFrames(k) {
  const window = windowOf(k);
  if (state.pointed === "target") {
    targetMap.frame([state.row, state.col, 1, 1, "here"]);
    if (window) sourceMap.frame([...window, "window"], ...winnerFrame(k), ...wrongFrame(k));
    else if (isImage(model.nodes[sourceNode()].shape) === isImage(model.nodes[k].shape))
      sourceMap.frame([state.row, state.col, 1, 1, "here"]);
    else sourceMap.frame();
    return;
  }
  const [row, col] = state.input;
  sourceMap.frame([row, col, 1, 1, "here"], ...wrongFrame(k));
  if (!window) return targetMap.frame();
  const readers = readersOfPixel(k, row, col);
  if (!readers.length) return targetMap.frame();
  const [first, last] = [readers[0], readers.at(-1)]; // their taps count backward, so they go on in rows and columns
  targetMap.frame([
    first.row,
    first.col,
    last.row - first.row + 1,
    last.col - first.col + 1,
    "window",
  ]);
}

/* A frame around the pixels whose dx the last check found wrong. */
function wrongFrame(k) {
  if (k !== state.kernelNode || state.view === "forward") return [];
  const wrong = (checkOf(kernelSlice())?.inputs ?? []).filter((one) => one.wrong && one.place);
  if (!wrong.length) return [];
  const [rows, cols] = [0, 1].map((axis) => wrong.map(({ place }) => place[axis]));
  const [top, left] = [Math.min(...rows) - 1, Math.min(...cols) - 1];
  return [[top, left, Math.max(...rows) - top + 2, Math.max(...cols) - left + 2, "wrong"]];
}

/* The pixel that won the chosen window. */
function winnerFrame(k) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  if (layer.kind !== "MaxPooling2D") return [];
  const winner = kept.argmax[view(kept.y.shape).index(state.row, state.col, state.channel)];
  const [row, col] = windowOf(k);
  return [
    [
      row + Math.floor(winner / layer.pool_size[1]),
      col + (winner % layer.pool_size[1]),
      1,
      1,
      "winner",
    ],
  ];
}

/* What prints the same in Python and on the command line. */
function sameLines() {
  const k = state.node;
  const { shape } = model.nodes[k];
  const { name, activation } = layerOf(k);
  const at = isImage(shape)
    ? [state.row, state.col, state.channel]
    : [view(shape).index(state.row, state.col)];
  const tuple = (place) => `(${place.join(", ")}${place.length === 1 ? "," : ""})`;
  const source = model.nodes[sourceNode()].shape;
  const { before } = branch(); // minicnn counts through inputs that lie side by side
  const input = isImage(source)
    ? [...state.input, before + state.source]
    : [before + view(source).index(...state.input)];
  const quoted = (text) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
  const [python, shell] = [JSON.stringify(name), quoted(name)];
  let [call, flags] = [
    `explain(model, x, ${python}, ${tuple(at)})`,
    `--layer ${shell} --position ${at.join(",")}`,
  ];
  if (state.view !== "forward") {
    const dz = activation === "linear" ? "output" : "activation";
    const [of, place] = state.pointed === "target" ? [dz, at] : ["input", input];
    call = `explain_gradient(model, x, y, ${python}, "${of}", ${tuple(place)})`;
    const label = page.classes?.[state.labels[0].data[0]];
    flags = `--layer ${shell} --backward${label ? ` --label ${quoted(label)}` : ""} --of ${of} --position ${place.join(",")}`;
  }
  if (layerOf(k).stands_for) return "this layer is the page's own: it stands for what was left out";
  const { command } = page.samples[state.sample];
  return [`print(${call})`, ...(command ? [`${command} ${flags}`] : []), ...remarks(k)].join("\n");
}

/* In what those lines do not print what the page shows. */
function remarks(k) {
  const found = [];
  if (usersOf(model.nodes[k].layer)[0] !== k) found.push("# of the layer's first use");
  if (isChanged())
    found.push("# of the model and the sample as they came: here, they were changed");
  return found;
}
