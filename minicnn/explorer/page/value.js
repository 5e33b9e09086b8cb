/* One number taken apart: where it comes from in the forward pass, and what flows back in the other. */

const sourceMap = new MapView("source-map", "input of the layer", (row, col) => pointAt("source", row, col));
const targetMap = new MapView("target-map", "output of the layer", (row, col) => pointAt("target", row, col));

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
  while (place < node.inputs.length - 1 && before + model.nodes[node.inputs[place]].shape.at(-1) <= channelNumber())
    before += model.nodes[node.inputs[place++]].shape.at(-1);
  return { place, before };
}

const sourceBranch = () => branch().place;

/* The channel of the input that is shown: chosen where a layer mixes all, else the one that belongs to the
   output's. */
function sourceChannel() {
  const [layer, shape] = [layerOf(state.node), model.nodes[sourceNode()].shape];
  if (!isImage(shape)) return 0;
  const channel = layer.kind === "Concatenate" ? state.channel - branch().before : keepsChannels(layer) ? state.channel : state.source;
  return Math.min(channel, shape[2] - 1);
}

/* The chosen place along the last axis. */
const channelNumber = () => (isImage(model.nodes[state.node].shape) ? state.channel : state.row * view(model.nodes[state.node].shape).cols + state.col);

/* Layers that treat every channel by itself. */
const keepsChannels = (layer) => !["Conv2D", "Dense", "Flatten", "Concatenate"].includes(layer.kind);

function drawValue() {
  const k = state.node;
  const [layer, node] = [layerOf(k), model.nodes[k]];
  const source = sourceNode();
  state.source = sourceChannel();
  state.input = inside(model.nodes[source].shape, ...state.input);
  $("value-title").textContent = `${node.label} (${layer.class}): one number taken apart`;
  const shown = targetValues(k);
  targetMap.draw(shown.tensor, state.channel, shown, `${node.label}, channel ${state.channel}`);
  const incoming = sourceValues(k, source);
  sourceMap.draw(incoming.tensor, state.source, incoming, `${model.nodes[source].label}, channel ${state.source}`);
  fill("target-caption", `${shown.caption} ${node.label}${channelText(node.shape, state.channel)}`);
  fill("source-caption", `${incoming.caption} ${model.nodes[source].label}${channelText(model.nodes[source].shape, state.source)}`);
  drawFrames(k);
  const parts = state.pointed === "target" ? outputParts(k) : inputParts(k);
  fill("parts", ...parts);
  $("lines").textContent = sameLines();
  $("value-hint").textContent = HINTS[state.view];
  for (const [id, value] of [["row", state.row], ["col", state.col]]) $(id).value = value;
  clearTimeout(linking);
  linking = setTimeout(() => history.replaceState(null, "", link()), 100); // browsers slow down one at each move
}

let linking = null;

const HINTS = {
  forward: "Point at (or tap) an output to see its window; point at an input to see every output that reads it.",
  backward: "Point at (or tap) a pixel of the input's gradient, dx, to see what flows into it; at one of the output's, dz, to see the gate.",
  gates: "White: open, the gradient passes. Black: closed, it stops. Of a pooling layer's input: white won a window.",
};

const channelText = (shape, c) => (isImage(shape) ? `, channel ${c}` : "");

function targetValues(k) {
  if (state.view === "forward") return { tensor: state.run[k].y, signed: false, caption: "output of" };
  if (state.view === "gates" && layerOf(k).activation === "relu") return { tensor: gatesOf(k), signed: false, caption: "relu gates of" };
  const tensor = state.back.dz[k] || zeros(model.nodes[k].shape);
  return { tensor, signed: true, largest: largestOf(tensor.data), caption: "dz of" };
}

function sourceValues(k, source) {
  if (state.view === "forward") return { tensor: state.run[source].y, signed: false, caption: "input from" };
  const dx = state.back.dx[k]?.[sourceBranch()] || zeros(model.nodes[source].shape);
  if (state.view === "gates" && layerOf(k).kind.includes("Max")) return { tensor: winnersOf(k), signed: false, caption: "winners in" };
  return { tensor: dx, signed: true, largest: largestOf(dx.data), caption: "dx of" };
}

