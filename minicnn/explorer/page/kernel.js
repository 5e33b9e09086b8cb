/* A kernel: its numbers, which can be edited, their gradient, and the map whose sum a weight's gradient is. */

const productMap = new MapView("product-map", "pixel times dz", (row, col) =>
  showProduct(row, col),
);
const PRESETS = {
  identity: (r, c, h, w) => Number(r === h >> 1 && c === w >> 1),
  edge: (r, c, h, w) => (r === h >> 1 && c === w >> 1 ? h * w - 1 : -1) / (h * w),
  blur: (r, c, h, w) => 1 / (h * w),
};

/* The kernel that is shown, as rows and columns: a convolution's for the chosen channel and filter, or a
   dense layer's weights of one unit as far as they fit, the largest first. */
function kernelSlice() {
  const k = state.kernelNode;
  const { kernel } = layerOf(k).params;
  if (layerOf(k).kind === "Conv2D") {
    const [rows, cols, channels, filters] = kernel.shape;
    const [c, f] = [Math.min(state.source, channels - 1), Math.min(state.channel, filters - 1)];
    return {
      rows,
      cols,
      count: rows * cols,
      index: (row, col) => ((row * cols + col) * channels + c) * filters + f,
      bias: f,
      c,
      name: (row, col) => `[${row}, ${col}, ${c}, ${f}]`,
    };
  }
  const units = kernel.shape[1];
  const unit = k === state.node ? view(model.nodes[k].shape).index(state.row, state.col) : 0;
  const order = farthest(contributions(k, unit), 9);
  const cols = Math.min(order.length, 3);
  return {
    rows: Math.ceil(order.length / cols),
    cols,
    count: order.length,
    index: (row, col) => order[row * cols + col] * units + unit,
    bias: unit,
    name: (row, col) => `[${order[row * cols + col]}, ${unit}]`,
    input: (row, col) => order[row * cols + col],
  };
}

function drawKernel() {
  const k = state.kernelNode;
  const shown = k >= 0;
  for (const id of ["kernel", "update"]) $(id).hidden = !shown;
  if (!shown) return;
  const [layer, slice] = [layerOf(k), kernelSlice()];
  const own =
    layer.kind === "Conv2D"
      ? `input channel ${slice.c}, filter ${slice.bias}`
      : `unit ${slice.bias}, the nine inputs that matter most`;
  $("kernel-title").textContent = `The weights of ${model.nodes[k].label}: ${own}`;
  $("kernel-hint").textContent = layer.stands_for
    ? "These stand for layers that were left out."
    : "Each weight's gradient is a sum over the whole image: choose one to see it.";
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
  const most =
    Math.max(...cells(slice).map(([row, col]) => Math.abs(kernel.data[slice.index(row, col)]))) ||
    1;
  const fixed = Boolean(layerOf(state.kernelNode).stands_for);
  weightTable(
    "kernel-grid",
    slice,
    (row, col) =>
      make("input", {
        type: "number",
        step: "any",
        onfocus: () => chooseTap(row, col),
        onchange: (event) => editWeight(row, col, event.target),
      }),
    (input, row, col) => {
      const value = kernel.data[slice.index(row, col)];
      Object.assign(input, { value: figure(value), readOnly: fixed, style: shade(value / most) });
      input.setAttribute("aria-label", `kernel${slice.name(row, col)}`);
    },
  );
}

const cells = (slice) =>
  Array.from({ length: slice.count }, (_, n) => [Math.floor(n / slice.cols), n % slice.cols]);

function editWeight(row, col, input) {
  const value = Number(input.value);
  if (input.value === "" || !Number.isFinite(value)) return drawKernel();
  setWeights(
    model.nodes[state.kernelNode].layer,
    "kernel",
    [[kernelSlice().index(row, col), value]],
    "edit",
  );
}

