/* A kernel: its numbers, their gradient, the check of it, mistakes on purpose, and steps downhill. */

const productMap = new MapView("product-map", "pixel times dz", (row, col) => showProduct(row, col));
const PRESETS = { identity: (r, c, h, w) => Number(r === (h >> 1) && c === (w >> 1)),
  edge: (r, c, h, w) => (r === (h >> 1) && c === (w >> 1) ? h * w - 1 : -1) / (h * w), blur: (r, c, h, w) => 1 / (h * w) };

/* The kernel that is shown, as rows and columns: a convolution's for the chosen channel and filter, or a
   dense layer's weights of one unit as far as they fit, the largest first. */
function kernelSlice() {
  const k = state.kernelNode;
  const { kernel } = layerOf(k).params;
  if (layerOf(k).kind === "Conv2D") {
    const [rows, cols, channels, filters] = kernel.shape;
    const [c, f] = [Math.min(state.source, channels - 1), Math.min(state.channel, filters - 1)];
    return { rows, cols, index: (row, col) => ((row * cols + col) * channels + c) * filters + f, bias: f, c,
      name: (row, col) => `[${row}, ${col}, ${c}, ${f}]` };
  }
  const units = kernel.shape[1];
  const unit = k === state.node ? view(model.nodes[k].shape).index(state.row, state.col) : 0;
  const order = farthest(contributions(k, unit), 9);
  const cols = Math.min(order.length, 3);
  return { rows: Math.ceil(order.length / cols), cols, index: (row, col) => (order[row * cols + col] ?? order[0]) * units + unit, bias: unit,
    name: (row, col) => `[${order[row * cols + col]}, ${unit}]`, input: (row, col) => order[row * cols + col] };
}

function drawKernel() {
  const k = state.kernelNode;
  const shown = k >= 0;
  for (const id of ["kernel", "update"]) $(id).hidden = !shown;
  if (!shown) return;
  const [layer, slice] = [layerOf(k), kernelSlice()];
  const own = layer.kind === "Conv2D" ? `input channel ${slice.c}, filter ${slice.bias}` : `unit ${slice.bias}, the nine inputs that matter most`;
  $("kernel-title").textContent = `The weights of ${model.nodes[k].label}: ${own}`;
  $("kernel-hint").textContent = layer.stands_for ? "These stand for layers that were left out." : "Each weight's gradient is a sum over the whole image: choose one to see it.";
  const { kernel } = layer.params;
  const gradient = state.back.grads[model.nodes[k].layer].kernel;
  kernelGrid(slice, kernel);
  gradientGrid(slice, gradient);
  drawProduct(k, slice, gradient);
  drawCheck();
  $("preset").disabled = layer.kind !== "Conv2D";
}

const cellsOf = (slice, cell) => Array.from({ length: slice.rows }, (_, row) =>
  make("tr", {}, ...Array.from({ length: slice.cols }, (_, col) => make("td", {}, cell(row, col)))));

function kernelGrid(slice, kernel) {
  const most = Math.max(...cells(slice).map(([row, col]) => Math.abs(kernel.data[slice.index(row, col)]))) || 1;
  fill("kernel-grid", make("table", {}, ...cellsOf(slice, (row, col) => {
    const value = kernel.data[slice.index(row, col)];
    return make("input", { type: "number", step: "any", value: figure(value), "aria-label": `kernel${slice.name(row, col)}`, style: shade(value / most),
      onfocus: () => chooseTap(row, col), onchange: (event) => editWeight(slice.index(row, col), event.target) });
  })));
}

const cells = (slice) => Array.from({ length: slice.rows * slice.cols }, (_, n) => [Math.floor(n / slice.cols), n % slice.cols]);

function editWeight(index, input) {
  const value = Number(input.value);
  if (input.value === "" || !Number.isFinite(value)) return drawKernel();
  setWeights(model.nodes[state.kernelNode].layer, "kernel", [[index, value]], "edit");
}

function gradientGrid(slice, gradient) {
  const values = cells(slice).map(([row, col]) => Math.abs(gradient?.data[slice.index(row, col)] ?? 0));
  const most = Math.max(...values) || 1;
  fill("gradient-grid", make("table", {}, ...cellsOf(slice, (row, col) => {
    const value = gradient?.data[slice.index(row, col)] ?? 0;
    const chosen = state.tap[0] === row && state.tap[1] === col;
    const found = state.checked?.weights.find((one) => one.row === row && one.col === col);
    const mark = !found ? "" : found.wrong ? " ✗" : found.kink ? " ?" : " ✓";
    return make("button", { type: "button", class: `${chosen ? "chosen " : ""}${found?.wrong ? "wrong" : ""}`, style: shade(value / most), "aria-pressed": String(chosen),
      "aria-label": `dkernel${slice.name(row, col)}: ${figure(value)}${found?.wrong ? ", wrong" : ""}`, onclick: () => chooseTap(row, col) }, figure(value, 3) + mark);
  })));
}

