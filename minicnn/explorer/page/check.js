/* Is a gradient right? Backward's numbers beside those of nudging, and which of them are wrong. */

const TOLERANCE = 1e-3; // of the largest gradient beside it

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
  const inputs = checkedInputs(k).map(([name, index]) => ({
    name,
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
}

/* [name, index] of the inputs to check: the pixels of the window that is chosen, or those that matter. */
function checkedInputs(k) {
  const shape = model.nodes[model.nodes[k].inputs[0]].shape;
  const slice = kernelSlice();
  if (!isImage(shape))
    return cells(slice)
      .map(([row, col]) => slice.input(row, col))
      .filter((i) => i !== undefined)
      .map((i) => [`dx[${i}]`, i]);
  const place = k === state.node ? [state.row, state.col] : strongest(k);
  const [top, left, height, width] = windowOf(k, ...place);
  const { index } = view(shape);
  const found = [];
  for (let row = Math.max(top, 0); row < Math.min(top + height, shape[0]); row++)
    for (let col = Math.max(left, 0); col < Math.min(left + width, shape[1]); col++)
      found.push([`dx[${row}, ${col}, ${slice.c}]`, index(row, col, slice.c)]);
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

/* Which of them are wrong. Where the slopes to the left and to the right differ, a relu or a maximum has
   its kink: there is no single slope to compare with. */
function judged(found) {
  const allowed =
    TOLERANCE *
    Math.max(...found.map((one) => Math.max(Math.abs(one.numeric), Math.abs(one.backward))), 1e-12);
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
  const { weights, biases, inputs } = checked;
  const all = [...weights, ...biases, ...inputs];
  const wrong = all.filter((one) => one.wrong);
  const kinks = all.filter((one) => one.kink);
  const verdict = wrong.length
    ? make(
        "p",
        { class: "verdict bad" },
        `✗ ${wrong.length} of ${all.length} gradients are wrong: ${weights.filter((one) => one.wrong).length} of the weights (marked), ${inputs.filter((one) => one.wrong).length} of the inputs. A step with a wrong gradient may still lower the loss: only the check shows it.`,
      )
    : make(
        "p",
        { class: "verdict good" },
        `✓ all ${all.length} gradients agree: ${weights.length + biases.length} of weights, ${inputs.length} of inputs`,
      );
  const rows = all.map((one) => [
    one.name,
    one.backward,
    one.numeric,
    one.wrong ? "✗ wrong" : one.kink ? "? on a kink" : "✓",
  ]);
  const list = table(["number", "backward", "(L+ - L-) / 2 eps", ""], rows);
  all.forEach((one, n) => one.wrong && list.rows[n + 1].classList.add("wrong"));
  const kinkNote = kinks.length
    ? make(
        "p",
        { class: "hint" },
        `${kinks.length} lie on a kink of a relu or a maximum: left and right of it the loss has two slopes, and none is right.`,
      )
    : null;
  fill(
    "check-result",
    verdict,
    kinkNote,
    make("details", {}, make("summary", {}, "each number"), list),
  );
}
