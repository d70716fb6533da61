// Activations: the browser's twin of naive/activation.py. As there, every slope is read off the
// output, but for maxout's; what is not a number stays so. The last argument of each is where the
// result may be written.

function room({ length }) {
  return new Float32Array(length);
}

/** Negative numbers become zero. `output` may be `values`. */
export function relu(values, output = room(values)) {
  for (let k = 0; k < values.length; k++) output[k] = values[k] <= 0 ? 0 : values[k];
  return output;
}

export function reluBackward(gradient, output, result = room(output)) {
  for (let k = 0; k < output.length; k++) result[k] = output[k] <= 0 ? 0 : gradient[k];
  return result;
}

export function leakyRelu(values, slope = 0.1, output = room(values)) {
  const low = Math.fround(slope);
  for (let k = 0; k < values.length; k++) {
    output[k] = values[k] <= 0 ? low * values[k] : values[k];
  }
  return output;
}

export function leakyReluBackward(gradient, output, slope = 0.1, result = room(output)) {
  const low = Math.fround(slope);
  for (let k = 0; k < output.length; k++) {
    result[k] = output[k] <= 0 ? low * gradient[k] : gradient[k];
  }
  return result;
}

export function elu(values, alpha = 1, output = room(values)) {
  const depth = Math.fround(alpha);
  for (let k = 0; k < values.length; k++) {
    output[k] = values[k] <= 0 ? depth * Math.expm1(values[k]) : values[k];
  }
  return output;
}

export function eluBackward(gradient, output, alpha = 1, result = room(output)) {
  const depth = Math.fround(alpha);
  for (let k = 0; k < output.length; k++) {
    result[k] = output[k] <= 0 ? gradient[k] * (output[k] + depth) : gradient[k];
  }
  return result;
}

export function sigmoid(values, output = room(values)) {
  for (let k = 0; k < values.length; k++) output[k] = 1 / (1 + Math.exp(-values[k]));
  return output;
}

export function sigmoidBackward(gradient, output, result = room(output)) {
  for (let k = 0; k < output.length; k++) result[k] = gradient[k] * output[k] * (1 - output[k]);
  return result;
}

export function tanh(values, output = room(values)) {
  for (let k = 0; k < values.length; k++) output[k] = Math.tanh(values[k]);
  return output;
}

export function tanhBackward(gradient, output, result = room(output)) {
  for (let k = 0; k < output.length; k++) result[k] = gradient[k] * (1 - output[k] * output[k]);
  return result;
}

/** Which of a few neighbours is the largest: the first of equals; what is no number beats all. */
function winner(values, from, pieces) {
  let best = from;
  for (let k = from; k < from + pieces; k++) {
    if (Number.isNaN(values[k])) return k;
    if (values[k] > values[best]) best = k;
  }
  return best;
}

/** The largest of every `pieces` neighbours. */
export function maxout(values, pieces = 2, output = new Float32Array(values.length / pieces)) {
  for (let k = 0; k < output.length; k++) output[k] = values[winner(values, k * pieces, pieces)];
  return output;
}

/** Each gradient to the one that won; takes what maxout was given. */
export function maxoutBackward(gradient, values, pieces = 2, result = room(values)) {
  result.fill(0);
  for (let k = 0; k < gradient.length; k++) {
    result[winner(values, k * pieces, pieces)] = gradient[k];
  }
  return result;
}

/** Scores of one example as probabilities. */
export function softmax(values, output = room(values)) {
  const most = Math.max(...values);
  let total = 0;
  const sizes = Array.from(values, (value) => Math.exp(value - most));
  for (const size of sizes) total += size;
  for (let k = 0; k < values.length; k++) output[k] = sizes[k] / total;
  return output;
}