/* 1 for each input of a max-pooling layer that won a window. */
function winnersOf(k) {
  const [kept, layer] = [state.run[k], layerOf(k)];
  const [x] = kept.inputs;
  const ones = (shape) => ({ shape, data: new Float64Array(sizeOf(shape)).fill(1) });
  if (layer.kind === "GlobalMaxPooling2D") return { shape: x.shape, data: x.data.map((v, i) => Number(v === kept.y.data[i % x.shape[2]])) };
  const won = maxPoolGradInput(ones(kept.y.shape), kept.argmax, layer.pool_size, layer.strides, kept.padded.shape);
  const found = crop(won, kept.slide, x.shape);
  return { shape: x.shape, data: found.data.map((n) => Math.min(n, 1)) };
}

function drawFrames(k) {
  const window = windowOf(k);
  if (state.pointed === "target") {
    targetMap.frame([state.row, state.col, 1, 1, "here"]);
    if (window) sourceMap.frame([...window, "window"], ...winnerFrame(k));
    else if (isImage(model.nodes[sourceNode()].shape) === isImage(model.nodes[k].shape)) sourceMap.frame([state.row, state.col, 1, 1, "here"]);
    else sourceMap.frame();
    return;
  }
  const [row, col] = state.input;
  sourceMap.frame([row, col, 1, 1, "here"]);
  if (!window) return targetMap.frame();
  const readers = readersOfPixel(k, row, col);
  if (!readers.length) return targetMap.frame();
  const [first, last] = [readers[0], readers.at(-1)]; // their taps count backward, so they go on in rows and columns
  targetMap.frame([first.row, first.col, last.row - first.row + 1, last.col - first.col + 1, "window"]);
}

/* The pixel that won the chosen window. */
function winnerFrame(k) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  if (layer.kind !== "MaxPooling2D") return [];
  const winner = kept.argmax[view(kept.y.shape).index(state.row, state.col, state.channel)];
  const [row, col] = windowOf(k);
  return [[row + Math.floor(winner / layer.pool_size[1]), col + (winner % layer.pool_size[1]), 1, 1, "winner"]];
}

// -------------------------------------------------------------------------- an output, and its gate

function outputParts(k) {
  const [layer, kept, { shape, label }] = [layerOf(k), state.run[k], model.nodes[k]];
  const at = view(shape).index(state.row, state.col, state.channel);
  const place = isImage(shape) ? `row ${state.row}, col ${state.col}, channel ${state.channel}` : `unit ${at}`;
  const heading = make("h3", {}, `${label}, ${place}: ${figure(kept.y.data[at])}`);
  if (state.view !== "forward") return [heading, gateTable(k, at)];
  if (layer.kind === "Conv2D") return [heading, ...convParts(k), sumTable(k, at)];
  if (layer.kind === "Dense") return [heading, ...denseParts(k, at), sumTable(k, at)];
  if (kept.slide) return [heading, ...poolParts(k, at)];
  if (layer.kind === "GlobalMaxPooling2D") return [heading, make("p", {}, `the largest of the channel; ${kept.winners[at]} pixel(s) have it`)];
  if (layer.kind === "GlobalAveragePooling2D") return [heading, make("p", {}, `the mean of the channel's ${kept.inputs[0].data.length / kept.inputs[0].shape[2]} pixels`)];
  const notes = { Flatten: "the same number, in one long row", Dropout: "passed on: dropout drops in training only", Concatenate: `from ${model.nodes[sourceNode()].label}` };
  const text = layer.activation !== "linear" ? `${layer.activation} of ${figure(kept.z.data[at])}` : notes[layer.kind] || "passed on";
  return [heading, make("p", {}, text)];
}

