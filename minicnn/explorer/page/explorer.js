/* The network once more, in plain JavaScript: forward, loss, backward, update, check.

   A fourth way to read the kernels, beside kernels/naive, windows and compiled. One sample, no batch
   axis, float64 throughout. A tensor is {shape, data}: an image (height, width, channels) or a vector
   (values,), its values row by row, channels innermost.

   A model is {layers, nodes, inputs, outputs}. A node is one use of a layer: {layer, inputs}, the
   numbers of the layer and of the nodes that feed it; nodes are in an order in which they can run.
   A run holds, for each node, what its forward pass kept: {inputs, padded, z, y, ...}.

   `errors` plants a mistake into the backward pass, if one of these is true:
     offByOne      dkernel reads x one row above the tap's, but for the first
     noReluMask    the relu lets every gradient through
     notFlipped    dx uses the kernel turned by 180 degrees */

// ---------------------------------------------------------------------------------------- tensors

const sizeOf = (shape) => shape.reduce((product, n) => product * n, 1);
const zeros = (shape) => ({ shape, data: new Float64Array(sizeOf(shape)) });
const difference = (a, b) => ({
  shape: a.shape,
  data: a.data.map((value, i) => value - b.data[i]),
});

/* How many positions a window takes along an axis, and the padding in front and behind. */
function positions(size, window, stride, padding) {
  const count =
    padding === "same" ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
  const total = padding === "same" ? Math.max((count - 1) * stride + window - size, 0) : 0;
  return { count, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

/* [rows, cols] of `positions` for a sliding window over an image. */
const slide = (shape, window, strides, padding) =>
  [0, 1].map((axis) => positions(shape[axis], window[axis], strides[axis], padding));

function pad(x, [rows, cols], value) {
  if (rows.before + rows.after + cols.before + cols.after === 0) return x;
  const [height, width, channels] = x.shape;
  const padded = zeros([
    rows.before + height + rows.after,
    cols.before + width + cols.after,
    channels,
  ]);
  padded.data.fill(value);
  for (let row = 0; row < height; row++) {
    const from = row * width * channels;
    const to = ((row + rows.before) * padded.shape[1] + cols.before) * channels;
    padded.data.set(x.data.subarray(from, from + width * channels), to);
  }
  return padded;
}

function crop(padded, [rows, cols], shape) {
  if (rows.before + rows.after + cols.before + cols.after === 0) return padded;
  const [height, width, channels] = shape;
  const x = zeros(shape);
  for (let row = 0; row < height; row++) {
    const from = ((row + rows.before) * padded.shape[1] + cols.before) * channels;
    x.data.set(padded.data.subarray(from, from + width * channels), row * width * channels);
  }
  return x;
}

// ---------------------------------------------------------------------------------------- forward

/* z[row, col, f] = bias[f] + sum of x[row * stride + tapRow, col * stride + tapCol, c] * kernel[...] */
function convForward(x, kernel, bias, strides) {
  const [height, width, channels] = x.shape;
  const [kernelHeight, kernelWidth, , filters] = kernel.shape;
  const outHeight = Math.floor((height - kernelHeight) / strides[0]) + 1;
  const outWidth = Math.floor((width - kernelWidth) / strides[1]) + 1;
  const z = zeros([outHeight, outWidth, filters]);
  for (let row = 0; row < outHeight; row++)
    for (let col = 0; col < outWidth; col++) {
      const out = (row * outWidth + col) * filters;
      for (let f = 0; f < filters; f++) z.data[out + f] = bias.data[f];
      for (let tapRow = 0; tapRow < kernelHeight; tapRow++)
        for (let tapCol = 0; tapCol < kernelWidth; tapCol++) {
          const inRow = row * strides[0] + tapRow;
          const inCol = col * strides[1] + tapCol;
          for (let c = 0; c < channels; c++) {
            const pixel = x.data[(inRow * width + inCol) * channels + c];
            if (pixel === 0) continue; // behind a relu, half of them
            const tap = ((tapRow * kernelWidth + tapCol) * channels + c) * filters;
            for (let f = 0; f < filters; f++) z.data[out + f] += pixel * kernel.data[tap + f];
          }
        }
    }
  return z;
}

/* y[row, col, c] = the largest value of a window; argmax: which of them, counted row by row. */
function maxPoolForward(x, pool, strides, outShape) {
  const [, width, channels] = x.shape;
  const y = zeros(outShape);
  const argmax = new Int32Array(y.data.length);
  let out = 0;
  for (let row = 0; row < outShape[0]; row++)
    for (let col = 0; col < outShape[1]; col++)
      for (let c = 0; c < channels; c++, out++) {
        let best = -Infinity;
        for (let tap = 0; tap < pool[0] * pool[1]; tap++) {
          const inRow = row * strides[0] + Math.floor(tap / pool[1]);
          const inCol = col * strides[1] + (tap % pool[1]);
          const value = x.data[(inRow * width + inCol) * channels + c];
          if (value > best) [best, argmax[out]] = [value, tap]; // of equal values the first wins
        }
        y.data[out] = best;
      }
  return { y, argmax };
}

/* y[row, col, c] = the mean of a window's real pixels, of which there are counts[row, col]. */
function averagePoolForward(x, counts, pool, strides, outShape) {
  const [, width, channels] = x.shape;
  const y = zeros(outShape);
  let out = 0;
  for (let row = 0; row < outShape[0]; row++)
    for (let col = 0; col < outShape[1]; col++)
      for (let c = 0; c < channels; c++, out++) {
        for (let tapRow = 0; tapRow < pool[0]; tapRow++)
          for (let tapCol = 0; tapCol < pool[1]; tapCol++) {
            const inRow = row * strides[0] + tapRow;
            const inCol = col * strides[1] + tapCol;
            y.data[out] += x.data[(inRow * width + inCol) * channels + c];
          }
        y.data[out] /= counts[row * outShape[1] + col];
      }
  return y;
}

/* How many pixels of each window lie inside of the image. */
function realPixels(shape, pool, strides, [rows, cols]) {
  const along = (axis, one) =>
    Array.from({ length: one.count }, (_, k) => {
      const start = k * strides[axis] - one.before;
      return Math.min(start + pool[axis], shape[axis]) - Math.max(start, 0);
    });
  const [down, right] = [along(0, rows), along(1, cols)];
  return down.flatMap((a) => right.map((b) => a * b));
}

/* Per channel the largest value, and how many pixels have it. */
function globalMaxForward(x, outShape) {
  const y = zeros(outShape);
  const channels = x.shape[2];
  const winners = new Int32Array(channels);
  y.data.fill(-Infinity);
  x.data.forEach((value, i) => {
    const c = i % channels;
    if (value > y.data[c]) [y.data[c], winners[c]] = [value, 0];
    if (value === y.data[c]) winners[c]++;
  });
  return { y, winners };
}

function globalAverageForward(x, outShape) {
  const y = zeros(outShape);
  const channels = x.shape[2];
  x.data.forEach((value, i) => (y.data[i % channels] += value));
  y.data.forEach((total, c) => (y.data[c] = (total * channels) / x.data.length));
  return y;
}

/* z[u] = bias[u] + sum over i of x[i] * kernel[i, u] */
function denseForward(x, kernel, bias) {
  const units = kernel.shape[1];
  const z = zeros([units]);
  z.data.set(bias.data);
  for (let i = 0; i < x.data.length; i++)
    for (let u = 0; u < units; u++) z.data[u] += x.data[i] * kernel.data[i * units + u];
  return z;
}

const sigmoid = (z) => (z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z)));

