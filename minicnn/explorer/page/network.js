/* The network strip: one card for each layer, its maps as small pictures, edges between them. */

const SHOWN = 16; // channels of a layer that the strip draws until one asks for all

/* How many layers lie between a node and the inputs: its column. */
const columnOf = [];
model.nodes.forEach(
  (node, k) =>
    (columnOf[k] = node.inputs.length ? 1 + Math.max(...node.inputs.map((n) => columnOf[n])) : 0),
);

function buildStrip() {
  const columns = [];
  model.nodes.forEach((node, k) =>
    (columns[columnOf[k]] ||= make("div", { class: "layer-column" })).append(card(k)),
  );
  const edges = document.createElementNS(SVG, "svg");
  edges.setAttribute("id", "edges");
  edges.setAttribute("aria-hidden", "true");
  fill("strip", edges, ...columns);
}

function card(k, count = SHOWN) {
  const { shape, label } = model.nodes[k];
  const layer = layerOf(k);
  const { channels } = view(shape);
  const maps = Array.from({ length: Math.min(channels, count) }, (_, c) =>
    make(
      "button",
      {
        type: "button",
        class: "thumb",
        "data-node": k,
        "data-channel": c,
        "aria-label": `${label}, channel ${c}`,
        onclick: () => chooseMap(k, c),
      },
      make("canvas", { "aria-hidden": "true" }),
    ),
  );
  return make(
    "article",
    { class: "layer", id: `layer-${k}` },
    make("h3", {}, label),
    make("p", {}, `${layer.class}, ${shape.join("×")}`),
    make("p", {}, cardFacts(layer)),
    make("div", { class: "thumbs" }, ...maps),
    channels > count
      ? make(
          "button",
          { type: "button", onclick: () => showAll(k) },
          `${channels - count} more channels`,
        )
      : null,
  );
}

/* All maps of a layer. */
function showAll(k) {
  $(`layer-${k}`).replaceWith(card(k, Infinity));
  drawStrip();
  drawEdges();
}

/* What a layer has besides its shape. */
function cardFacts(layer) {
  if (layer.stands_for) return `stands for ${layer.stands_for.join(", ")}`;
  const facts = [];
  if (layer.kernel_size) facts.push(`kernel ${layer.kernel_size.join("×")}`);
  if (layer.pool_size) facts.push(`window ${layer.pool_size.join("×")}`);
  if (layer.strides && Math.max(...layer.strides) > 1)
    facts.push(`stride ${layer.strides.join("×")}`);
  if (layer.activation !== "linear") facts.push(layer.activation);
  if (layer.kind === "Dropout") facts.push(`rate ${layer.rate}, drops nothing here`);
  if (layer.count) facts.push(`${layer.count.toLocaleString("en-US")} parameters`);
  return facts.join(", ");
}

function chooseMap(k, c) {
  const source = model.nodes[k].inputs.length ? k : readersOf(k)[0]; // an input is seen by what reads it
  if (source === k) state.channel = c;
  chooseNode(source);
  if (source !== k) state.source = c;
  draw();
}

/* The values that a node's maps show, in this view. */
function shownOutput(k) {
  if (state.view === "forward") return { tensor: state.run[k].y, signed: false };
  if (state.view === "gates" && layerOf(k).activation === "relu")
    return { tensor: gatesOf(k), signed: false };
  const gradient = state.back.dy[k] || state.back.dz[k];
  return { tensor: gradient || zeros(state.run[k].y.shape), signed: true };
}

/* 1 where a relu is open, 0 where it is closed. */
const gatesOf = (k) => ({
  shape: state.run[k].z.shape,
  data: state.run[k].z.data.map((z) => Number(z > 0)),
});

function drawStrip() {
  const shown = model.nodes.map((_, k) => {
    const { tensor, signed } = shownOutput(k);
    return { tensor, signed, largest: signed ? largestOf(tensor.data) : null };
  });
  for (const thumb of document.querySelectorAll(".thumb")) {
    const [k, c] = [Number(thumb.dataset.node), Number(thumb.dataset.channel)];
    paint(thumb.firstChild, shown[k].tensor, c, shown[k]);
    const chosen =
      (k === state.node && c === state.channel) ||
      (model.nodes[state.node].inputs[0] === k && c === state.source);
    thumb.setAttribute("aria-pressed", String(chosen));
  }
  document
    .querySelectorAll(".layer")
    .forEach((box) => box.classList.toggle("chosen", box.id === `layer-${state.node}`));
}

/* A line from each card to those that read it. */
function drawEdges() {
  const strip = $("strip");
  const base = strip.getBoundingClientRect();
  const edges = $("edges");
  edges.setAttribute("width", strip.scrollWidth);
  edges.setAttribute("height", strip.scrollHeight);
  const lines = model.nodes.flatMap((node, k) =>
    node.inputs.map((n) => {
      const [from, to] = [n, k].map((one) => $(`layer-${one}`).getBoundingClientRect());
      const line = document.createElementNS(SVG, "path");
      const [x0, x1] = [from.right, to.left].map((x) => x - base.left + strip.scrollLeft);
      const [y0, y1] = [from, to].map(
        (box) => Math.min(box.top + box.height / 2, box.top + 60) - base.top + strip.scrollTop,
      );
      const middle = (x0 + x1) / 2;
      line.setAttribute("d", `M ${x0} ${y0} C ${middle} ${y0} ${middle} ${y1} ${x1} ${y1}`);
      return line;
    }),
  );
  edges.replaceChildren(...lines);
}
