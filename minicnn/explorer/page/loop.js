/* The naive kernel's own text, with the indices of the moment put in, and the running line marked. */

const loop = { tap: 0, timer: null };

/* The loops that can be shown for the chosen layer, by name; their text is page.sources[name]. */
function loopNames() {
  const layer = layerOf(state.node);
  const names = {
    Conv2D: { forward: ["conv2d_forward"], backward: ["conv2d_grad_kernel", "conv2d_grad_input"] },
    MaxPooling2D: { forward: ["maxpool2d_forward"], backward: ["maxpool2d_grad_input"] },
    Dense: { forward: ["dense_forward"], backward: ["dense_grad_kernel", "dense_grad_input"] },
  }[layer.kind];
  return names ? names[state.view === "forward" ? "forward" : "backward"] : [];
}

function drawLoop() {
  const names = loopNames();
  $("loop").hidden = !names.length;
  if (!names.length) return stopPlaying();
  const chosen = names.includes($("loop-name").value) ? $("loop-name").value : names[0];
  options(
    "loop-name",
    names.map((name) => [name, name]),
    chosen,
  );
  $("loop-choice").hidden = names.length < 2;
  $("loop-note").hidden = state.view === "forward";
  loop.tap = Math.min(loop.tap, tapsOf(state.node) - 1);
  const [line, variables] = LOOPS[chosen]();
  const lines = page.sources[chosen].split("\n");
  const running = lines.findIndex((text) => text.trim().startsWith(line));
  fill(
    "code",
    ...lines.map((text, n) =>
      make(
        "span",
        { class: n === running ? "running" : null, "aria-current": n === running ? "step" : null },
        text,
        make("i", {}, filledIn(lines, n, variables, n === running)),
        "\n",
      ),
    ),
  );
  const box = $("code");
  const mark = box.querySelector(".running");
  if (mark) box.scrollTop = mark.offsetTop - box.clientHeight / 2;
  $("variables").textContent = Object.entries(variables)
    .map(([name, value]) => `${name} = ${figure(value)}`)
    .join("   ");
}

/* The variable that a line sets. */
const setBy = (line) => line.match(/^\s*(?:for )?(\w+) (?:in|\+?=) /)?.[1];

/* What stands behind a line: the value of its variable, if no later line sets it anew; behind the running one
   also those that it reads. */
function filledIn(lines, n, variables, runs) {
  const set = setBy(lines[n]);
  const isLast = !lines.slice(n + 1).some((line) => setBy(line) === set);
  const names = Object.keys(variables).filter(
    (name) => (name === set && isLast) || (runs && !/^\w+$/.test(name)),
  );
  const values = names.map((name) => `${name} = ${figure(variables[name])}`);
  return values.length ? `  # ${values.join(", ")}` : "";
}

/* How many times the innermost line runs for one output. */
function tapsOf(k) {
  const layer = layerOf(k);
  if (layer.kind === "Dense") return state.run[k].inputs[0].data.length;
  const [height, width] = layer.kernel_size || layer.pool_size;
  return (
    height * width * (layer.kind === "Conv2D" ? model.nodes[model.nodes[k].inputs[0]].shape[2] : 1)
  );
}

/* The taps of a window in the loop's order: rows, columns, channels. */
function tapAt(k, n) {
  const layer = layerOf(k);
  const [, width] = layer.kernel_size || layer.pool_size;
  const channels = layer.kind === "Conv2D" ? model.nodes[model.nodes[k].inputs[0]].shape[2] : 1;
  const tap = Math.floor(n / channels);
  return {
    tap_row: Math.floor(tap / width),
    tap_col: tap % width,
    c: layer.kind === "Conv2D" ? n % channels : state.channel,
  };
}

/* The pixel of the padded input under a tap of the chosen window. */
function under(k, { tap_row, tap_col, c }) {
  const { strides } = layerOf(k);
  return {
    in_row: state.row * strides[0] + tap_row,
    in_col: state.col * strides[1] + tap_col,
    pixel: pixelUnder(k, state.row, state.col, tap_row, tap_col, c),
  };
}

const weightAt = (k, { tap_row, tap_col, c }, f) =>
  weightOf(layerOf(k).params.kernel, tap_row, tap_col, c, f);