function gradientGrid(slice, gradient) {
  const at = (row, col) => gradient?.data[slice.index(row, col)] ?? 0;
  const most = Math.max(...cells(slice).map(([row, col]) => Math.abs(at(row, col)))) || 1;
  const checked = checkOf(slice);
  weightTable(
    "gradient-grid",
    slice,
    (row, col) => make("button", { type: "button", onclick: () => chooseTap(row, col) }),
    (button, row, col) => {
      const [value, chosen] = [at(row, col), state.tap[0] === row && state.tap[1] === col];
      const found = checked?.weights.find((one) => one.row === row && one.col === col);
      const mark = !found ? "" : found.wrong ? " ✗" : found.kink ? " ?" : " ✓";
      Object.assign(button, {
        textContent: figure(value, 3) + mark,
        style: shade(value / most),
        className: `${chosen ? "chosen " : ""}${found?.wrong ? "wrong" : ""}`,
      });
      button.setAttribute("aria-pressed", String(chosen));
      button.setAttribute(
        "aria-label",
        `dkernel${slice.name(row, col)}: ${figure(value)}${found?.wrong ? ", wrong" : ""}`,
      );
    },
  );
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
    const [x, dz] = [state.run[k].inputs[0].data[slice.input(row, col)], dzAt(k, slice.bias)];
    $("product-sum").textContent =
      `${name} = x · dz = ${figure(x)} · ${figure(dz)} = ${figure(value)}`;
    return;
  }
  const { products, pixels } = productOf(k, slice, row, col);
  productMap.draw(
    products,
    0,
    { signed: true, largest: largestOf(products.data), behind: pixels },
    `${name}: pixel times dz at every position`,
  );
  $("product-caption").textContent =
    `x · dz at every position, tap ${row}, ${col}; behind it, in gray, x`;
  const total = products.data.reduce((sum, one) => sum + one, 0);
  $("product-sum").textContent =
    `${name} is the sum of this map, over ${products.shape[0]} x ${products.shape[1]} positions: ${figure(total)}` +
    (Math.abs(total - value) > 1e-9 * largestOf(gradient.data) ? `; ${differs(k, value)}` : "");
  const [plus, minus] = [1, -1].map((sign) =>
    products.data.reduce((sum, one) => sum + (sign * one > 0 ? one : 0), 0),
  );
  const width = products.shape[1];
  const rows = farthest(products.data, 3).map((i) => {
    const [r, c] = [Math.floor(i / width), i % width];
    const { pixel, gradient: dz } = factorsAt(k, slice, r, c);
    return [
      make("button", { type: "button", onclick: () => showProduct(r, c) }, `row ${r}, col ${c}`),
      pixel,
      dz,
      products.data[i],
    ];
  });
  fill(
    "product-largest",
    table(["largest", "pixel x", "dz", "x · dz"], rows),
    table(null, [
      ["all that are positive", plus],
      ["all that are negative", minus],
    ]),
  );
  const [best] = farthest(products.data, 1);
  showProduct(Math.floor(best / width), best % width);
}

/* Why a map's sum is not the weight's gradient. */
const differs = (k, value) =>
  usersOf(model.nodes[k].layer).length > 1
    ? `this is one of the layer's uses, and all together make ${figure(value)}`
    : `the broken backward pass says ${figure(value)}`;

/* The pixel that the chosen weight saw at a place, and dz there. */
const factorsAt = (k, slice, row, col) => ({
  pixel: pixelUnder(k, row, col, ...state.tap, slice.c),
  gradient: dzAt(k, view(state.run[k].z.shape).index(row, col, slice.bias)),
});

/* One place of the map taken apart. */
function showProduct(row, col) {
  const { pixel, gradient } = factorsAt(state.kernelNode, kernelSlice(), row, col);
  const [top, left] = windowOf(state.kernelNode, row, col);
  $("product-here").textContent =
    `at output row ${row}, col ${col}, the pixel at row ${top + state.tap[0]}, col ${left + state.tap[1]}: x · dz = ${figure(pixel)} · ${figure(gradient)} = ${figure(pixel * gradient)}`;
  productMap.frame([row, col, 1, 1, "here"]);
}

/* pixel * dz for one tap, as a map of all output positions; and the pixels alone. */
function productOf(k, slice, row, col) {
  const [height, width, filters] = state.run[k].z.shape;
  const products = zeros([height, width, 1]);
  const pixels = products.data.map((_, place) =>
    pixelUnder(k, Math.floor(place / width), place % width, row, col, slice.c),
  );
  products.data.forEach((_, place) => {
    products.data[place] = pixels[place] * dzAt(k, place * filters + slice.bias);
  });
  return { products, pixels };
}

function usePreset() {
  const [slice, values] = [kernelSlice(), PRESETS[$("preset").value]];
  if (!values) return;
  const changes = cells(slice).map(([row, col]) => [
    slice.index(row, col),
    values(row, col, slice.rows, slice.cols),
  ]);
  $("preset").value = "";
  setWeights(model.nodes[state.kernelNode].layer, "kernel", changes, "preset");
}
