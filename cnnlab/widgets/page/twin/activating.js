// An activation function with its settings, on any numbers: the browser's twin of what
// ActivationExplorer does with functional (_applied, ranges, _probabilities).

import {
  elu,
  eluBackward,
  leakyRelu,
  leakyReluBackward,
  maxout,
  maxoutBackward,
  relu,
  reluBackward,
  sigmoid,
  sigmoidBackward,
  softmax,
  tanh,
  tanhBackward,
} from "./activation.js";

const PARTS = 2000; // of a sweep

const PAIRS = {
  sigmoid: [sigmoid, sigmoidBackward],
  tanh: [tanh, tanhBackward],
  relu: [relu, reluBackward],
  leaky_relu: [leakyRelu, leakyReluBackward, "slope"],
  elu: [elu, eluBackward, "alpha"],
};

/** Arrays that are written again and again: fresh memory costs more than the arithmetic. */
export class Room {
  #arrays = new Map();

  take(name, length, fill = null) {
    if (this.#arrays.get(name)?.length !== length) {
      const fresh = new Float32Array(length);
      this.#arrays.set(name, fill === null ? fresh : fresh.fill(fill));
    }
    return this.#arrays.get(name);
  }
}

/** What each line makes of each number, the lines of a number side by side. */
function competing(values, lines, result) {
  const pieces = lines.length;
  for (const [piece, line] of lines.entries()) {
    const [weight, height] = line.map(Math.fround);
    for (let k = 0, to = piece; k < values.length; k++, to += pieces) {
      result[to] = weight * values[k] + height;
    }
  }
  return result;
}

/**
 * Apply one of the six functions.
 * @param {string} name
 * @param {Float32Array} values
 * @param {{slope: number, alpha: number, lines: [number, number][]}} settings
 * @param {Room} [room] - the results are good until it is used again
 * @returns {{output: Float32Array, slopes: Float32Array}}
 */
export function activate(name, values, settings, room = new Room()) {
  const size = values.length;
  const output = room.take("output", size),
    slopes = room.take("slopes", size),
    ones = room.take("ones", size, 1);
  if (name !== "maxout") {
    const [forward, backward, parameter] = PAIRS[name];
    const how = parameter ? [settings[parameter]] : [];
    forward(values, ...how, output);
    backward(ones, output, ...how, slopes);
    return { output, slopes };
  }
  const { lines } = settings,
    pieces = lines.length;
  const all = competing(values, lines, room.take("competing", size * pieces));
  const won = maxoutBackward(ones, all, pieces, room.take("won", size * pieces));
  maxout(all, pieces, output);
  for (let k = 0; k < size; k++) {
    let slope = 0;
    for (let piece = 0; piece < pieces; piece++) slope += won[k * pieces + piece] * lines[piece][0];
    slopes[k] = slope;
  }
  return { output, slopes };
}

/** Least and largest output of a function on ever wider sweeps, each with the narrower ones in it. */
export function rangesOf(name, settings, sweeps) {
  let [low, high] = [Infinity, -Infinity];
  const found = sweeps.map((far) => {
    const inputs = Float32Array.from({ length: PARTS + 1 }, (_, k) => -far + (2 * far * k) / PARTS);
    for (const value of activate(name, inputs, settings).output) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    return [low, high];
  });
  return found.slice(1);
}

function turned(rows) {
  return Array.from(rows[0], (_, column) => Float32Array.from(rows, (row) => row[column]));
}

/** Softmax of every example; over the batch and twice where that mistake is to be seen. */
export function probabilitiesOf({ logits, axis, twice }) {
  const scores = logits.map((row) => Float32Array.from(row));
  let found = axis === "batch" ? turned(scores) : scores;
  for (let times = 0; times <= Number(twice); times++) found = found.map((row) => softmax(row));
  return (axis === "batch" ? turned(found) : found).map((row) => [...row]);
}

/** What rounding left of sums that are 0 becomes 0 (ActivationExplorer.before). */
export function clearRounding(values, noise) {
  for (let k = 0; k < values.length; k++) if (Math.abs(values[k]) <= noise) values[k] = 0;
}