/* Window, kernel and products of the chosen input channel. */
function convParts(k) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const { kernel } = layer.params;
  const [height, width, channels, filters] = kernel.shape;
  const padded = view(kept.padded.shape);
  const [top, left] = [state.row * layer.strides[0], state.col * layer.strides[1]];
  const real = realTaps(k);
  const pixel = (row, col, c = state.source) => kept.padded.data[padded.index(top + row, left + col, c)];
  const weight = (row, col, c = state.source) => kernel.data[((row * width + col) * channels + c) * filters + state.channel];
  const parts = [
    grid("window", height, width, (row, col) => (real(row, col) ? { value: pixel(row, col) } : null)),
    grid("kernel", height, width, (row, col) => ({ value: weight(row, col) })),
    grid("products", height, width, (row, col) => (real(row, col) ? { value: pixel(row, col) * weight(row, col), kind: "product" } : null)),
  ];
  const sums = Array.from({ length: channels }, (_, c) => {
    let total = 0;
    for (let row = 0; row < height; row++) for (let col = 0; col < width; col++) total += pixel(row, col, c) * weight(row, col, c);
    return total;
  });
  if (channels === 1) return [make("div", { class: "grids" }, ...parts)];
  return [make("div", { class: "grids" }, ...parts), make("p", {}, "sums of the products, by input channel:"), ranked(sums, String, ["channel", "sum"])];
}

/* Whether a tap of the chosen window lies on a real pixel, not in the padding. */
function realTaps(k) {
  const [top, left] = windowOf(k);
  const [height, width] = state.run[k].inputs[0].shape;
  return (row, col) => top + row >= 0 && left + col >= 0 && top + row < height && left + col < width;
}

const LARGEST = 5; // rows of a ranking

/* The numbers farthest from 0, farthest first, and the sum of the others; `nameOf(index)`. */
function ranked(values, nameOf, head, count = LARGEST) {
  const shown = farthest(values, count);
  const rows = shown.map((i) => [nameOf(i), values[i]]);
  const rest = values.reduce((sum, value) => sum + value, 0) - shown.reduce((sum, i) => sum + values[i], 0);
  const rounding = 1e-12 * shown.reduce((sum, i) => sum + Math.abs(values[i]), 0);
  if (values.length > count) rows.push([`${values.length - count} more`, Math.abs(rest) > rounding ? rest : 0]);
  return table(head, rows);
}

/* Indices of the `count` values farthest from 0, farthest first. */
function farthest(values, count) {
  const found = [];
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (found.length === count && size <= Math.abs(values[found.at(-1)])) continue;
    let place = found.length;
    while (place > 0 && Math.abs(values[found[place - 1]]) < size) place--;
    found.splice(place, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

function denseParts(k, unit) {
  const shape = flattenedShape(k);
  return [make("p", {}, "the largest products of input and weight:"), ranked(contributions(k, unit), (i) => placeText(shape, i), ["input", "product"])];
}

/* input * weight for each input of a unit. */
function contributions(k, unit) {
  const { kernel } = layerOf(k).params;
  const units = kernel.shape[1];
  return state.run[k].inputs[0].data.map((value, i) => value * kernel.data[i * units + unit]);
}

/* Shape of the image that a dense layer's input is, read row by row; null if it is none. */
function flattenedShape(k) {
  let n = model.nodes[k].inputs[0];
  while (["Dropout", "Activation"].includes(layerOf(n).kind)) n = model.nodes[n].inputs[0];
  const shape = layerOf(n).kind === "Flatten" ? model.nodes[model.nodes[n].inputs[0]].shape : null;
  return shape && isImage(shape) ? shape : null;
}

function placeText(shape, i) {
  if (!shape) return `input ${i}`;
  const [, cols, channels] = shape;
  const pixel = Math.floor(i / channels);
  return `row ${Math.floor(pixel / cols)}, col ${pixel % cols}, channel ${i % channels}`;
}

/* Sum, bias, activation. */
function sumTable(k, at) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const bias = layer.params.bias.data[layer.kind === "Dense" ? at : state.channel];
  const rows = [["sum of the products", kept.z.data[at] - bias], ["+ bias", bias]];
  if (layer.activation === "linear") rows.push(["= output", kept.y.data[at]]);
  else rows.push([`= z, before ${layer.activation}`, kept.z.data[at]], [`${layer.activation}(z) = output`, kept.y.data[at]]);
  return table(null, rows);
}

function poolParts(k, at) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const padded = view(kept.padded.shape);
  const real = realTaps(k);
  const [top, left] = [state.row * layer.strides[0], state.col * layer.strides[1]];
  const winner = kept.argmax?.[at];
  const cells = grid("window", ...layer.pool_size, (row, col) =>
    real(row, col) ? { value: kept.padded.data[padded.index(top + row, left + col, state.channel)], kind: row * layer.pool_size[1] + col === winner ? "winner" : null } : null);
  const text = kept.argmax ? "the largest wins (of equal ones the first); backward, it gets the whole gradient" : `the mean of ${kept.counts[state.row * kept.y.shape[1] + state.col]} pixels`;
  return [make("div", { class: "grids" }, cells), make("p", {}, text)];
}