function activationForward(z, activation) {
  if (activation === "relu") return { shape: z.shape, data: z.data.map((v) => (v > 0 ? v : 0)) };
  if (activation === "sigmoid") return { shape: z.shape, data: z.data.map(sigmoid) };
  return z;
}

/* Inputs side by side along their last axis. */
function concatenateForward(inputs, outShape) {
  const y = zeros(outShape);
  const channels = outShape[outShape.length - 1];
  let before = 0;
  for (const x of inputs) {
    const own = x.shape[x.shape.length - 1];
    x.data.forEach(
      (value, i) => (y.data[Math.floor(i / own) * channels + before + (i % own)] = value),
    );
    before += own;
  }
  return y;
}

/* What one node makes of its inputs, and what its backward pass needs of that. */
function nodeForward(layer, node, inputs) {
  const [x] = inputs;
  const kept = { inputs };
  if (layer.kind === "Conv2D") {
    kept.slide = slide(x.shape, layer.kernel_size, layer.strides, layer.padding);
    kept.padded = pad(x, kept.slide, 0);
    kept.z = convForward(kept.padded, layer.params.kernel, layer.params.bias, layer.strides);
  } else if (layer.kind === "MaxPooling2D") {
    kept.slide = slide(x.shape, layer.pool_size, layer.strides, layer.padding);
    kept.padded = pad(x, kept.slide, -Infinity);
    Object.assign(kept, maxPoolForward(kept.padded, layer.pool_size, layer.strides, node.shape));
    kept.z = kept.y;
  } else if (layer.kind === "AveragePooling2D") {
    kept.slide = slide(x.shape, layer.pool_size, layer.strides, layer.padding);
    kept.padded = pad(x, kept.slide, 0);
    kept.counts = realPixels(x.shape, layer.pool_size, layer.strides, kept.slide);
    kept.z = averagePoolForward(
      kept.padded,
      kept.counts,
      layer.pool_size,
      layer.strides,
      node.shape,
    );
  } else if (layer.kind === "GlobalMaxPooling2D") {
    Object.assign(kept, globalMaxForward(x, node.shape));
    kept.z = kept.y;
  } else if (layer.kind === "GlobalAveragePooling2D") kept.z = globalAverageForward(x, node.shape);
  else if (layer.kind === "Dense") kept.z = denseForward(x, layer.params.kernel, layer.params.bias);
  else if (layer.kind === "Concatenate") kept.z = concatenateForward(inputs, node.shape);
  else kept.z = { shape: node.shape, data: x.data }; // Activation, Dropout (drops nothing), Flatten
  kept.y = activationForward(kept.z, layer.activation);
  return kept;
}