/* By kernel: the beginning of the running line, and the values of its variables. */
const LOOPS = {
  conv2d_forward() {
    const [k, f] = [state.node, state.channel];
    let total = layerOf(k).params.bias.data[f];
    for (let n = 0; n <= loop.tap; n++)
      total += under(k, tapAt(k, n)).pixel * weightAt(k, tapAt(k, n), f);
    const tap = tapAt(k, loop.tap);
    const { in_row, in_col, pixel } = under(k, tap);
    return [
      "total +=",
      {
        row: state.row,
        col: state.col,
        f,
        ...tap,
        in_row,
        in_col,
        "x[...]": pixel,
        "kernel[...]": weightAt(k, tap, f),
        total,
      },
    ];
  },
  conv2d_grad_kernel() {
    const k = state.kernelNode;
    const [tap_row, tap_col] = state.tap;
    const tap = {
      tap_row,
      tap_col,
      c: Math.min(state.source, layerOf(k).params.kernel.shape[2] - 1),
    };
    const { in_row, in_col, pixel } = under(k, tap);
    const dy = dzAt(k, view(model.nodes[k].shape).index(state.row, state.col, state.channel));
    return [
      "dkernel[tap_row",
      {
        ...tap,
        f: state.channel,
        row: state.row,
        col: state.col,
        in_row,
        in_col,
        pixel,
        "dy[...]": dy,
        "pixel * dy": pixel * dy,
      },
    ];
  },
  conv2d_grad_input() {
    const [k, f] = [state.node, state.channel];
    const tap = tapAt(k, loop.tap);
    const { in_row, in_col } = under(k, tap);
    const dy = dzAt(k, view(model.nodes[k].shape).index(state.row, state.col, f));
    return [
      "dx[n, in_row",
      {
        row: state.row,
        col: state.col,
        f,
        ...tap,
        in_row,
        in_col,
        tap: weightAt(k, tap, f),
        "dy[...]": dy,
        "dy * tap": dy * weightAt(k, tap, f),
      },
    ];
  },
  maxpool2d_forward() {
    const k = state.node;
    let [best, winner] = [-Infinity, 0];
    for (let n = 0; n <= loop.tap; n++) {
      const { pixel } = under(k, tapAt(k, n));
      if (pixel > best) [best, winner] = [pixel, n];
    }
    const tap = tapAt(k, loop.tap);
    const { in_row, in_col, pixel } = under(k, tap);
    return [
      "if value > best",
      { row: state.row, col: state.col, ...tap, in_row, in_col, value: pixel, best, winner },
    ];
  },
  maxpool2d_grad_input() {
    const [k, width] = [state.node, layerOf(state.node).pool_size[1]];
    const at = view(model.nodes[k].shape).index(state.row, state.col, state.channel);
    const argmax = state.run[k].argmax[at];
    const tap = { tap_row: Math.floor(argmax / width), tap_col: argmax % width, c: state.channel };
    const { in_row, in_col } = under(k, tap);
    return [
      "dx[n, in_row",
      {
        row: state.row,
        col: state.col,
        argmax,
        ...tap,
        in_row,
        in_col,
        "dy[...]": dzAt(k, at),
      },
    ];
  },
  dense_forward() {
    const [k, u] = [state.node, unitOf(state.node)];
    const { kernel, bias } = layerOf(k).params;
    const x = state.run[k].inputs[0].data;
    let total = bias.data[u];
    for (let i = 0; i <= loop.tap; i++) total += x[i] * kernel.data[i * kernel.shape[1] + u];
    return [
      "total +=",
      {
        u,
        i: loop.tap,
        "x[n, i]": x[loop.tap],
        "kernel[i, u]": kernel.data[loop.tap * kernel.shape[1] + u],
        total,
      },
    ];
  },
  dense_grad_kernel() {
    const [k, u, i] = [state.node, unitOf(state.node), loop.tap];
    const [x, dy] = [state.run[k].inputs[0].data[i], dzAt(k, u)];
    return ["dkernel[i, u] +=", { i, u, "x[n, i]": x, "dy[n, u]": dy, product: x * dy }];
  },
  dense_grad_input() {
    const [k, u, i] = [state.node, unitOf(state.node), loop.tap];
    const { kernel } = layerOf(k).params;
    const [w, dy] = [kernel.data[i * kernel.shape[1] + u], dzAt(k, u)];
    return ["dx[n, i] +=", { i, u, "dy[n, u]": dy, "kernel[i, u]": w, product: w * dy }];
  },
};

const unitOf = (k) => view(model.nodes[k].shape).index(state.row, state.col);

// --------------------------------------------------------------------------------------------- playing

/* One window further: to the right, then down, then from the start. */
function nextWindow() {
  const { shape } = model.nodes[state.node];
  const { cols, channels } = view(shape);
  const next = (state.row * cols + state.col + 1) % (sizeOf(shape) / channels);
  [state.row, state.col, state.pointed, loop.tap] = [
    Math.floor(next / cols),
    next % cols,
    "target",
    0,
  ];
  drawValue();
  drawLoop();
}

// Loops whose line runs once for each window, for the chosen weight or the winner.
const ONCE = ["conv2d_grad_kernel", "maxpool2d_grad_input"];

/* The innermost loop's next round: the next tap, or where a window has one only, the next window. */
function stepTap() {
  if (ONCE.includes($("loop-name").value)) return nextWindow();
  loop.tap++;
  if (loop.tap >= tapsOf(state.node)) return nextWindow();
  drawLoop();
}

function togglePlaying() {
  if (loop.timer) return stopPlaying();
  $("play").textContent = "pause";
  const tick = () => {
    nextWindow();
    loop.timer = setTimeout(tick, 1000 / Number($("speed").value));
  };
  tick();
}

function stopPlaying() {
  clearTimeout(loop.timer);
  loop.timer = null;
  $("play").textContent = "play";
}
