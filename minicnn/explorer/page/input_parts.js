/* An input taken apart: forward who reads it, and by which weight; backward what each of them sends back. */

function inputParts(k) {
  const [layer, source] = [layerOf(k), sourceNode()];
  const { shape, label } = model.nodes[source];
  const at = view(shape).index(...state.input, state.source);
  const x = state.run[source].y;
  const place = isImage(shape)
    ? `row ${state.input[0]}, col ${state.input[1]}, channel ${state.source}`
    : `number ${at}`;
  const dx = state.back.dx[k]?.[sourceBranch()];
  const forwardView = state.view === "forward";
  const heading = make(
    "h3",
    {},
    `${label}, ${place}: ${forwardView ? figure(x.data[at] ?? 0) : `dx = ${figure(dx?.data[at] ?? 0)}`}`,
  );
  if (!windowOf(k))
    return [
      heading,
      make(
        "p",
        {},
        forwardView ? passText(k, at) : `dx, what ${model.nodes[k].label} hands back for it`,
      ),
    ];
  const readers = readersOfPixel(k, ...state.input);
  if (!readers.length) return [heading, make("p", {}, "no window holds this pixel")];
  if (layer.kind === "Conv2D")
    return [heading, ...(forwardView ? readerParts(k, readers) : returnParts(k, readers))];
  return [heading, poolReaders(k, readers, forwardView)];
}

function passText(k, at) {
  if (layerOf(k).kind !== "Dense") return "passed on to the place of its own";
  const { kernel } = layerOf(k).params;
  const weights = Array.from({ length: kernel.shape[1] }, (_, u) =>
    figure(kernel.data[at * kernel.shape[1] + u], 3),
  );
  return `every unit reads it, with the weights ${weights.slice(0, 8).join(", ")}${weights.length > 8 ? ", ..." : ""}`;
}

/* Forward: the outputs whose windows hold the pixel. */
function readerParts(k, readers) {
  const { kernel } = layerOf(k).params;
  const pixel =
    state.run[sourceNode()].y.data[
      view(model.nodes[sourceNode()].shape).index(...state.input, state.source)
    ];
  const rows = readers.map(({ row, col, tapRow, tapCol }) => {
    const weight = tapOf(kernel, tapRow, tapCol);
    return [`${row}, ${col}`, `${tapRow}, ${tapCol}`, weight, pixel * weight];
  });
  return [
    make(
      "p",
      {},
      `${readers.length} window${readers.length > 1 ? "s hold" : " holds"} it; filter ${state.channel}:`,
    ),
    table(["output row, col", "tap", "weight", "pixel x weight"], rows),
  ];
}

const tapOf = (kernel, tapRow, tapCol, f = state.channel) =>
  weightOf(kernel, tapRow, tapCol, state.source, f);

/* Backward: the dz of those outputs, each by the tap that read the pixel. Side by side the taps run
   backward: the kernel is turned by 180 degrees. */
function returnParts(k, readers) {
  const { kernel } = layerOf(k).params;
  const [height, width, , filters] = kernel.shape;
  const dz = state.back.dz[k];
  const { index } = view(dz.shape);
  const gradient = (one, f = state.channel) => dz.data[index(one.row, one.col, f)];
  const used = ({ tapRow, tapCol }) =>
    state.errors.notFlipped ? [height - 1 - tapRow, width - 1 - tapCol] : [tapRow, tapCol];
  const at = (row, col) =>
    readers.find((one) => one.tapRow === height - 1 - row && one.tapCol === width - 1 - col);
  const cells = (value) => (row, col) => {
    const one = at(row, col);
    return one
      ? {
          value: value(one),
          title: `output ${one.row}, ${one.col}, tap ${one.tapRow}, ${one.tapCol}`,
          kind: "product",
        }
      : null;
  };
  const sums = Array.from({ length: filters }, (_, f) =>
    readers.reduce((sum, one) => sum + gradient(one, f) * tapOf(kernel, ...used(one), f), 0),
  );
  const total = sums.reduce((sum, value) => sum + value, 0);
  return [
    make(
      "div",
      { class: "grids" },
      grid("dz", height, width, cells(gradient)),
      grid(
        state.errors.notFlipped ? "kernel, not turned" : "kernel, turned by 180°",
        height,
        width,
        cells((one) => tapOf(kernel, ...used(one))),
      ),
      grid(
        "products",
        height,
        width,
        cells((one) => gradient(one) * tapOf(kernel, ...used(one))),
      ),
    ),
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
    return [`${row}, ${col}`, role, forwardView ? kept.y.data[at] : share * dzAt(k, at)];
  });
  return table(
    [
      "window",
      kept.argmax ? "in it, the pixel" : "share",
      forwardView ? "output" : "gradient that returns",
    ],
    rows,
  );
}
