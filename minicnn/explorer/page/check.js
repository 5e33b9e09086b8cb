/* Is a gradient right? Backward's numbers beside those of nudging, and which of them are wrong. */

const TOLERANCE = 1e-3; // of the largest gradient beside it
const LOSS_ROUNDING = 1e-15; // relative, of a loss in float64

/* Backward's numbers beside (L+ - L-) / 2 eps: of the weights shown, of the bias, and of the pixels under
   the window that is shown. One after the other, so that the page stays alive. */
async function check() {
  const k = state.kernelNode;
  const [slice, number, back] = [kernelSlice(), model.nodes[k].layer, state.back];
  const { kernel, bias } = back.grads[number];
  const weight = (name, param, index) => ({
    name,
    backward: param.data[index],
    measure: () =>
      numericOfWeight(
        model,
        state.run,
        state.labels,
        back.loss,
        number,
        param === bias ? "bias" : "kernel",
        index,
      ),
  });
  const weights = cells(slice).map(([row, col]) => ({
    row,
    col,
    ...weight(`dkernel${slice.name(row, col)}`, kernel, slice.index(row, col)),
  }));
  const biases = layerOf(k).use_bias ? [weight(`dbias[${slice.bias}]`, bias, slice.bias)] : [];
  const inputs = checkedInputs(k).map(({ index, place }) => ({
    name: `dx[${place ? [...place, slice.c].join(", ") : index}]`,
    place,
    backward: back.dx[k][0].data[index],
    measure: () => numericOfInput(model, state.run, state.labels, back.loss, k, index),
  }));
  const all = [...weights, ...biases, ...inputs];
  for (const [n, one] of all.entries()) {
    Object.assign(one, one.measure());
    fill("check-result", make("p", {}, `${n + 1} of ${all.length} ...`));
    await new Promise((resolve) => setTimeout(resolve));
    if (state.back !== back || keyOf(kernelSlice()) !== keyOf(slice) || k !== state.kernelNode)
      return; // something else is shown by now
  }
  state.checked = {
    key: keyOf(slice),
    weights: judged(weights),
    biases: judged(biases),
    inputs: judged(inputs),
  };
  drawKernel();
  drawFrames(state.node);
}

/* {index, place} of the inputs to check: the pixels of the window that is chosen, or where nothing flows
   back to those, of the one where most does; of a vector those that matter. */
function checkedInputs(k) {
  const slice = kernelSlice();
  if (!isImage(model.nodes[model.nodes[k].inputs[0]].shape))
    return cells(slice).map(([row, col]) => ({ index: slice.input(row, col) }));
  const chosen = k === state.node ? pixelsUnder(k, slice.c, state.row, state.col) : [];
  const dx = state.back.dx[k][0];
  return chosen.some(({ index }) => dx.data[index])
    ? chosen
    : pixelsUnder(k, slice.c, ...strongest(k));
}

/* The pixels of one channel that an output's window holds, but for the padding. */
function pixelsUnder(k, c, ...position) {
  const { shape } = model.nodes[model.nodes[k].inputs[0]];
  const [top, left, height, width] = windowOf(k, ...position);
  const found = [];
  for (let row = Math.max(top, 0); row < Math.min(top + height, shape[0]); row++)
    for (let col = Math.max(left, 0); col < Math.min(left + width, shape[1]); col++)
      found.push({ index: view(shape).index(row, col, c), place: [row, col] });
  return found;
}

/* The position whose dz is farthest from 0: there something flows. */
function strongest(k) {
  const dz = state.back.dz[k];
  const best = dz.data.reduce(
    (most, value, i) => (Math.abs(value) > Math.abs(dz.data[most]) ? i : most),
    0,
  );
  const position = Math.floor(best / dz.shape[2]);
  return [Math.floor(position / dz.shape[1]), position % dz.shape[1]];
}

/* What the loss's own rounding can make of a slope. */
const slopeRounding = () => (LOSS_ROUNDING * Math.max(1, Math.abs(state.back.loss))) / EPSILON;

/* Which of them are wrong. Where the slopes to the left and to the right differ, a relu or a maximum has
   its kink: there is no single slope to compare with. */
function judged(found) {
  const largest = largestOf(found.flatMap((one) => [one.numeric, one.backward]));
  const allowed = TOLERANCE * largest + slopeRounding();
  return found
    .map((one) => ({
      ...one,
      kink: Math.abs(one.right - one.left) > allowed,
      off: Math.abs(one.backward - one.numeric) > allowed,
    }))
    .map((one) => ({ ...one, wrong: one.off && !one.kink }));
}

function drawCheck(slice) {
  const checked = checkOf(slice);
  if (!checked) return fill("check-result");
  const all = [...checked.weights, ...checked.biases, ...checked.inputs];
  const wrong = all.filter((one) => one.wrong);
  const [kind, text] = verdictOf(checked, all, wrong);
  const kinks = all.filter((one) => one.kink).length;
  const kinkNote = `${kinks} lie on a kink of a relu or a maximum: left and right of it the loss has two slopes, and none is right.`;
  const rows = all.map((one) => [
    one.name,
    one.backward,
    one.numeric,
    one.wrong ? "✗ wrong" : one.kink ? "? on a kink" : "✓",
  ]);
  const list = table(["number", "backward", "(L+ - L-) / 2 eps", ""], rows);
  all.forEach((one, n) => one.wrong && list.rows[n + 1].classList.add("wrong"));
  fill(
    "check-result",
    make("p", { class: `verdict ${kind}` }, text),
    kinks ? make("p", { class: "hint" }, kinkNote) : null,
    make("details", { open: wrong.length > 0 }, make("summary", {}, "each number"), list),
  );
}

function verdictOf({ weights, biases, inputs }, all, wrong) {
  if (wrong.length) {
    const [ofWeights, ofInputs] = [[...weights, ...biases], inputs].map(
      (some) => some.filter((one) => one.wrong).length,
    );
    return [
      "bad",
      `✗ ${wrong.length} of ${all.length} gradients are wrong: ${ofWeights} of the weights, ${ofInputs} of the inputs (marked). A step with a wrong gradient may still lower the loss: only the check shows it.`,
    ];
  }
  if (largestOf(all.map((one) => one.backward)) < 100 * slopeRounding())
    return [
      "unsure",
      `? These gradients are too small to check: rounding alone makes ${figure(slopeRounding(), 1)}.`,
    ];
  const planted = isBroken()
    ? " The planted error does not reach these: choose another layer."
    : "";
  return [
    "good",
    `✓ all ${all.length} gradients agree with the nudged loss: ${weights.length + biases.length} of weights, ${inputs.length} of inputs.${planted}`,
  ];
}