function chooseTap(row, col) {
  if (state.tap[0] === row && state.tap[1] === col) return;
  state.tap = [row, col];
  const slice = kernelSlice();
  const gradient = state.back.grads[model.nodes[state.kernelNode].layer].kernel;
  gradientGrid(slice, gradient);
  drawProduct(state.kernelNode, slice, gradient);
  drawLoop();
}

/* The map of pixel * dz for the chosen weight; its sum is the weight's gradient. */
function drawProduct(k, slice, gradient) {
  const [row, col] = state.tap;
  const name = `dkernel${slice.name(row, col)}`;
  const value = gradient?.data[slice.index(row, col)] ?? 0;
  $("product-map").parentElement.hidden = layerOf(k).kind !== "Conv2D";
  fill("product-largest");
  fill("product-here");
  if (layerOf(k).kind !== "Conv2D") {
    const [x, dz] = [state.run[k].inputs[0].data[slice.input(row, col)], state.back.dz[k]?.data[slice.bias] ?? 0];
    $("product-sum").textContent = `${name} = x · dz = ${figure(x)} · ${figure(dz)} = ${figure(value)}`;
    return;
  }
  const products = productOf(k, slice, row, col);
  productMap.draw(products, 0, { signed: true, largest: largestOf(products.data) }, `${name}: pixel times dz at every position`);
  $("product-caption").textContent = `x · dz at every position, tap ${row}, ${col}`;
  const total = products.data.reduce((sum, one) => sum + one, 0);
  $("product-sum").textContent = `${name} is the sum of this map, over ${products.shape[0]} x ${products.shape[1]} positions: ${figure(total)}` +
    (Math.abs(total - value) > 1e-9 * largestOf(gradient.data) ? `; the backward pass made ${figure(value)} of it` : "");
  const [plus, minus] = [1, -1].map((sign) => products.data.reduce((sum, one) => sum + (sign * one > 0 ? one : 0), 0));
  const width = products.shape[1];
  const rows = farthest(products.data, 3).map((i) => {
    const [r, c] = [Math.floor(i / width), i % width];
    const { pixel, gradient: dz } = factorsAt(k, slice, r, c);
    return [make("button", { type: "button", onclick: () => showProduct(r, c) }, `row ${r}, col ${c}`), pixel, dz, products.data[i]];
  });
  fill("product-largest", table(["largest", "pixel x", "dz", "x · dz"], rows), table(null, [["all that are positive", plus], ["all that are negative", minus]]));
  showProduct(...[Math.floor(farthest(products.data, 1)[0] / width), farthest(products.data, 1)[0] % width]);
}

/* The pixel that the chosen weight saw at a place, and dz there. */
function factorsAt(k, slice, row, col) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const [tapRow, tapCol] = state.tap;
  const pixel = kept.padded.data[view(kept.padded.shape).index(row * layer.strides[0] + tapRow, col * layer.strides[1] + tapCol, slice.c)];
  return { pixel, gradient: state.back.dz[k]?.data[view(kept.z.shape).index(row, col, slice.bias)] ?? 0 };
}

/* One place of the map taken apart. */
function showProduct(row, col) {
  const { pixel, gradient } = factorsAt(state.kernelNode, kernelSlice(), row, col);
  $("product-here").textContent = `at row ${row}, col ${col}: x · dz = ${figure(pixel)} · ${figure(gradient)} = ${figure(pixel * gradient)}`;
  productMap.frame([row, col, 1, 1, "here"]);
}

/* pixel * dz for one tap, as a map of all output positions. */
function productOf(k, slice, row, col) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const dz = state.back.dz[k] || zeros(kept.z.shape);
  const [height, width, filters] = dz.shape;
  const { index } = view(kept.padded.shape);
  const products = zeros([height, width, 1]);
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const pixel = kept.padded.data[index(r * layer.strides[0] + row, c * layer.strides[1] + col, slice.c)];
      products.data[r * width + c] = pixel * dz.data[(r * width + c) * filters + slice.bias];
    }
  return products;
}