/* Run all nodes. `given` are the model's inputs. */
function forward(model, given) {
  const run = [];
  model.nodes.forEach((node, k) => {
    const place = model.inputs.indexOf(k);
    if (place >= 0) run[k] = { inputs: [], y: given[place], z: given[place] };
    else
      run[k] = nodeForward(
        model.layers[node.layer],
        node,
        node.inputs.map((n) => run[n].y),
      );
  });
  return run;
}

/* `nodeForward` for inputs that differ in few places from those of `kept`. Convolutions and dense layers
   are linear: z(x) = z(x0) + z(x - x0) without the bias, and most of x - x0 is 0. */
function nearbyForward(layer, node, inputs, kept) {
  if (!layer.params.kernel) return nodeForward(layer, node, inputs);
  const apart = difference(inputs[0], kept.inputs[0]);
  const { kernel, bias } = layer.params;
  const linear = { ...layer, activation: "linear", params: { kernel, bias: zeros(bias.shape) } };
  const { z } = nodeForward(linear, node, [apart]);
  z.data.forEach((value, i) => (z.data[i] = kept.z.data[i] + value));
  return { z, y: activationForward(z, layer.activation) };
}

/* The same run where some nodes are different: those in `replaced` (number -> what they kept) or with
   other weights (`changed`, numbers), and by `next` all that depend on them. */
function rerun(model, run, changed, { replaced = new Map(), next = nodeForward } = {}) {
  const found = run.slice();
  const stale = new Set(changed);
  model.nodes.forEach((node, k) => {
    if (replaced.has(k)) {
      found[k] = replaced.get(k);
      stale.add(k);
    } else if (node.inputs.length && (stale.has(k) || node.inputs.some((n) => stale.has(n)))) {
      const inputs = node.inputs.map((n) => found[n].y);
      const compute = stale.has(k) ? nodeForward : next;
      found[k] = compute(model.layers[node.layer], node, inputs, run[k]);
      stale.add(k);
    }
  });
  return found;
}

// ------------------------------------------------------------------------------------------- loss

/* Binary cross-entropy, the mean over an output's values, and its gradient: of z, in front of the
   sigmoid, where the model ends in one (`ofLogits`), else of p.

     from z:  max(z, 0) - z y + ln(1 + exp(-|z|)),         dz = (sigmoid(z) - y) / size
     from p:  -(y ln p + (1 - y) ln(1 - p)),               dp = (p - y) / (p (1 - p)) / size */
function lossOf(model, run, labels) {
  let loss = 0;
  const gradients = model.outputs.map((output, place) => {
    const { z, y: p } = run[output.node];
    const gradient = zeros(p.shape);
    const share = output.weight / p.data.length;
    labels[place].data.forEach((y, i) => {
      if (output.ofLogits) {
        const logit = z.data[i];
        loss += share * (Math.max(logit, 0) - logit * y + Math.log1p(Math.exp(-Math.abs(logit))));
        gradient.data[i] = share * (sigmoid(logit) - y);
      } else {
        const inside = Math.min(Math.max(p.data[i], 1e-7), 1 - 1e-7);
        loss -= share * (y * Math.log(inside) + (1 - y) * Math.log(1 - inside));
        const slope = (inside - y) / (inside * (1 - inside));
        gradient.data[i] = inside === p.data[i] ? share * slope : 0;
      }
    });
    return gradient;
  });
  return { loss, gradients };
}

