/* An output taken apart: forward its window, products and sum; backward what arrives and what passes. */

function outputParts(k) {
  const [layer, kept, { shape, label }] = [layerOf(k), state.run[k], model.nodes[k]];
  const at = view(shape).index(state.row, state.col, state.channel);
  const place = isImage(shape)
    ? `row ${state.row}, col ${state.col}, channel ${state.channel}`
    : `unit ${at}`;
  const number = state.view === "forward" ? figure(kept.y.data[at]) : `dz = ${figure(dzAt(k, at))}`;
  const heading = make("h3", {}, `${label}, ${place}: ${number}`);
  if (state.view !== "forward") return [heading, gateTable(k, at)];
  if (layer.kind === "Conv2D") return [heading, ...convParts(k), sumTable(k, at)];
  if (layer.kind === "Dense") return [heading, ...denseParts(k, at), sumTable(k, at)];
  if (kept.slide) return [heading, ...poolParts(k, at)];
  if (layer.kind === "GlobalMaxPooling2D")
    return [
      heading,
      make("p", {}, `the largest of the channel; ${kept.winners[at]} pixel(s) have it`),
    ];
  if (layer.kind === "GlobalAveragePooling2D")
    return [
      heading,
      make(
        "p",
        {},
        `the mean of the channel's ${kept.inputs[0].data.length / kept.inputs[0].shape[2]} pixels`,
      ),
    ];
  const notes = {
    Flatten: "the same number, in one long row",
    Dropout: "passed on: dropout drops in training only",
    Concatenate: `from ${model.nodes[sourceNode()].label}`,
  };
  const text =
    layer.activation !== "linear"
      ? `${layer.activation} of ${figure(kept.z.data[at])}`
      : notes[layer.kind] || "passed on";
  return [heading, make("p", {}, text)];
}

/* Window, kernel and products of the chosen input channel. */
function convParts(k) {
  const { kernel } = layerOf(k).params;
  const [height, width, channels] = kernel.shape;
  const real = realTaps(k);
  const pixel = (row, col, c = state.source) => pixelUnder(k, state.row, state.col, row, col, c);
  const weight = (row, col, c = state.source) => weightOf(kernel, row, col, c, state.channel);
  const parts = [
    grid("window", height, width, (row, col) =>
      real(row, col) ? { value: pixel(row, col) } : null,
    ),
    grid("kernel", height, width, (row, col) => ({ value: weight(row, col) })),
    grid("products", height, width, (row, col) =>
      real(row, col) ? { value: pixel(row, col) * weight(row, col), kind: "product" } : null,
    ),
  ];
  const sums = Array.from({ length: channels }, (_, c) => {
    let total = 0;
    for (let row = 0; row < height; row++)
      for (let col = 0; col < width; col++) total += pixel(row, col, c) * weight(row, col, c);
    return total;
  });
  if (channels === 1) return [make("div", { class: "grids" }, ...parts)];
  return [
    make("div", { class: "grids" }, ...parts),
    make("p", {}, "sums of the products, by input channel:"),
    ranked(sums, String, ["channel", "sum"]),
  ];
}

/* Whether a tap of the chosen window lies on a real pixel, not in the padding. */
function realTaps(k) {
  const [top, left] = windowOf(k);
  const [height, width] = state.run[k].inputs[0].shape;
  return (row, col) =>
    top + row >= 0 && left + col >= 0 && top + row < height && left + col < width;
}

const LARGEST = 5; // rows of a ranking

/* The numbers farthest from 0, farthest first, and the sum of the others; `nameOf(index)`. */
function ranked(values, nameOf, head, count = LARGEST) {
  const shown = farthest(values, count);
  const rows = shown.map((i) => [nameOf(i), values[i]]);
  const rest =
    values.reduce((sum, value) => sum + value, 0) - shown.reduce((sum, i) => sum + values[i], 0);
  const rounding = 1e-12 * shown.reduce((sum, i) => sum + Math.abs(values[i]), 0);
  if (values.length > count)
    rows.push([`${values.length - count} more`, Math.abs(rest) > rounding ? rest : 0]);
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
  return [
    make("p", {}, "the largest products of input and weight:"),
    ranked(contributions(k, unit), (i) => placeText(shape, i), ["input", "product"]),
  ];
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
  const rows = [
    ["sum of the products", kept.z.data[at] - bias],
    ["+ bias", bias],
  ];
  if (layer.activation === "linear") rows.push(["= output", kept.y.data[at]]);
  else
    rows.push(
      [`= z, before ${layer.activation}`, kept.z.data[at]],
      [`${layer.activation}(z) = output`, kept.y.data[at]],
    );
  return table(null, rows);
}

function poolParts(k, at) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const real = realTaps(k);
  const winner = kept.argmax?.[at];
  const cells = grid("window", ...layer.pool_size, (row, col) =>
    real(row, col)
      ? {
          value: pixelUnder(k, state.row, state.col, row, col, state.channel),
          kind: row * layer.pool_size[1] + col === winner ? "winner" : null,
        }
      : null,
  );
  const text = kept.argmax
    ? "the largest wins (of equal ones the first); backward, it gets the whole gradient"
    : `the mean of ${kept.counts[state.row * kept.y.shape[1] + state.col]} pixels`;
  return [make("div", { class: "grids" }, cells), make("p", {}, text)];
}

/* What arrives, whether it passes the activation, and what is left. */
function gateTable(k, at) {
  const [layer, kept] = [layerOf(k), state.run[k]];
  const dz = dzAt(k, at);
  const dy = state.back.dy[k]?.data[at];
  if (dy === undefined) {
    const place = model.outputs.findIndex((one) => one.node === k);
    const label = state.labels[place]?.data[at];
    return make(
      "div",
      {},
      table(null, [
        ["p", kept.y.data[at]],
        ["label y", label],
        [`dz = ${differenceText(place)}`, dz],
      ]),
      make(
        "p",
        {},
        "Cross-entropy's slope (p - y) / (p (1 - p)) times the sigmoid's p (1 - p): the denominator cancels.",
      ),
    );
  }
  const rows = [["dy, the gradient that arrives", dy]];
  if (layer.activation === "relu") {
    const open = kept.z.data[at] > 0;
    rows.push(
      ["z, in front of the relu", kept.z.data[at]],
      [
        "the gate is",
        open
          ? "open: it passes"
          : state.errors.noReluMask
            ? "closed, and passed all the same"
            : "closed: it stops here",
      ],
    );
  } else if (layer.activation === "sigmoid")
    rows.push(["times p (1 - p)", kept.y.data[at] * (1 - kept.y.data[at])]);
  return table(null, [...rows, ["dz, what is left", dz]]);
}

/* What the gradient in front of an output's sigmoid is: each of several outputs has its share of the loss. */
function differenceText(place) {
  const { node, weight } = model.outputs[place];
  const share = weight / sizeOf(model.nodes[node].shape);
  return share === 1 ? "p - y" : `(p - y) x ${figure(share)}, its share`;
}