/* What arrives, whether it passes the activation, and what is left. */
function gateTable(k, at) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const dz = state.back.dz[k]?.data[at] ?? 0;
  const dy = state.back.dy[k]?.data[at];
  if (dy === undefined) {
    const place = model.outputs.findIndex((one) => one.node === k);
    const label = state.labels[place]?.data[at];
    return make("div", {}, table(null, [["p", kept.y.data[at]], ["label y", label], [`dz = ${differenceText(place)}`, dz]]),
      make("p", {}, "Cross-entropy's slope (p - y) / (p (1 - p)) times the sigmoid's p (1 - p): the denominator cancels."));
  }
  const rows = [["dy, the gradient that arrives", dy]];
  if (layer.activation === "relu") {
    const open = kept.z.data[at] > 0;
    rows.push(["z, in front of the relu", kept.z.data[at]], ["the gate is", open ? "open: it passes" : state.errors.noReluMask ? "closed, and passed all the same" : "closed: it stops here"]);
  } else if (layer.activation === "sigmoid") rows.push(["times p (1 - p)", kept.y.data[at] * (1 - kept.y.data[at])]);
  return table(null, [...rows, ["dz, what is left", dz]]);
}

/* What the gradient in front of an output's sigmoid is: each of several outputs has its share of the loss. */
function differenceText(place) {
  const { node, weight } = model.outputs[place];
  const share = weight / sizeOf(model.nodes[node].shape);
  return share === 1 ? "p - y" : `(p - y) x ${figure(share)}, its share`;
}

// ----------------------------------------------------------------- an input: who reads it, what returns

function inputParts(k) {
  const [layer, source] = [layerOf(k), sourceNode()];
  const { shape, label } = model.nodes[source];
  const at = view(shape).index(...state.input, state.source);
  const x = state.run[source].y;
  const place = isImage(shape) ? `row ${state.input[0]}, col ${state.input[1]}, channel ${state.source}` : `number ${at}`;
  const dx = state.back.dx[k]?.[sourceBranch()];
  const forwardView = state.view === "forward";
  const heading = make("h3", {}, `${label}, ${place}: ${forwardView ? figure(x.data[at] ?? 0) : `dx = ${figure(dx?.data[at] ?? 0)}`}`);
  if (!windowOf(k)) return [heading, make("p", {}, forwardView ? passText(k, at) : `dx, what ${model.nodes[k].label} hands back for it`)];
  const readers = readersOfPixel(k, ...state.input);
  if (!readers.length) return [heading, make("p", {}, "no window holds this pixel")];
  if (layer.kind === "Conv2D") return [heading, ...(forwardView ? readerParts(k, readers) : returnParts(k, readers))];
  return [heading, poolReaders(k, readers, forwardView)];
}

function passText(k, at) {
  if (layerOf(k).kind !== "Dense") return "passed on to the place of its own";
  const { kernel } = layerOf(k).params;
  const weights = Array.from({ length: kernel.shape[1] }, (_, u) => figure(kernel.data[at * kernel.shape[1] + u], 3));
  return `every unit reads it, with the weights ${weights.slice(0, 8).join(", ")}${weights.length > 8 ? ", ..." : ""}`;
}

/* Forward: the outputs whose windows hold the pixel. */
function readerParts(k, readers) {
  const { kernel } = layerOf(k).params;
  const pixel = state.run[sourceNode()].y.data[view(model.nodes[sourceNode()].shape).index(...state.input, state.source)];
  const rows = readers.slice(0, 25).map(({ row, col, tapRow, tapCol }) => {
    const weight = tapOf(kernel, tapRow, tapCol);
    return [`${row}, ${col}`, `${tapRow}, ${tapCol}`, weight, pixel * weight];
  });
  return [make("p", {}, `${readers.length} window${readers.length > 1 ? "s hold" : " holds"} it; filter ${state.channel}:`), table(["output row, col", "tap", "weight", "pixel x weight"], rows)];
}