// --------------------------------------------------------------------------------------- backward

/* dkernel[tapRow, tapCol, c, f] = sum over row, col of
     x[row * stride + tapRow, col * stride + tapCol, c] * dz[row, col, f] */
function convGradKernel(x, dz, strides, kernelShape, errors) {
  const [, width, channels] = x.shape;
  const [outHeight, outWidth, filters] = dz.shape;
  const [kernelHeight, kernelWidth] = kernelShape;
  const dkernel = zeros(kernelShape);
  for (let row = 0; row < outHeight; row++)
    for (let col = 0; col < outWidth; col++)
      for (let f = 0; f < filters; f++) {
        const gradient = dz.data[(row * outWidth + col) * filters + f];
        if (gradient === 0) continue; // a closed gate, or a window's loser: nothing flows back
        for (let tapRow = 0; tapRow < kernelHeight; tapRow++)
          for (let tapCol = 0; tapCol < kernelWidth; tapCol++) {
            const inRow = row * strides[0] + (errors.offByOne ? Math.max(tapRow - 1, 0) : tapRow);
            const inCol = col * strides[1] + tapCol;
            for (let c = 0; c < channels; c++) {
              const pixel = x.data[(inRow * width + inCol) * channels + c];
              dkernel.data[((tapRow * kernelWidth + tapCol) * channels + c) * filters + f] +=
                pixel * gradient;
            }
          }
      }
  return dkernel;
}

/* dx[row * stride + tapRow, col * stride + tapCol, c] += kernel[tapRow, tapCol, c, f] * dz[row, col, f]:
   each pixel gets back what every window that held it made of it. */
function convGradInput(dz, kernel, strides, inShape, errors) {
  const [, width, channels] = inShape;
  const [outHeight, outWidth, filters] = dz.shape;
  const [kernelHeight, kernelWidth] = kernel.shape;
  const dx = zeros(inShape);
  for (let row = 0; row < outHeight; row++)
    for (let col = 0; col < outWidth; col++)
      for (let f = 0; f < filters; f++) {
        const gradient = dz.data[(row * outWidth + col) * filters + f];
        if (gradient === 0) continue;
        for (let tapRow = 0; tapRow < kernelHeight; tapRow++)
          for (let tapCol = 0; tapCol < kernelWidth; tapCol++) {
            const inRow = row * strides[0] + tapRow;
            const inCol = col * strides[1] + tapCol;
            const [usedRow, usedCol] = errors.notFlipped
              ? [kernelHeight - 1 - tapRow, kernelWidth - 1 - tapCol]
              : [tapRow, tapCol];
            for (let c = 0; c < channels; c++) {
              const weight =
                kernel.data[((usedRow * kernelWidth + usedCol) * channels + c) * filters + f];
              dx.data[(inRow * width + inCol) * channels + c] += weight * gradient;
            }
          }
      }
  return dx;
}

/* dbias[f] = sum of dz over all positions */
function gradBias(dz) {
  const filters = dz.shape[dz.shape.length - 1];
  const dbias = zeros([filters]);
  dz.data.forEach((value, i) => (dbias.data[i % filters] += value));
  return dbias;
}

/* Each window's gradient goes to its winner alone. */
function maxPoolGradInput(dy, argmax, pool, strides, inShape) {
  const [, width, channels] = inShape;
  const dx = zeros(inShape);
  dy.data.forEach((value, out) => {
    const position = Math.floor(out / channels);
    const row = Math.floor(position / dy.shape[1]);
    const col = position % dy.shape[1];
    const inRow = row * strides[0] + Math.floor(argmax[out] / pool[1]);
    const inCol = col * strides[1] + (argmax[out] % pool[1]);
    dx.data[(inRow * width + inCol) * channels + (out % channels)] += value;
  });
  return dx;
}

/* Each window's gradient is shared out evenly. */
function averagePoolGradInput(dy, counts, pool, strides, inShape) {
  const [, width, channels] = inShape;
  const dx = zeros(inShape);
  dy.data.forEach((value, out) => {
    const position = Math.floor(out / channels);
    const row = Math.floor(position / dy.shape[1]);
    const col = position % dy.shape[1];
    for (let tap = 0; tap < pool[0] * pool[1]; tap++) {
      const inRow = row * strides[0] + Math.floor(tap / pool[1]);
      const inCol = col * strides[1] + (tap % pool[1]);
      dx.data[(inRow * width + inCol) * channels + (out % channels)] += value / counts[position];
    }
  });
  return dx;
}

