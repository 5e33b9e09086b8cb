/* What the page holds, and what is chosen; every change ends in `compute` or in `draw`. */

const page = JSON.parse($("page-data").textContent);

/* base64 of numbers of 32 or 64 bits -> a tensor */
function unpack({ shape, bits, values }) {
  const bytes = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
  const numbers = bits === 64 ? new Float64Array(bytes.buffer) : new Float32Array(bytes.buffer);
  return { shape, data: Float64Array.from(numbers) };
}

const model = page.model;
for (const layer of model.layers)
  for (const name of Object.keys(layer.params)) layer.params[name] = unpack(layer.params[name]);
for (const sample of page.samples) {
  sample.inputs = sample.inputs.map(unpack);
  sample.labels = sample.labels.map(unpack);
  for (const params of Object.values(sample.weights))
    for (const name of Object.keys(params)) params[name] = unpack(params[name]);
}

const copyOf = (tensor) => ({ shape: tensor.shape, data: tensor.data.slice() });
const layerOf = (k) => model.layers[model.nodes[k].layer];
const readersOf = (k) => model.nodes.flatMap((node, n) => (node.inputs.includes(k) ? [n] : []));
const hasKernel = (k) => "kernel" in layerOf(k).params;
// What is shown first: a convolution whose window has more than one pixel, if there is one.
const firstNode =
  [2, 1]
    .map((least) =>
      model.nodes.findIndex(
        (node, k) => layerOf(k).kind === "Conv2D" && Math.max(...layerOf(k).kernel_size) >= least,
      ),
    )
    .find((k) => k >= 0) ?? -1;

const state = {
  sample: 0,
  inputs: [],
  labels: [],
  run: [], // of the weights and inputs as they are now
  back: null,
  before: null, // {loss, p} of the sample as the page came
  node: firstNode >= 0 ? firstNode : model.nodes.findIndex((node) => node.inputs.length),
  row: 0,
  col: 0,
  channel: 0, // of the node's output
  source: 0, // channel of its input
  pointed: "target", // the map that was pointed at last
  input: [0, 0], // the pixel of the input that was pointed at
  kernelNode: -1, // the layer whose kernel is shown
  tap: [0, 0],
  view: "forward",
  errors: {},
  checked: null,
  image: "", // what was done to it
  undo: [],
};

const copyParams = (params) =>
  Object.fromEntries(Object.entries(params).map(([name, param]) => [name, copyOf(param)]));
const copyWeights = () => model.layers.map(({ params }) => copyParams(params));
const original = copyWeights(); // as they are in the model's file

/* Weights back to what they were. Those of layers that stand for others come with the sample, and
   nothing else changes them. */
function putWeights(kept) {
  model.layers.forEach((layer, k) => {
    if (!layer.stands_for) Object.assign(layer.params, kept[k]);
  });
}

const restoreWeights = () => putWeights(original.map(copyParams));

/* Take a sample and run it. */
function takeSample(number) {
  state.sample = number;
  const sample = page.samples[number];
  state.inputs = sample.inputs.map(copyOf);
  state.labels = sample.labels.map(copyOf);
  for (const [k, params] of Object.entries(sample.weights))
    Object.assign(model.layers[k].params, params);
  state.run = forward(model, state.inputs);
  state.back = backward(model, state.run, state.labels, state.errors);
  state.before = sample.before ||= asItCame();
}

/* {loss, p} of the chosen sample with the model's own weights. */
function asItCame() {
  if (!state.undo.length) return { loss: state.back.loss, p: answer() };
  const kept = copyWeights();
  restoreWeights();
  const run = forward(model, state.inputs);
  putWeights(kept);
  return { loss: lossOf(model, run, state.labels).loss, p: answerOf(run) };
}

/* What was done to another sample's image cannot be undone any more; it begins anew, too. */
function chooseSample(number) {
  state.undo = state.undo.filter((one) => one.what !== "image");
  state.image = "";
  takeSample(number);
  state.checked = null;
  fill("step-result"); // a step was of the other sample
  draw();
}

/* Whether the backward pass has a planted error. */
const isBroken = () => Object.values(state.errors).some(Boolean);

/* Whether anything is not as the page came, but for the view. */
const isChanged = () =>
  state.undo.length > 0 ||
  isBroken() ||
  state.labels.some(({ data }, n) =>
    data.some((y, i) => y !== page.samples[state.sample].labels[n].data[i]),
  );

/* The first number that the model gives out. */
const answerOf = (run) => run[model.outputs[0].node].y.data[0];
const answer = () => answerOf(state.run);

/* Forward and backward with what there is now; then everything is drawn anew. `from`: nodes whose
   weights alone have changed. */
function compute(from = null) {
  state.run = from ? rerun(model, state.run, from) : forward(model, state.inputs);
  state.back = backward(model, state.run, state.labels, state.errors);
  state.checked = null;
  draw();
}

const usersOf = (layerNumber) =>
  model.nodes.flatMap((node, k) => (node.layer === layerNumber ? [k] : []));

/* Remember how to go back one step. */
function remember(what, restore) {
  state.undo.push({ what, restore });
  if (state.undo.length > 50) state.undo.shift();
}

function undo() {
  const last = state.undo.pop();
  if (last) last.restore();
  compute();
}

/* Set some numbers of a parameter: [[index, value], ...]. */
function setWeights(layerNumber, name, changes, what) {
  const { data } = model.layers[layerNumber].params[name];
  const old = changes.map(([index]) => [index, data[index]]);
  remember(what, () =>
    old.forEach(([index, value]) => (model.layers[layerNumber].params[name].data[index] = value)),
  );
  for (const [index, value] of changes) data[index] = value;
  compute(usersOf(layerNumber));
}

