/* Other inputs and other weights: epochs, files, the brush, and the same slice ill and healthy. */

const imageMap = new MapView(
  "image-map",
  "the image; hold and drag to paint",
  (row, col, pressed) => pointImage(row, col, pressed),
);
const isPicture =
  model.inputs.length === 1 &&
  isImage(model.nodes[model.inputs[0]].shape) &&
  [1, 3, 4].includes(model.nodes[model.inputs[0]].shape[2]);

function buildImages() {
  $("image").hidden = !isPicture;
  const { samplewise = false, missing = "" } = page.prepare || {};
  $("image-hint").textContent =
    `A file is made gray if the model's images are, scaled to their size by the browser, and ${samplewise ? "standardized" : "given their range"}. ` +
    (missing ? `What is missing here: ${missing}. So p is an estimate. ` : "") +
    "The brush adds to the values as they are.";
  $("twins").hidden = page.samples.length < 2;
  $("twins-title").textContent = page.samples
    .slice(0, 2)
    .map((sample) => sample.name)
    .join(" and ");
  $("epochs").hidden = !page.epochs;
  if (page.epochs)
    [$("epoch").max, $("epoch").value] = [page.epochs.at.length - 1, page.epochs.at.length - 1];
}

// --------------------------------------------------------------------------------------------- epochs

let shownEpoch = page.epochs ? page.epochs.at.length - 1 : 0;

function chooseEpoch() {
  const [from, kept] = [shownEpoch, copyWeights()];
  if (state.undo.at(-1)?.what !== "epoch")
    remember("epoch", () => {
      putWeights(kept);
      showEpoch(from);
    });
  showEpoch(Number($("epoch").value));
  for (const [name, packed] of Object.entries(page.epochs.at[shownEpoch].params)) {
    const slash = name.lastIndexOf("/");
    model.layers.find((one) => one.name === name.slice(0, slash)).params[name.slice(slash + 1)] =
      unpack(packed);
  }
  compute();
}

function showEpoch(number) {
  shownEpoch = number;
  $("epoch").value = number;
}

function drawEpochs() {
  if (!page.epochs) return;
  const { at } = page.epochs;
  const { epoch } = at[shownEpoch];
  const last = at.at(-2).epoch;
  $("epoch-now").textContent =
    epoch === null
      ? "the model itself"
      : epoch === 0
        ? "before the first epoch"
        : `after epoch ${epoch} of ${last}`;
  const shown = model.layers.filter((layer) => layer.kind === "Conv2D").slice(0, 4);
  fill(
    "epoch-kernels",
    ...shown.map((layer) => {
      const { kernel } = layer.params;
      const [height, width, channels, filters] = kernel.shape;
      const most = largestOf(kernel.data);
      const pictures = Array.from({ length: Math.min(filters, SHOWN) }, (_, f) => {
        const one = zeros([height, width, 1]);
        one.data.forEach((_, i) => (one.data[i] = kernel.data[i * channels * filters + f]));
        const canvas = make("canvas", {
          class: "kernel-picture",
          role: "img",
          "aria-label": `filter ${f}, input channel 0`,
        });
        paint(canvas, one, 0, { signed: true, largest: most });
        return canvas;
      });
      return make(
        "div",
        {},
        make("h3", {}, layer.name),
        make("div", { class: "thumbs" }, ...pictures),
      );
    }),
  );
}

// ---------------------------------------------------------------------------------- a file, the brush

async function openFile(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { premultiplyAlpha: "none" });
  } catch {
    return fill(
      "image-answer",
      `${file.name} is not an image that this browser can read; choose a png or jpeg file.`,
    );
  }
  const [height, width, channels] = model.nodes[model.inputs[0]].shape;
  const canvas = make("canvas", { width, height });
  const context = canvas.getContext("2d");
  context.drawImage(picture, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const x = zeros([height, width, channels]);
  for (let i = 0; i < width * height; i++) {
    const [red, green, blue, alpha] = data.subarray(4 * i, 4 * i + 4);
    const colors =
      channels === 1 ? [0.299 * red + 0.587 * green + 0.114 * blue] : [red, green, blue, alpha];
    for (let c = 0; c < channels; c++) x.data[i * channels + c] = colors[c];
  }
  useImage(standardized(x), file.name);
}

/* As the model's images were: times `rescale`; with `samplewise` mean 0 and standard deviation 1. */
function standardized(x) {
  const { rescale = 1 / 255, samplewise = false } = page.prepare || {};
  const data = x.data.map((value) => value * rescale);
  if (!samplewise) return { shape: x.shape, data };
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const deviation = Math.sqrt(
    data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length,
  );
  return { shape: x.shape, data: data.map((value) => (value - mean) / (deviation + 1e-6)) };
}