/* The pixels that have the largest value share dy. */
function globalMaxGradInput(dy, x, y, winners) {
  const channels = x.shape[2];
  const dx = zeros(x.shape);
  x.data.forEach((value, i) => {
    const c = i % channels;
    if (value === y.data[c]) dx.data[i] = dy.data[c] / winners[c];
  });
  return dx;
}

function globalAverageGradInput(dy, inShape) {
  const dx = zeros(inShape);
  const channels = inShape[2];
  dx.data.forEach((_, i) => (dx.data[i] = (dy.data[i % channels] * channels) / dx.data.length));
  return dx;
}

/* dkernel[i, u] = x[i] * dz[u],  dx[i] = sum over u of kernel[i, u] * dz[u] */
function denseGradients(x, kernel, dz) {
  const units = kernel.shape[1];
  const dkernel = zeros(kernel.shape);
  const dx = zeros(x.shape);
  for (let i = 0; i < x.data.length; i++)
    for (let u = 0; u < units; u++) {
      dkernel.data[i * units + u] = x.data[i] * dz.data[u];
      dx.data[i] += kernel.data[i * units + u] * dz.data[u];
    }
  return { dkernel, dx };
}

/* relu: dz = dy where z > 0, else 0.  sigmoid: dz = dy * y * (1 - y). */
function activationGradient(dy, kept, activation, errors) {
  const { z, y } = kept;
  if (activation === "relu" && !errors.noReluMask)
    return { shape: dy.shape, data: dy.data.map((v, i) => (z.data[i] > 0 ? v : 0)) };
  if (activation === "sigmoid")
    return { shape: dy.shape, data: dy.data.map((v, i) => v * y.data[i] * (1 - y.data[i])) };
  return dy;
}

/* dy cut into the parts of the inputs that were put side by side. */
function concatenateGradients(dy, inputs) {
  const channels = dy.shape[dy.shape.length - 1];
  let before = 0;
  return inputs.map((x) => {
    const dx = zeros(x.shape);
    const own = x.shape[x.shape.length - 1];
    dx.data.forEach((_, i) => {
      dx.data[i] = dy.data[Math.floor(i / own) * channels + before + (i % own)];
    });
    before += own;
    return dx;
  });
}

/* One node: dx for each of its inputs, and the gradients of its parameters. */
function nodeBackward(layer, kept, dz, errors) {
  const [x] = kept.inputs;
  if (layer.kind === "Conv2D") {
    const { kernel } = layer.params;
    const dkernel = convGradKernel(kept.padded, dz, layer.strides, kernel.shape, errors);
    const dpadded = convGradInput(dz, kernel, layer.strides, kept.padded.shape, errors);
    return {
      dx: [crop(dpadded, kept.slide, x.shape)],
      grads: { kernel: dkernel, bias: gradBias(dz) },
    };
  }
  if (layer.kind === "Dense") {
    const { dkernel, dx } = denseGradients(x, layer.params.kernel, dz);
    return { dx: [dx], grads: { kernel: dkernel, bias: dz } };
  }
  if (layer.kind === "MaxPooling2D") {
    const { argmax, padded } = kept;
    const dpadded = maxPoolGradInput(dz, argmax, layer.pool_size, layer.strides, padded.shape);
    return { dx: [crop(dpadded, kept.slide, x.shape)], grads: {} };
  }
  if (layer.kind === "AveragePooling2D") {
    const { counts, padded } = kept;
    const dpadded = averagePoolGradInput(dz, counts, layer.pool_size, layer.strides, padded.shape);
    return { dx: [crop(dpadded, kept.slide, x.shape)], grads: {} };
  }
  if (layer.kind === "GlobalMaxPooling2D")
    return { dx: [globalMaxGradInput(dz, x, kept.y, kept.winners)], grads: {} };
  if (layer.kind === "GlobalAveragePooling2D")
    return { dx: [globalAverageGradInput(dz, x.shape)], grads: {} };
  if (layer.kind === "Concatenate") return { dx: concatenateGradients(dz, kept.inputs), grads: {} };
  return { dx: [{ shape: x.shape, data: dz.data }], grads: {} }; // Activation, Dropout, Flatten
}

function add(total, part) {
  if (!total) return { shape: part.shape, data: part.data.slice() };
  part.data.forEach((value, i) => (total.data[i] += value));
  return total;
}

