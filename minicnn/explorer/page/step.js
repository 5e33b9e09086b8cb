/* One step of an optimizer on the sample that is shown, why a weight went where it went, and back. */

/* Which optimizer has made how many steps, and what it remembers. */
const steps = { name: null, number: 0, slots: {} };

function takeStep() {
  const [name, rate] = [$("optimizer").value, Number($("rate").value)];
  if (!(rate > 0))
    return fill(
      "step-result",
      make("p", { class: "hint" }, "The learning rate has to be above 0."),
    );
  const before = {
    loss: state.back.loss,
    p: answer(),
    weights: copyWeights(),
    slots: structuredClone(steps.slots),
    number: steps.number,
    name: steps.name,
  };
  if (steps.name !== name) Object.assign(steps, { name, number: 0, slots: {} }); // another optimizer starts anew
  const slice = kernelSlice();
  const watched = {
    layer: model.nodes[state.kernelNode].layer,
    index: slice.index(...state.tap),
    name: `kernel${slice.name(...state.tap)}`,
  };
  const weight = () => model.layers[watched.layer].params.kernel.data[watched.index];
  const [old, gradient] = [weight(), state.back.grads[watched.layer].kernel.data[watched.index]];
  steps.number++;
  model.layers.forEach((layer, k) => {
    for (const [param, g] of Object.entries(state.back.grads[k])) {
      if (layer.stands_for || (param === "bias" && !layer.use_bias)) continue;
      OPTIMIZERS[name](
        layer.params[param],
        g,
        (steps.slots[`${k}/${param}`] ||= {}),
        steps.number,
        { rate },
      );
    }
  });
  remember("step", () => backOne(before));
  compute();
  const slots = steps.slots[`${watched.layer}/kernel`] || {};
  drawStep(before, { ...watched, old, gradient, new: weight(), slots, rate });
}

function backOne(before) {
  putWeights(before.weights);
  Object.assign(steps, { slots: before.slots, number: before.number, name: before.name });
  fill("step-result", make("p", { class: "hint" }, `Back: loss ${figure(before.loss)}.`));
}

/* Why a weight went where it went. */
function reasonOf({ old, new: now, gradient }) {
  if (now === old) return "stays: its gradient is 0, the loss does not depend on it here.";
  const [way, sign, effect] =
    gradient > 0 ? ["down", "positive", "more"] : ["up", "negative", "less"];
  if (isBroken())
    return `went ${now < old ? "down" : "up"}, by a backward pass that is broken: the reason may be wrong.`;
  if (now < old !== gradient > 0)
    return `went ${now < old ? "down" : "up"}, where Adam's mean of earlier gradients still points.`;
  return `went ${way}: its gradient was ${sign}, so a larger weight would have meant ${effect} loss.`;
}

/* How many weights are not what they were, and how many there are. */
function moved(weights) {
  const pairs = model.layers.flatMap((layer, k) =>
    Object.entries(layer.params).map(([name, { data }]) => [data, weights[k][name].data]),
  );
  const count = pairs.reduce(
    (sum, [now, old]) => sum + now.filter((value, i) => value !== old[i]).length,
    0,
  );
  const all = model.layers.reduce((sum, layer) => sum + (layer.stands_for ? 0 : layer.count), 0);
  return [count, all].map((n) => n.toLocaleString("en-US"));
}

/* The step of one weight, with its numbers. */
function formulaOf({ old, gradient, new: now, rate, slots: { mean, variance }, index }) {
  if (!mean) return `${figure(old)} - ${rate} x ${figure(gradient)} = ${figure(now)}`;
  const [m, v, size] = [mean[index], variance[index], adamSize(steps.number, rate)].map((value) =>
    figure(value),
  );
  return `${figure(old)} - ${size} x ${m} / (√${v} + ${ADAM.epsilon}) = ${figure(now)}: ${m} is the mean of the gradients so far, ${v} that of their squares, and ${size} the rate, corrected for both means having begun at 0`;
}

function drawStep(before, one) {
  const [count, all] = moved(before.weights);
  fill(
    "step-result",
    table(
      ["", "before", "after"],
      [
        ["loss", before.loss, state.back.loss],
        [`p${page.classes ? `(${page.classes[1]})` : ""}`, before.p, answer()],
      ],
    ),
    make(
      "p",
      {},
      `${count} of ${all} weights moved at once, each against its gradient; the gradient of the others is 0. The one you chose, ${one.name}, ${reasonOf(one)}`,
    ),
    table(null, [
      ["weight before", one.old],
      ["gradient before", one.gradient],
      ["weight after", one.new],
      ["difference", one.new - one.old],
    ]),
    make("p", { class: "numbers" }, `weight after = ${formulaOf(one)}`),
  );
}