/* Another image, with what was done to it; `goesOn` where it is part of what was done before. */
function useImage(x, what, goesOn = false) {
  const [old, before] = [state.inputs[0], state.image];
  if (!goesOn)
    remember("image", () => {
      [state.inputs[0], state.image] = [old, before];
    });
  [state.inputs[0], state.image] = [x, what];
  compute();
}

/* A frame around the brush; pressed, a stroke begins ("start") or goes on ("move"). */
function pointImage(row, col, pressed) {
  if (pressed) brush(row, col, pressed === "move" && state.undo.at(-1)?.what === "image");
  const radius = Number($("radius").value);
  imageMap.frame([row - radius, col - radius, 2 * radius + 1, 2 * radius + 1, "here"]);
  imageMap.at = [row, col];
}

/* A soft disk of more (or, to erase, of the healthy slice's or the original values) around a pixel. */
function brush(row, col, goesOn) {
  const [radius, strength, erase] = [
    Number($("radius").value),
    Number($("strength").value),
    document.querySelector("[name=tool]:checked").value === "erase",
  ];
  const x = copyOf(state.inputs[0]);
  const healthy = (page.samples.find((sample) => sample.healthy) || page.samples[state.sample])
    .inputs[0];
  const [height, width, channels] = x.shape;
  for (let r = Math.max(row - radius, 0); r <= Math.min(row + radius, height - 1); r++)
    for (let c = Math.max(col - radius, 0); c <= Math.min(col + radius, width - 1); c++) {
      const weight = 1 - ((r - row) ** 2 + (c - col) ** 2) / (radius * radius);
      if (weight <= 0) continue;
      for (let channel = 0; channel < channels; channel++) {
        const i = (r * width + c) * channels + channel;
        x.data[i] += erase ? weight * (healthy.data[i] - x.data[i]) : weight * strength;
      }
    }
  useImage(x, erase ? "erased" : "painted", goesOn);
}

function drawImage() {
  if (!isPicture) return;
  imageMap.draw(state.inputs[0], 0, {}, "the image that the model sees");
  $("image-caption").textContent = "what the model sees; hold and drag";
  fill("image-answer", state.image ? `${state.image}: ${$("answer-now").textContent}` : "");
}

// ---------------------------------------------------------------------------------------------- twins

/* Two samples side by side: input, the chosen layer's map, the gradient of the loss; and differences. */
function drawTwins() {
  if (page.samples.length < 2) return;
  const [first, second] = page.samples.slice(0, 2).map(passesOf);
  const [input, k] = [model.inputs[0], state.node];
  fill(
    "twin-maps",
    ...twinRow("input", first.run[input].y, second.run[input].y),
    ...twinRow(
      `${model.nodes[k].label}, channel ${state.channel}`,
      first.run[k].y,
      second.run[k].y,
      { channel: state.channel },
    ),
    ...twinRow("d loss / d input", first.back.dy[input], second.back.dy[input], { signed: true }),
  );
  $("twin-text").textContent = [first, second]
    .map(({ run }, n) => `${page.samples[n].name}: p = ${figure(answerOf(run))}`)
    .join("   ");
}

/* Forward and backward of a sample as it came, with the weights of now. */
function passesOf(sample) {
  const now = model.layers.map((layer) => layer.params);
  for (const [k, params] of Object.entries(sample.weights))
    model.layers[k].params = { ...now[k], ...params };
  const run = forward(model, sample.inputs);
  const back = backward(model, run, sample.labels, state.errors);
  model.layers.forEach((layer, k) => (layer.params = now[k]));
  return { run, back };
}

/* One array of both samples, and their difference, as pictures. */
function twinRow(name, a, b, { channel = 0, signed = false } = {}) {
  const both = signed ? Math.max(largestOf(a.data), largestOf(b.data)) : null;
  const apart = difference(a, b);
  return [
    [page.samples[0].name, a, { signed, largest: both }],
    [page.samples[1].name, b, { signed, largest: both }],
    ["difference", apart, { signed: true, largest: largestOf(apart.data) }],
  ].map(([who, tensor, colors]) => {
    const canvas = make("canvas", { role: "img", "aria-label": `${name}, ${who}` });
    paint(canvas, tensor, channel, colors);
    return make("figure", { class: "small" }, make("figcaption", {}, `${name}: ${who}`), canvas);
  });
}