function usePreset() {
  const [slice, values] = [kernelSlice(), PRESETS[$("preset").value]];
  if (!values) return;
  const changes = cells(slice).map(([row, col]) => [slice.index(row, col), values(row, col, slice.rows, slice.cols)]);
  $("preset").value = "";
  setWeights(model.nodes[state.kernelNode].layer, "kernel", changes, "preset");
}

// ------------------------------------------------------------------------------------------ the check

const TOLERANCE = 1e-3; // of the largest gradient beside it

/* Backward's numbers beside (L+ - L-) / 2 eps: of the weights shown, of the bias, and of the pixels under
   the window that is shown. One after the other, so that the page stays alive. */
async function check() {
  const k = state.kernelNode;
  const [slice, number, back] = [kernelSlice(), model.nodes[k].layer, state.back];
  const { kernel, bias } = back.grads[number];
  const weight = (name, param, index) => ({ name, backward: param.data[index], measure: () => numericOfWeight(model, state.run, state.labels, back.loss, number, param === bias ? "bias" : "kernel", index) });
  const weights = cells(slice).map(([row, col]) => ({ row, col, ...weight(`dkernel${slice.name(row, col)}`, kernel, slice.index(row, col)) }));
  const biases = layerOf(k).use_bias ? [weight(`dbias[${slice.bias}]`, bias, slice.bias)] : [];
  const inputs = checkedInputs(k).map(([name, index]) => ({ name, backward: back.dx[k][0].data[index], measure: () => numericOfInput(model, state.run, state.labels, back.loss, k, index) }));
  const all = [...weights, ...biases, ...inputs];
  for (const [n, one] of all.entries()) {
    Object.assign(one, one.measure());
    fill("check-result", make("p", {}, `${n + 1} of ${all.length} ...`));
    await new Promise((resolve) => setTimeout(resolve));
    if (state.back !== back) return; // something else is shown by now
  }
  state.checked = { weights: judged(weights), biases: judged(biases), inputs: judged(inputs) };
  drawKernel();
}

/* [name, index] of the inputs to check: the pixels of the window that is chosen, or those that matter. */
function checkedInputs(k) {
  const shape = model.nodes[model.nodes[k].inputs[0]].shape;
  const slice = kernelSlice();
  if (!isImage(shape)) return cells(slice).map(([row, col]) => slice.input(row, col)).filter((i) => i !== undefined).map((i) => [`dx[${i}]`, i]);
  const place = k === state.node ? [state.row, state.col] : strongest(k);
  const [top, left, height, width] = windowOf(k, ...place);
  const { index } = view(shape);
  const found = [];
  for (let row = Math.max(top, 0); row < Math.min(top + height, shape[0]); row++)
    for (let col = Math.max(left, 0); col < Math.min(left + width, shape[1]); col++) found.push([`dx[${row}, ${col}, ${slice.c}]`, index(row, col, slice.c)]);
  return found;
}

/* The position whose dz is farthest from 0: there something flows. */
function strongest(k) {
  const dz = state.back.dz[k];
  const best = dz.data.reduce((most, value, i) => (Math.abs(value) > Math.abs(dz.data[most]) ? i : most), 0);
  const position = Math.floor(best / dz.shape[2]);
  return [Math.floor(position / dz.shape[1]), position % dz.shape[1]];
}

/* Which of them are wrong. Where the slopes to the left and to the right differ, a relu or a maximum has
   its kink: there is no single slope to compare with. */
function judged(found) {
  const allowed = TOLERANCE * Math.max(...found.map((one) => Math.max(Math.abs(one.numeric), Math.abs(one.backward))), 1e-12);
  return found.map((one) => ({ ...one, kink: Math.abs(one.right - one.left) > allowed, off: Math.abs(one.backward - one.numeric) > allowed }))
    .map((one) => ({ ...one, wrong: one.off && !one.kink }));
}

