/* Pictures and tables: colors, maps, grids of numbers. */

const $ = (id) => document.getElementById(id);

/* An element with attributes and children; `on...` attributes are listeners. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null)
      element.setAttribute(name, value === true ? "" : value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const fill = (id, ...children) =>
  $(id).replaceChildren(...children.filter((child) => child !== null));

/* A number with four digits that count: 0.1235, -12.35, 1.235e-8. */
function figure(value, digits = 4) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

const largestOf = (data) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/* Any tensor as maps: an image has its channels; of a vector one map is made, row by row. */
function view(shape) {
  if (shape.length === 3) {
    const [rows, cols, channels] = shape;
    return { rows, cols, channels, index: (row, col, c) => (row * cols + col) * channels + c };
  }
  const size = sizeOf(shape);
  const cols = size <= 16 ? size : Math.ceil(Math.sqrt(size));
  return { rows: Math.ceil(size / cols), cols, channels: 1, index: (row, col) => row * cols + col };
}

const isImage = (shape) => shape.length === 3;

const isDark = () => window.matchMedia("(prefers-color-scheme: dark)").matches;

/* The color of a value t in [-1, 1] over another color: blue below 0, orange above (Okabe and Ito 2008), not
   in proportion, so that small values show. */
function signedColor(under, t) {
  const end = t < 0 ? [0, 114, 178] : [213, 94, 0];
  return under.map((from, k) => from + Math.abs(t) ** 0.4 * (end[k] - from));
}

/* 255 colors, as a canvas holds them. Gray from black to white; or signed, over the page's color, which is
   number 127. */
function palette(signed, dark) {
  const colors = new Uint8ClampedArray(4 * 255);
  const middle = dark ? [32, 38, 44] : [247, 247, 247];
  for (let i = 0; i < 255; i++) {
    const color = signed
      ? signedColor(middle, i / 127 - 1)
      : [i, i, i].map((gray) => (255 * gray) / 254);
    colors.set([...color, 255], 4 * i);
  }
  return new Uint32Array(colors.buffer);
}

const PALETTES = { gray: palette(false), light: palette(true, false), dark: palette(true, true) };

/* Draw a channel of a tensor, one canvas pixel for each value. `signed`: blue and orange around 0, the
   full colors at +-`largest`, over a faint image of the values `behind`, if there are any; else gray from
   the smallest value to the largest. */
function paint(canvas, tensor, channel, { signed = false, largest = null, behind = null } = {}) {
  const { rows, cols, channels } = view(tensor.shape);
  [canvas.width, canvas.height] = [cols, rows];
  const context = canvas.getContext("2d");
  const picture = context.createImageData(cols, rows);
  const pixels = new Uint32Array(picture.data.buffer);
  const { data } = tensor;
  let [low, high] = [Infinity, -Infinity];
  for (let i = channel; i < data.length; i += channels) {
    if (data[i] < low) low = data[i];
    if (data[i] > high) high = data[i];
  }
  const most = largest || Math.max(-low, high) || 1;
  const [from, span] = signed ? [-most, 2 * most] : [low, high - low || 1];
  const colors = signed ? PALETTES[isDark() ? "dark" : "light"] : PALETTES.gray;
  if (behind) paintOver(picture.data, behind, data, most);
  else
    for (let i = channel, n = 0; i < data.length; i += channels, n++)
      pixels[n] = colors[Math.min(Math.max(Math.round((254 * (data[i] - from)) / span), 0), 254)];
  context.putImageData(picture, 0, 0);
}

/* The colors of `values`, full at +-`most`, over faint grays of the image `behind`. */
function paintOver(rgba, behind, values, most) {
  const [black, white] = isDark() ? [20, 90] : [170, 247];
  const low = behind.reduce((a, b) => Math.min(a, b));
  const high = behind.reduce((a, b) => Math.max(a, b));
  behind.forEach((value, n) => {
    const gray = black + ((white - black) * (value - low)) / (high - low || 1);
    const t = Math.min(Math.max(values[n] / most, -1), 1);
    rgba.set([...signedColor([gray, gray, gray], t), 255], 4 * n);
  });
}

const SVG = "http://www.w3.org/2000/svg";

/* A large map that can be pointed at, with frames over it. `onPoint(row, col, pressed)` is called by
   mouse, touch and arrow keys; `pressed` is "start", "move" or false. */
