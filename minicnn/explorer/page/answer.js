/* The end of the network: what a dense layer adds up, the sigmoid, the loss. */

const contributionMap = new MapView("contribution-map", "contribution of each input", (row, col) =>
  showContribution(row, col),
);
const denseNodes = model.nodes.flatMap((node, k) => (layerOf(k).kind === "Dense" ? [k] : []));

function buildAnswer() {
  $("answer").hidden = !model.outputs.length;
  options(
    "dense",
    denseNodes.map((k) => [String(k), model.nodes[k].label]),
    String(denseNodes.at(-1)),
  );
  $("dense").closest(".row").hidden = !denseNodes.length;
  chooseDense();
}

function chooseDense() {
  if (!denseNodes.length) return;
  const units = model.nodes[Number($("dense").value)].shape[0];
  options(
    "unit",
    Array.from({ length: units }, (_, u) => [String(u), String(u)]),
    "0",
  );
}

function drawAnswer() {
  if (denseNodes.length) drawContributions(Number($("dense").value), Number($("unit").value));
  const output = model.outputs[0];
  const { y: p, z } = state.run[output.node];
  const label = state.labels[0].data[0];
  const name = page.classes ? `p(${page.classes[1]})` : "p";
  const { loss } = state.back;
  const rows = output.ofLogits
    ? [
        ["z, the logit", z.data[0]],
        [`${name} = 1 / (1 + exp(-z))`, p.data[0]],
      ]
    : [[name, p.data[0]]];
  const one = label === 1 ? "-ln p" : label === 0 ? "-ln(1 - p)" : "-(y ln p + (1 - y) ln(1 - p))";
  rows.push(
    ["label y", label],
    [
      sizeOf(p.shape) > 1 || model.outputs.length > 1 || output.weight !== 1
        ? "loss, of all outputs, weighted"
        : `loss = ${one}`,
      loss,
    ],
  );
  if (output.ofLogits)
    rows.push([`d loss / dz = ${differenceText(0)}`, state.back.dz[output.node].data[0]]);
  fill(
    "loss",
    output.ofLogits && Number.isFinite(z.data[0]) ? sigmoidPicture(z.data[0], p.data[0]) : "",
    table(null, rows),
  );
  const change = state.before ? state.back.loss - state.before.loss : 0;
  fill(
    "answer-now",
    `${name} = ${figure(p.data[0])}, loss = ${figure(loss)}`,
    change
      ? make("small", {}, ` (was ${figure(state.before.p)}, ${figure(state.before.loss)})`)
      : "",
  );
}

function drawContributions(k, unit) {
  const values = contributions(k, unit);
  const shape = flattenedShape(k);
  const bias = layerOf(k).params.bias.data[unit];
  const total = values.reduce((sum, value) => sum + value, 0);
  fill(
    "contributions",
    make("h3", {}, `${model.nodes[k].label}, unit ${unit}: what speaks for it, and against`),
    ranked(values, (i) => placeText(shape, i), ["input", "value x weight"], 10),
    table(null, [
      ["sum", total],
      ["+ bias", bias],
      ["= z", total + bias],
    ]),
  );
  $("contribution-figure").hidden = !shape;
  if (!shape) return;
  const [rows, cols, channels] = shape;
  const map = zeros([rows, cols, 1]);
  values.forEach((value, i) => (map.data[Math.floor(i / channels)] += value));
  shownContributions = map;
  contributionMap.draw(
    map,
    0,
    { signed: true, largest: largestOf(map.data) },
    "sum of the contributions at each place",
  );
  $("contribution-caption").textContent =
    "at each place, summed over the channels; orange: for, blue: against";
}

let shownContributions = null;

function showContribution(row, col) {
  contributionMap.frame([row, col, 1, 1, "here"]);
  $("contribution-caption").textContent =
    `row ${row}, col ${col}, all channels: ${figure(shownContributions.data[row * shownContributions.shape[1] + col])}`;
}

function sigmoidPicture(z, p) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "-8 -0.15 16 1.3");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("class", "curve");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `sigmoid of ${figure(z)} is ${figure(p)}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute(
    "d",
    Array.from(
      { length: 81 },
      (_, i) => `${i ? "L" : "M"} ${i / 5 - 8} ${1 - sigmoid(i / 5 - 8)}`,
    ).join(" "),
  );
  const at = Math.min(Math.max(z, -8), 8);
  const cross = document.createElementNS(SVG, "path");
  cross.setAttribute("d", `M ${at} 1.15 L ${at} ${1 - p} L -8 ${1 - p}`);
  cross.setAttribute("class", "here");
  svg.append(path, cross);
  return svg;
}