/* All nodes in reverse. A tensor that several nodes read gets the sum of their gradients; so does a
   parameter of a layer that is used several times.

   Returns for each node dy (of its output), dz (in front of its activation) and dx (a list, one for each
   input), and for each layer the gradients of its parameters. */
function backward(model, run, labels, errors = {}) {
  const { loss, gradients } = lossOf(model, run, labels);
  const [dy, dz, dx, grads] = [[], [], [], model.layers.map(() => ({}))];
  const ofLogits = new Map();
  model.outputs.forEach((output, place) => {
    if (output.ofLogits)
      ofLogits.set(output.node, add(ofLogits.get(output.node), gradients[place]));
    else dy[output.node] = add(dy[output.node], gradients[place]);
  });
  for (let k = model.nodes.length - 1; k >= 0; k--) {
    const node = model.nodes[k];
    const layer = model.layers[node.layer];
    if (!node.inputs.length || (!dy[k] && !ofLogits.has(k))) continue;
    dz[k] = ofLogits.get(k) || activationGradient(dy[k], run[k], layer.activation, errors);
    const found = nodeBackward(layer, run[k], dz[k], errors);
    dx[k] = found.dx;
    node.inputs.forEach((n, place) => (dy[n] = add(dy[n], found.dx[place])));
    for (const [name, gradient] of Object.entries(found.grads))
      grads[node.layer][name] = add(grads[node.layer][name], gradient);
  }
  return { loss, dy, dz, dx, grads };
}

// ----------------------------------------------------------------------------------------- update

/* weights -= rate * gradient */
function sgdStep(weights, gradient, slots, step, { rate }) {
  gradient.data.forEach((g, i) => (weights.data[i] -= rate * g));
}

// As in minicnn.optimizers.Adam.
const ADAM = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };

/* The rate, corrected for both means having begun at 0; `step` counts from 1. */
const adamSize = (step, rate) =>
  (rate * Math.sqrt(1 - ADAM.beta2 ** step)) / (1 - ADAM.beta1 ** step);

/* mean and variance follow the gradient and its square. */
function adamStep(weights, gradient, slots, step, { rate }) {
  const size = adamSize(step, rate);
  slots.mean ||= new Float64Array(weights.data.length);
  slots.variance ||= new Float64Array(weights.data.length);
  gradient.data.forEach((g, i) => {
    slots.mean[i] += (1 - ADAM.beta1) * (g - slots.mean[i]);
    slots.variance[i] += (1 - ADAM.beta2) * (g * g - slots.variance[i]);
    weights.data[i] -= (size * slots.mean[i]) / (Math.sqrt(slots.variance[i]) + ADAM.epsilon);
  });
}

const OPTIMIZERS = { sgd: sgdStep, adam: adamStep };

// ------------------------------------------------------------------------------------------ check

const EPSILON = 1e-6; // with float64, small enough that few relus change sides, large enough for the rounding

/* (L(+eps) - L(-eps)) / 2 eps, and the slopes to the right and to the left; L(0) is `here`. */
function differences(loss, here) {
  const [above, below] = [loss(EPSILON), loss(-EPSILON)];
  const [right, left] = [(above - here) / EPSILON, (here - below) / EPSILON];
  return { numeric: (above - below) / (2 * EPSILON), right, left };
}

/* For one number of a parameter, all else left as it is. */
function numericOfWeight(model, run, labels, here, layerNumber, name, index) {
  const { data } = model.layers[layerNumber].params[name];
  const value = data[index];
  const users = model.nodes.flatMap((node, k) => (node.layer === layerNumber ? [k] : []));
  const found = differences((step) => {
    data[index] = value + step;
    return lossOf(model, rerun(model, run, users, { next: nearbyForward }), labels).loss;
  }, here);
  data[index] = value;
  return found;
}

/* For one number of the first input that a node sees; other readers of it see it unchanged. */
function numericOfInput(model, run, labels, here, k, index) {
  const [x, ...others] = run[k].inputs;
  return differences((step) => {
    const data = x.data.slice();
    data[index] += step;
    const layer = model.layers[model.nodes[k].layer];
    const inputs = [{ shape: x.shape, data }, ...others];
    const kept = nearbyForward(layer, model.nodes[k], inputs, run[k]);
    const replaced = new Map([[k, kept]]);
    return lossOf(model, rerun(model, run, [], { replaced, next: nearbyForward }), labels).loss;
  }, here);
}