class MapView {
  constructor(id, label, onPoint) {
    this.canvas = make("canvas", { role: "img", "aria-label": label });
    this.frames = document.createElementNS(SVG, "svg");
    this.frames.setAttribute("preserveAspectRatio", "none");
    this.frames.setAttribute("aria-hidden", "true");
    this.box = $(id);
    this.box.tabIndex = 0;
    this.box.setAttribute("role", "application");
    this.box.setAttribute("aria-label", `${label}; arrow keys move`);
    this.box.replaceChildren(this.canvas, this.frames);
    this.at = [0, 0];
    this.onPoint = onPoint;
    const point = (event, pressed) => {
      const box = this.canvas.getBoundingClientRect();
      const row = Math.floor(((event.clientY - box.top) / box.height) * this.canvas.height);
      const col = Math.floor(((event.clientX - box.left) / box.width) * this.canvas.width);
      this.point(row, col, pressed);
    };
    this.box.addEventListener("pointermove", (event) =>
      point(event, event.buttons === 1 && "move"),
    );
    this.box.addEventListener("pointerdown", (event) => point(event, "start"));
    this.box.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[
        event.key
      ];
      if (step) {
        event.preventDefault();
        this.point(this.at[0] + step[0], this.at[1] + step[1], false);
      } else if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        this.point(...this.at, "start");
      }
    });
  }

  point(row, col, pressed) {
    const inside = (value, size) => Math.min(Math.max(value, 0), size - 1);
    this.at = [inside(row, this.canvas.height), inside(col, this.canvas.width)];
    this.onPoint(...this.at, pressed);
  }

  draw(tensor, channel, options, description) {
    paint(this.canvas, tensor, channel, options);
    this.canvas.setAttribute("aria-label", description);
    this.frames.setAttribute("viewBox", `0 0 ${this.canvas.width} ${this.canvas.height}`);
  }

  /* Frames [row, col, height, width, class], around their pixels: black with a white halo. */
  frame(...frames) {
    const { canvas } = this;
    const [across, down] = [canvas.width, canvas.height].map((n) => Math.min(0.5, n / 40)); // margins
    const rect = ([row, col, height, width], kind) => {
      const found = document.createElementNS(SVG, "rect");
      const around = {
        x: col - across,
        y: row - down,
        width: width + 2 * across,
        height: height + 2 * down,
        class: kind,
      };
      for (const [name, value] of Object.entries(around)) found.setAttribute(name, value);
      return found;
    };
    this.frames.replaceChildren(
      ...frames.flatMap((frame) => [rect(frame, "halo"), rect(frame, frame[4])]),
    );
    if (frames.length) this.at = frames[0].slice(0, 2);
  }
}

/* A table of numbers, colored by their sign. `cell(row, col)` gives {value, kind, title} or null for padding. */
function grid(name, rows, cols, cell) {
  const all = [];
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) all.push(Math.abs(cell(row, col)?.value ?? 0));
  const most = Math.max(...all) || 1;
  const body = Array.from({ length: rows }, (_, row) =>
    make(
      "tr",
      {},
      ...Array.from({ length: cols }, (_, col) => {
        const found = cell(row, col);
        if (!found) return make("td", { class: "padding" }, "·");
        return make(
          "td",
          {
            class: found.kind || null,
            title: found.title || null,
            style: shade(found.value / most),
          },
          figure(found.value, 3),
        );
      }),
    ),
  );
  return make(
    "div",
    { class: "numbers-grid" },
    make("table", {}, make("caption", {}, name), ...body),
  );
}

/* The background of a cell: how large a number is, and its sign. */
const shade = (t) =>
  `background: rgb(${t >= 0 ? "213 94 0" : "0 114 178"} / ${(0.55 * Math.min(Math.abs(t), 1)).toFixed(3)})`;

/* Rows [text, number or text, ...] as a table. */
const table = (head, rows) =>
  make(
    "table",
    { class: "list" },
    head ? make("tr", {}, ...head.map((text) => make("th", { scope: "col" }, text))) : null,
    ...rows.map((cells) =>
      make(
        "tr",
        {},
        ...cells.map((one) => make("td", {}, typeof one === "number" ? figure(one) : one)),
      ),
    ),
  );

function options(id, entries, chosen) {
  fill(
    id,
    ...entries.map(([value, text]) => make("option", { value, selected: value === chosen }, text)),
  );
}
