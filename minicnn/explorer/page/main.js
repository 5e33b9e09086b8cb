/* The page as a whole: what is built once, what is drawn after each change, and who listens. */

/* How far this page's numbers are from minicnn's, relative to the largest of each array. */
function agreement() {
  const rows = [];
  const compare = (name, own, recorded) => {
    const theirs = unpack(recorded).data;
    const far = theirs.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - own.data[i * recorded.step])),
      0,
    );
    rows.push([name, theirs.length, far / (recorded.largest || 1)]);
  };
  page.recorded.nodes.forEach((one, k) => {
    if (one?.y) compare(`${model.nodes[k].label}, output`, state.run[k].y, one.y);
    if (one?.dy) compare(`${model.nodes[k].label}, gradient`, state.back.dy[k], one.dy);
  });
  page.recorded.grads.forEach((grads, k) => {
    for (const [name, one] of Object.entries(grads))
      compare(`${model.layers[k].name}, d${name}`, state.back.grads[k][name], one);
  });
  rows.push([
    "loss",
    1,
    Math.abs(state.back.loss - page.recorded.loss) / Math.max(page.recorded.loss, 1e-3),
  ]);
  return rows;
}

function drawAgreement() {
  const rows = agreement();
  const worst = Math.max(...rows.map(([, , far]) => far));
  page.worst = worst;
  const compared = rows.reduce((sum, [, count]) => sum + count, 0).toLocaleString("en-US");
  $("agreement-line").textContent =
    `${worst < 1e-5 ? "✓" : "✗"} The largest difference between this page and minicnn, over ${compared} numbers of ${rows.length} outputs and gradients of ${page.samples[0].name}: ${figure(worst, 2)} of the largest value beside it (both compute in float64).`;
  fill("agreement-table", table(["array", "values compared", "largest difference"], rows));
  $("left-out").textContent = page.leftOut;
}

/* The answer at once; what takes longer when the browser is ready for it. */
function draw() {
  drawAnswer();
  drawBar();
  drawChoices();
  drawValue();
  drawLoop();
  drawKernel();
  drawLater("network", drawStrip);
  drawLater("epochs", drawEpochs);
  drawLater("image", drawImage);
  drawLater("twins", drawTwins);
}

/* Draw a section once it is in sight, and not before. */
const later = new Map();
const sight = new IntersectionObserver((entries) =>
  entries.forEach(({ target, isIntersecting }) => {
    target.inSight = isIntersecting;
    if (isIntersecting) runLater(target.id);
  }),
);

function drawLater(id, action) {
  later.set(id, action);
  sight.observe($(id));
  if ($(id).inSight) setTimeout(() => runLater(id));
}

function runLater(id) {
  const action = later.get(id);
  later.delete(id);
  if (action) action();
}

function drawChoices() {
  const shape = model.nodes[state.node].shape;
  const numbers = (n) => Array.from({ length: n }, (_, c) => [String(c), String(c)]);
  const { rows, cols, channels } = view(shape);
  options("channel", numbers(channels), String(state.channel));
  options(
    "source-channel",
    numbers(view(model.nodes[sourceNode()].shape).channels),
    String(state.source),
  );
  $("source-channel").parentElement.hidden = !["Conv2D", "Flatten"].includes(
    layerOf(state.node).kind,
  );
  [$("row").max, $("col").max] = [rows - 1, cols - 1];
}

function drawBar() {
  $("undo").setAttribute("aria-disabled", String(!state.undo.length)); // not disabled: the keyboard would lose it
  $("undo").textContent = state.undo.length ? `undo ${state.undo.at(-1).what}` : "undo";
  $("step-back").setAttribute("aria-disabled", String(state.undo.at(-1)?.what !== "step"));
  drawLabel();
  $("broken-now").textContent = isBroken() ? "backward pass broken on purpose" : "";
  document
    .querySelectorAll("#sample-buttons input")
    .forEach((input, n) => (input.checked = n === state.sample));
}

/* 0 and 1 by their names; a label between them stands beside them. */
function drawLabel() {
  const label = state.labels[0].data[0];
  const values = [...new Set([0, 1, label])];
  options(
    "label",
    values.map((value) => [
      String(value),
      page.classes?.[value] ? `${value}: ${page.classes[value]}` : figure(value),
    ]),
    String(label),
  );
}

