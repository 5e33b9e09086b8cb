/* Convolution arithmetic on an image of 7x7 pixels: kernel, stride and padding by sliders. */

const toy = { at: 0, timer: null };
// A bright square with a soft edge; the kernel finds edges that run down.
const TOY_IMAGE = {
  shape: [7, 7, 1],
  data: Float64Array.from({ length: 49 }, (_, i) =>
    Math.max(0, 3 - Math.max(Math.abs(Math.floor(i / 7) - 3), Math.abs((i % 7) - 3))),
  ),
};

function toyKernel(size) {
  const kernel = zeros([size, size, 1, 1]);
  kernel.data.forEach(
    (_, i) => (kernel.data[i] = size === 1 ? 1 : Math.sign((i % size) - (size - 1) / 2)),
  );
  return kernel;
}

function drawToy() {
  const [size, stride, padding] = [
    Number($("toy-kernel").value),
    Number($("toy-stride").value),
    $("toy-padding").value,
  ];
  const window = slide([7, 7], [size, size], [stride, stride], padding);
  const padded = pad(TOY_IMAGE, window, 0);
  const kernel = toyKernel(size);
  const y = convForward(padded, kernel, zeros([1]), [stride, stride]);
  const [{ count, before, after }] = window;
  toy.at %= count * count;
  const [row, col] = [Math.floor(toy.at / count), toy.at % count];
  $("toy-kernel-now").textContent = `${size} x ${size}`;
  $("toy-stride-now").textContent = String(stride);
  const ends =
    padding === "same"
      ? `ceil(7 / ${stride}) = ${count}, with ${before} pixels of padding in front and ${after} behind`
      : `floor((7 - ${size}) / ${stride}) + 1 = ${count}`;
  const total = padded.shape[0];
  const products = Array.from(kernel.data, (weight, i) => {
    const at = (row * stride + Math.floor(i / size)) * total + col * stride + (i % size);
    return `${padded.data[at]}·${weight < 0 ? `(${weight})` : weight}`;
  });
  $("toy-formula").textContent =
    `positions along each axis: ${ends}. Output ${count} x ${count}\nhere row ${row}, col ${col}: ${products.join(" + ")} = ${figure(y.data[toy.at])}`;
  $("toy-caption").textContent = `output, ${count} x ${count}`;
  fill(
    "toy-weights",
    cellTable(size, (r, c) => [figure(kernel.data[r * size + c]), "covered"]),
  );
  const covered = (r, c) =>
    r >= row * stride && r < row * stride + size && c >= col * stride && c < col * stride + size;
  const real = (r) => r >= before && r < before + 7;
  fill(
    "toy-input",
    cellTable(total, (r, c) => [
      figure(padded.data[r * total + c], 2),
      `${covered(r, c) ? "covered " : ""}${real(r) && real(c) ? "" : "padding"}`,
    ]),
  );
  fill(
    "toy-output",
    cellTable(count, (r, c) => [
      figure(y.data[r * count + c], 2),
      r === row && c === col ? "covered" : "",
      () => {
        toy.at = r * count + c;
        drawToy();
      },
    ]),
  );
}

const cellTable = (size, cell) =>
  make(
    "table",
    {},
    ...Array.from({ length: size }, (_, r) =>
      make(
        "tr",
        {},
        ...Array.from({ length: size }, (_, c) => {
          const [text, kind, onclick] = cell(r, c);
          const content = onclick ? make("button", { type: "button", onclick }, text) : text;
          return make("td", { class: kind || null }, content);
        }),
      ),
    ),
  );

function toyStep() {
  toy.at++;
  drawToy();
}

function toyToggle() {
  if (toy.timer) {
    clearInterval(toy.timer);
    toy.timer = null;
  } else toy.timer = setInterval(toyStep, 400);
  $("toy-play").textContent = toy.timer ? "pause" : "play";
}
