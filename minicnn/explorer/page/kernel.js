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
    return { rows, cols, count: rows * cols, index: (row, col) => ((row * cols + col) * channels + c) * filters + f, bias: f, c,
      name: (row, col) => `[${row}, ${col}, ${c}, ${f}]` };
  }
  const units = kernel.shape[1];
  const unit = k === state.node ? view(model.nodes[k].shape).index(state.row, state.col) : 0;
  const order = farthest(contributions(k, unit), 9);
  const cols = Math.min(order.length, 3);
  return { rows: Math.ceil(order.length / cols), cols, count: order.length, index: (row, col) => order[row * cols + col] * units + unit, bias: unit,
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
  drawCheck(slice);
  $("preset").disabled = layer.kind !== "Conv2D";
}

/* A table with an element for each weight, made by `cell(row, col)`; made anew only where its size changes, so
   that what has the keyboard keeps it. */
function weightTable(id, slice, cell, update) {
  const size = `${slice.cols} ${slice.count}`;
  if ($(id).dataset.size !== size) {
    const rows = Array.from({ length: slice.rows }, () => make("tr"));
    cells(slice).forEach(([row, col]) => rows[row].append(make("td", {}, cell(row, col))));
    fill(id, make("table", {}, ...rows));
    $(id).dataset.size = size;
  }
  cells(slice).forEach(([row, col], n) => update($(id).querySelectorAll("td > *")[n], row, col));
}

function kernelGrid(slice, kernel) {
  const most = Math.max(...cells(slice).map(([row, col]) => Math.abs(kernel.data[slice.index(row, col)]))) || 1;
  const fixed = Boolean(layerOf(state.kernelNode).stands_for);
  weightTable("kernel-grid", slice,
    (row, col) => make("input", { type: "number", step: "any", onfocus: () => chooseTap(row, col), onchange: (event) => editWeight(row, col, event.target) }),
    (input, row, col) => {
      const value = kernel.data[slice.index(row, col)];
      Object.assign(input, { value: figure(value), readOnly: fixed, style: shade(value / most) });
      input.setAttribute("aria-label", `kernel${slice.name(row, col)}`);
    });
}

const cells = (slice) => Array.from({ length: slice.count }, (_, n) => [Math.floor(n / slice.cols), n % slice.cols]);

function editWeight(row, col, input) {
  const value = Number(input.value);
  if (input.value === "" || !Number.isFinite(value)) return drawKernel();
  setWeights(model.nodes[state.kernelNode].layer, "kernel", [[kernelSlice().index(row, col), value]], "edit");
}

function gradientGrid(slice, gradient) {
  const at = (row, col) => gradient?.data[slice.index(row, col)] ?? 0;
  const most = Math.max(...cells(slice).map(([row, col]) => Math.abs(at(row, col)))) || 1;
  const checked = checkOf(slice);
  weightTable("gradient-grid", slice,
    (row, col) => make("button", { type: "button", onclick: () => chooseTap(row, col) }),
    (button, row, col) => {
      const [value, chosen] = [at(row, col), state.tap[0] === row && state.tap[1] === col];
      const found = checked?.weights.find((one) => one.row === row && one.col === col);
      const mark = !found ? "" : found.wrong ? " ✗" : found.kink ? " ?" : " ✓";
      Object.assign(button, { textContent: figure(value, 3) + mark, style: shade(value / most), className: `${chosen ? "chosen " : ""}${found?.wrong ? "wrong" : ""}` });
      button.setAttribute("aria-pressed", String(chosen));
      button.setAttribute("aria-label", `dkernel${slice.name(row, col)}: ${figure(value)}${found?.wrong ? ", wrong" : ""}`);
    });
}

/* Which weights a slice has; and the last check, if it was of these. */
const keyOf = (slice) => `${state.kernelNode} ${slice.name(0, 0)}`;
const checkOf = (slice) => (state.checked?.key === keyOf(slice) ? state.checked : null);

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
    (Math.abs(total - value) > 1e-9 * largestOf(gradient.data) ? `; ${differs(k, value)}` : "");
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

/* Why a map's sum is not the weight's gradient. */
const differs = (k, value) => usersOf(model.nodes[k].layer).length > 1
  ? `this is the first of the layer's uses, and all together make ${figure(value)}`
  : `the backward pass made ${figure(value)} of it`;

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
    if (state.back !== back || keyOf(kernelSlice()) !== keyOf(slice) || k !== state.kernelNode) return; // something else is shown by now
  }
  state.checked = { key: keyOf(slice), weights: judged(weights), biases: judged(biases), inputs: judged(inputs) };
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

function drawCheck(slice) {
  const checked = checkOf(slice);
  if (!checked) return fill("check-result");
  const { weights, biases, inputs } = checked;
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
  const before = { loss: state.back.loss, p: answer(), weights: copyWeights(), slots: structuredClone(steps.slots), number: steps.number, name: steps.name };
  if (steps.name !== name) Object.assign(steps, { name, number: 0, slots: {} }); // another optimizer starts anew
  const slice = kernelSlice();
  const watched = { layer: model.nodes[state.kernelNode].layer, index: slice.index(...state.tap), name: `kernel${slice.name(...state.tap)}` };
  const weight = () => model.layers[watched.layer].params.kernel.data[watched.index];
  const [old, gradient] = [weight(), state.back.grads[watched.layer].kernel.data[watched.index]];
  steps.number++;
  model.layers.forEach((layer, k) => {
    for (const [param, g] of Object.entries(state.back.grads[k])) {
      if (layer.stands_for || (param === "bias" && !layer.use_bias)) continue;
      OPTIMIZERS[name](layer.params[param], g, (steps.slots[`${k}/${param}`] ||= {}), steps.number, { rate });
    }
  });
  remember("step", () => backOne(before));
  steps.taken.push(before);
  compute();
  const slots = steps.slots[`${watched.layer}/kernel`] || {};
  drawStep(before, { ...watched, old, gradient, new: weight(), slots, rate });
}

function backOne(before) {
  putWeights(before.weights);
  Object.assign(steps, { slots: before.slots, number: before.number, name: before.name });
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