function drawCheck() {
  if (!state.checked) return fill("check-result");
  const { weights, biases, inputs } = state.checked;
  const all = [...weights, ...biases, ...inputs];
  const wrong = all.filter((one) => one.wrong);
  const kinks = all.filter((one) => one.kink);
  const verdict = wrong.length
    ? make("p", { class: "verdict bad" }, `✗ ${wrong.length} of ${all.length} gradients are wrong: ${weights.filter((one) => one.wrong).length} of the weights (marked), ${inputs.filter((one) => one.wrong).length} of the inputs. A step with a wrong gradient may still lower the loss: only the check shows it.`)
    : make("p", { class: "verdict good" }, `✓ all ${all.length} gradients agree: ${weights.length + biases.length} of weights, ${inputs.length} of inputs`);
  const rows = all.map((one) => [one.name, one.backward, one.numeric, one.wrong ? "✗ wrong" : one.kink ? "? on a kink" : "✓"]);
  const list = table(["number", "backward", "(L+ - L-) / 2 eps", ""], rows);
  all.forEach((one, n) => one.wrong && list.rows[n + 1].classList.add("wrong"));
  const kinkNote = kinks.length ? make("p", { class: "hint" }, `${kinks.length} lie on a kink of a relu or a maximum: left and right of it the loss has two slopes, and none is right.`) : null;
  fill("check-result", verdict, kinkNote, make("details", {}, make("summary", {}, "each number"), list));
}

// ------------------------------------------------------------------------------------------- one step

const steps = { number: 0, slots: {}, taken: [] };

function takeStep() {
  const [name, rate] = [$("optimizer").value, Number($("rate").value)];
  if (!(rate > 0)) return fill("step-result", make("p", { class: "hint" }, "The learning rate has to be above 0."));
  if (steps.name !== name) Object.assign(steps, { name, number: 0, slots: {} }); // another optimizer starts anew
  const before = { loss: state.back.loss, p: answer(), params: model.layers.map(copyParams), slots: structuredClone(steps.slots), number: steps.number };
  const slice = kernelSlice();
  const watched = { layer: model.nodes[state.kernelNode].layer, index: slice.index(...state.tap), name: `kernel${slice.name(...state.tap)}` };
  const weight = () => model.layers[watched.layer].params.kernel.data[watched.index];
  const [old, gradient] = [weight(), state.back.grads[watched.layer].kernel.data[watched.index]];
  steps.number++;
  model.layers.forEach((layer, k) => {
    for (const [param, g] of Object.entries(state.back.grads[k])) {
      if (param === "bias" && !layer.use_bias) continue;
      OPTIMIZERS[name](layer.params[param], g, (steps.slots[`${k}/${param}`] ||= {}), steps.number, { rate });
    }
  });
  remember("step", () => backOne(before));
  steps.taken.push(before);
  compute();
  const slots = steps.slots[`${watched.layer}/kernel`];
  drawStep(before, { ...watched, old, gradient, new: weight(), slots, rate });
}

const copyParams = (layer) => Object.fromEntries(Object.entries(layer.params).map(([name, param]) => [name, copyOf(param)]));

function backOne(before) {
  model.layers.forEach((layer, k) => Object.assign(layer.params, before.params[k]));
  Object.assign(steps, { slots: before.slots, number: before.number });
  steps.taken.pop();
  fill("step-result", make("p", { class: "hint" }, `Back: loss ${figure(before.loss)}.`));
}

/* Why a weight went where it went. */
function reasonOf({ old, new: now, gradient }) {
  if (now === old) return "stays: its gradient is 0, the loss does not depend on it here.";
  const [way, sign, effect] = gradient > 0 ? ["down", "positive", "more"] : ["up", "negative", "less"];
  if (now < old !== gradient > 0) return `went ${now < old ? "down" : "up"}, where Adam's mean of earlier gradients still points.`;
  return `went ${way}: its gradient is ${sign}, so a larger weight would mean ${effect} loss.`;
}

function drawStep(before, one) {
  const count = model.layers.reduce((sum, layer) => sum + layer.count, 0).toLocaleString("en-US");
  const [old, g, now] = [one.old, one.gradient, one.new].map((value) => figure(value));
  const { mean, variance } = one.slots;
  const formula = mean
    ? `${old} - size x mean / (root of mean square + 1e-7) = ${now}, with mean ${figure(mean[one.index])}, mean square ${figure(variance[one.index])}`
    : `${old} - ${one.rate} x ${g} = ${now}`;
  fill("step-result",
    table(["", "before", "after"], [["loss", before.loss, state.back.loss], [`p${page.classes ? `(${page.classes[1]})` : ""}`, before.p, answer()]]),
    make("p", {}, `All ${count} weights moved at once, each against its gradient. One of them: ${one.name} ${reasonOf(one)}`),
    table(null, [["weight before", one.old], ["gradient before", one.gradient], ["weight after", one.new], ["difference", one.new - one.old]]),
    make("p", { class: "numbers" }, `weight after = ${formula}`));
}