const tapOf = (kernel, tapRow, tapCol, f = state.channel) =>
  kernel.data[((tapRow * kernel.shape[1] + tapCol) * kernel.shape[2] + state.source) * kernel.shape[3] + f];

/* Backward: the dz of those outputs, each by the tap that read the pixel. Side by side the taps run
   backward: the kernel is turned by 180 degrees. */
function returnParts(k, readers) {
  const { kernel } = layerOf(k).params;
  const [height, width, , filters] = kernel.shape;
  const dz = state.back.dz[k];
  const { index } = view(dz.shape);
  const gradient = (one, f = state.channel) => dz.data[index(one.row, one.col, f)];
  const used = ({ tapRow, tapCol }) => (state.errors.notFlipped ? [height - 1 - tapRow, width - 1 - tapCol] : [tapRow, tapCol]);
  const at = (row, col) => readers.find((one) => one.tapRow === height - 1 - row && one.tapCol === width - 1 - col);
  const cells = (value) => (row, col) => {
    const one = at(row, col);
    return one ? { value: value(one), title: `output ${one.row}, ${one.col}, tap ${one.tapRow}, ${one.tapCol}`, kind: "product" } : null;
  };
  const sums = Array.from({ length: filters }, (_, f) => readers.reduce((sum, one) => sum + gradient(one, f) * tapOf(kernel, ...used(one), f), 0));
  const total = sums.reduce((sum, value) => sum + value, 0);
  return [
    make("div", { class: "grids" },
      grid("dz", height, width, cells(gradient)),
      grid(state.errors.notFlipped ? "kernel, not turned" : "kernel, turned by 180°", height, width, cells((one) => tapOf(kernel, ...used(one)))),
      grid("products", height, width, cells((one) => gradient(one) * tapOf(kernel, ...used(one))))),
    make("p", {}, `filter ${state.channel} gives ${figure(sums[state.channel])}; by filter:`),
    ranked(sums, String, ["filter", "sum"]),
    table(null, [["dx, the sum over all filters", total]]),
  ];
}

function poolReaders(k, readers, forwardView) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const { index } = view(kept.y.shape);
  const rows = readers.map(({ row, col, tapRow, tapCol }) => {
    const at = index(row, col, state.channel);
    const won = kept.argmax && kept.argmax[at] === tapRow * layer.pool_size[1] + tapCol;
    const share = kept.argmax ? Number(won) : 1 / kept.counts[row * kept.y.shape[1] + col];
    const role = kept.argmax ? (won ? "won" : "lost") : figure(share);
    return [`${row}, ${col}`, role, forwardView ? kept.y.data[at] : share * (state.back.dz[k]?.data[at] ?? 0)];
  });
  return table(["window", kept.argmax ? "in it, the pixel" : "share", forwardView ? "output" : "gradient that returns"], rows);
}

// -------------------------------------------------------------------------------------- in other words

/* What prints the same in Python and on the command line. */
function sameLines() {
  const k = state.node;
  const { shape } = model.nodes[k];
  const { name } = layerOf(k); // of a layer that is used several times, they explain the first use
  const at = isImage(shape) ? [state.row, state.col, state.channel] : [view(shape).index(state.row, state.col)];
  const tuple = (place) => `(${place.join(", ")}${place.length === 1 ? "," : ""})`;
  const source = model.nodes[sourceNode()].shape;
  const input = isImage(source) ? [...state.input, state.source] : [view(source).index(...state.input)];
  const [python, shell] = [JSON.stringify(name), /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`];
  let [call, flags] = [`explain(model, x, ${python}, ${tuple(at)})`, `--layer ${shell} --position ${at.join(",")}`];
  if (state.view !== "forward") {
    const [of, place] = state.pointed === "target" ? ["activation", at] : ["input", input];
    call = `explain_gradient(model, x, y, ${python}, "${of}", ${tuple(place)})`;
    flags = `--layer ${shell} --backward --of ${of} --position ${place.join(",")}`;
  }
  if (layerOf(k).stands_for) return "this layer is the page's own: it stands for what was left out";
  return `print(${call})${page.command ? `\n${page.command} ${flags}` : ""}`;
}