// ------------------------------------------------------------------------------------- what is chosen

/* The place of the channel that is most worth a look: the largest output, or backward the largest |dz|. */
function choosePlace(k) {
  const values = (state.view !== "forward" && state.back?.dz[k]) || state.run[k].y;
  const { rows, cols, index } = view(values.shape);
  let best = -Infinity;
  [state.row, state.col] = [0, 0];
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) {
      const value = values.data[index(row, col, state.channel)];
      const size = state.view === "forward" ? value : Math.abs(value);
      if (size > best) [best, state.row, state.col] = [size, row, col];
    }
}

/* Forward, backward or gates; where nothing flows back through the chosen place, another one. */
function chooseView(name) {
  state.view = name;
  const { index } = view(model.nodes[state.node].shape);
  if (
    name !== "forward" &&
    !state.back.dz[state.node]?.data[index(state.row, state.col, state.channel)]
  )
    choosePlace(state.node);
  state.pointed = "target";
}

/* Another layer, at a position or at the place most worth a look. */
function chooseNode(k, position = null) {
  state.node = k;
  const { y } = state.run[k];
  const { channels } = view(y.shape);
  if (position) [state.row, state.col, state.channel] = position;
  else {
    state.channel = Math.min(state.channel, channels - 1);
    choosePlace(k);
  }
  state.source = Math.min(state.source, inputView(k)?.channels - 1 || 0);
  state.pointed = "target";
  if (hasKernel(k)) chooseKernel(k);
  state.input = windowOf(k)
    ?.slice(0, 2)
    .map((n) => Math.max(n, 0)) ?? [state.row, state.col];
}

function chooseKernel(k) {
  if (k === state.kernelNode) return;
  state.kernelNode = k;
  state.tap = [0, 0];
  state.checked = null;
}

const inputView = (k) =>
  model.nodes[k].inputs.length ? view(state.run[model.nodes[k].inputs[0]].y.shape) : null;

/* The window [row, col, height, width] that an output of a sliding layer sees, in the input's pixels;
   negative in the padding. null for other layers. */
function windowOf(k, row = state.row, col = state.col) {
  const layer = layerOf(k);
  const span = layer.kernel_size || layer.pool_size;
  const [rows, cols] = state.run[k].slide || [];
  return rows
    ? [row * layer.strides[0] - rows.before, col * layer.strides[1] - cols.before, ...span]
    : null;
}

/* The pixel of a sliding layer's padded input under a tap of an output's window. */
function pixelUnder(k, row, col, tapRow, tapCol, c) {
  const [{ strides }, { padded }] = [layerOf(k), state.run[k]];
  const [, width, channels] = padded.shape;
  const [inRow, inCol] = [row * strides[0] + tapRow, col * strides[1] + tapCol];
  return padded.data[(inRow * width + inCol) * channels + c];
}

/* One weight of a convolution's kernel. */
const weightOf = ({ shape, data }, tapRow, tapCol, c, f) =>
  data[((tapRow * shape[1] + tapCol) * shape[2] + c) * shape[3] + f];

/* The gradient in front of a node's activation; 0 where none comes back. */
const dzAt = (k, index) => state.back.dz[k]?.data[index] ?? 0;

/* The outputs of a sliding layer whose windows hold an input pixel, with the tap it has in each. */
function readersOfPixel(k, inRow, inCol) {
  const { shape } = model.nodes[k];
  const found = [];
  const [top, left, height, width] = windowOf(k, 0, 0);
  const { strides } = layerOf(k);
  for (let tapRow = height - 1; tapRow >= 0; tapRow--)
    for (let tapCol = width - 1; tapCol >= 0; tapCol--) {
      const [row, col] = [
        (inRow - top - tapRow) / strides[0],
        (inCol - left - tapCol) / strides[1],
      ];
      const inside = row >= 0 && col >= 0 && row < shape[0] && col < shape[1];
      if (inside && Number.isInteger(row) && Number.isInteger(col))
        found.push({ row, col, tapRow, tapCol });
    }
  return found;
}

/* A place inside of a map; of a vector, which may not fill its last row, one that there is. */
function inside(shape, row, col) {
  const { rows, cols } = view(shape);
  const [r, c] = [Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(col, 0), cols - 1)];
  return isImage(shape) || r * cols + c < sizeOf(shape)
    ? [r, c]
    : [rows - 1, sizeOf(shape) - 1 - (rows - 1) * cols];
}

/* #conv2d/70/40/2, or #dense/1 for a unit. */
function link() {
  const { shape, label } = model.nodes[state.node];
  const { index } = view(shape);
  const place = isImage(shape)
    ? [state.row, state.col, state.channel]
    : [index(state.row, state.col)];
  return `#${[encodeURIComponent(label), ...place].join("/")}`;
}

/* Choose what a link names; false where it names nothing here. */
function follow(hash) {
  const [name, ...numbers] = hash.slice(1).split("/");
  const k = model.nodes.findIndex(
    (node) =>
      encodeURIComponent(node.label) === encodeURIComponent(decoded(name)) && node.inputs.length,
  );
  if (k < 0) return false;
  const { shape } = model.nodes[k];
  const { cols, channels } = view(shape);
  const place = numbers.map(Number);
  const [row, col, channel] = isImage(shape)
    ? place
    : [Math.floor(place[0] / cols), place[0] % cols, 0];
  const whole = [row, col, channel].every(Number.isInteger);
  const fits =
    whole &&
    inside(shape, row, col).join() === [row, col].join() &&
    channel >= 0 &&
    channel < channels;
  chooseNode(k, fits ? [row, col, channel] : null);
  return true;
}

function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name; // not as a page writes it
  }
}