function reset() {
  Object.assign(state, { errors: {}, undo: [] });
  Object.assign(steps, { name: null, number: 0, slots: {} });
  document.querySelectorAll("#errors input").forEach((input) => (input.checked = false));
  if (page.epochs) showEpoch(page.epochs.at.length - 1);
  restoreWeights();
  chooseSample(state.sample);
}

function build() {
  fill(
    "sample-buttons",
    ...page.samples.map((sample, n) =>
      make(
        "label",
        {},
        make("input", { type: "radio", name: "sample", onchange: () => chooseSample(n) }),
        sample.name,
      ),
    ),
  );
  $("sample-buttons").hidden = page.samples.length < 2;
  $("label").parentElement.hidden = sizeOf(model.nodes[model.outputs[0].node].shape) > 1;
  buildStrip();
  buildAnswer();
  buildImages();
}

const on = (id, event, action) => $(id).addEventListener(event, action);

function listen() {
  listenToBar();
  listenToValue();
  listenToKernel();
  listenToImages();
  on("dense", "change", () => {
    chooseDense();
    drawAnswer();
  });
  on("unit", "change", drawAnswer);
  for (const id of ["toy-kernel", "toy-stride", "toy-padding"])
    on(id, "input", () => {
      toy.at = 0;
      drawToy();
    });
  on("toy-play", "click", toyToggle);
  on("toy-step", "click", toyStep);
  document
    .querySelectorAll("#way button")
    .forEach((button, n) => button.addEventListener("click", () => go(n)));
  on("coach-back", "click", () => go(coach.step - 1));
  on("coach-next", "click", () => go(coach.step + 1));
  on("coach-close", "click", () => ($("coach").hidden = true));
  window.addEventListener("hashchange", () => follow(location.hash) && draw());
  window.addEventListener("resize", drawEdges);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function listenToBar() {
  on("views", "change", (event) => {
    chooseView(event.target.value);
    draw();
  });
  on("label", "change", (event) => {
    state.labels[0].data.fill(Number(event.target.value));
    compute();
  });
  on("undo", "click", undo);
  on("reset", "click", reset);
}

function listenToValue() {
  const choose = (id, name) =>
    on(id, "change", (event) => {
      state[name] = Number(event.target.value);
      draw();
    });
  choose("channel", "channel");
  choose("source-channel", "source");
  for (const axis of ["row", "col"])
    on(axis, "change", (event) => {
      state[axis] = Math.round(Number(event.target.value)) || 0;
      pointAt("target", state.row, state.col);
    });
  on("play", "click", togglePlaying);
  on("step-tap", "click", stepTap);
  on("step-window", "click", nextWindow);
  on("loop-name", "change", drawLoop);
}

function listenToKernel() {
  on("preset", "change", usePreset);
  on("check", "click", check);
  on("errors", "change", (event) => {
    state.errors[event.target.value] = event.target.checked;
    compute();
  });
  on("step", "click", takeStep);
  on("step-back", "click", () => state.undo.at(-1)?.what === "step" && undo());
}

function listenToImages() {
  on("epoch", "input", chooseEpoch);
  on("file", "change", (event) => {
    if (event.target.files[0]) openFile(event.target.files[0]);
    event.target.value = ""; // the same file may be chosen again
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer.files[0] && isPicture) openFile(event.dataTransfer.files[0]);
  });
}

const coach = { step: 0 };

/* A step of the way through: its view, if it names one, its section in sight, its text at the bottom. */
function go(step) {
  const steps = [...document.querySelectorAll("#way li")];
  $("coach").hidden = step < 0 || step >= steps.length;
  if ($("coach").hidden) return;
  const { go: id, view: name } = steps[step].dataset;
  coach.step = step;
  $("coach-text").replaceChildren(
    make("b", {}, `${step + 1} of ${steps.length} `),
    ...steps[step].querySelector("span").cloneNode(true).childNodes,
  );
  $("coach-back").disabled = step === 0;
  $("coach-next").hidden = step === steps.length - 1;
  if (name && name !== state.view) document.querySelector(`[name=view][value=${name}]`).click();
  const section = $(id).hidden ? $("value") : $(id);
  section.scrollIntoView();
}

function start() {
  const hash = location.hash;
  build();
  listen();
  takeSample(0);
  if (!follow(hash)) chooseNode(state.node);
  if (state.kernelNode < 0 && denseNodes.length) chooseKernel(denseNodes[0]);
  draw();
  drawAgreement();
  drawEdges();
  drawToy();
}

start();
