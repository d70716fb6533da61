// One small layer in three ways, as matrices: the browser's twin of filters.matrix and of
// shared/sharing.py. Rows are the numbers of the output, columns the pixels, both row by row.

import { sideOf } from "./window.js";

const ROUNDING = 1e-5; // of the largest number of a map

/**
 * A filter laid over an image: for every output and pixel the weight that joins them.
 * @param {number[][]} filter
 * @param {number} height - of the image, as is `width`
 * @returns {?{height: number, width: number, rows: number, columns: number, taps: Int32Array,
 *   values: Float32Array}} `height` and `width` of the output; `taps` says which weight stands in an
 *   entry, by its index in the filter, −1 where none; null if the filter does not fit
 */
export function matrixOf(filter, height, width, stride, padding) {
  const across = filter[0].length;
  const down = sideOf(height, filter.length, stride, padding);
  const along = sideOf(width, across, stride, padding);
  if (down.outputs < 1 || along.outputs < 1) return null;
  const [rows, columns] = [down.outputs * along.outputs, height * width];
  const taps = new Int32Array(rows * columns).fill(-1);
  for (let row = 0; row < rows; row++) {
    const top = Math.floor(row / along.outputs) * stride - down.before,
      left = (row % along.outputs) * stride - along.before;
    for (let i = 0; i < filter.length; i++) {
      for (let j = 0; j < across; j++) {
        const [y, x] = [top + i, left + j];
        if (y < 0 || y >= height || x < 0 || x >= width) continue;
        taps[row * columns + y * width + x] = i * across + j;
      }
    }
  }
  const flat = filter.flat();
  const values = Float32Array.from(taps, (tap) => (tap < 0 ? 0 : flat[tap]));
  return { height: down.outputs, width: along.outputs, rows, columns, taps, values };
}

/** A matrix times the pixels of an image, rounded once. */
export function times({ rows, columns }, values, pixels) {
  return Float32Array.from({ length: rows }, (_, row) => sumOf(row, columns, values, pixels));
}

function sumOf(row, columns, values, pixels) {
  let sum = 0;
  for (let k = 0; k < columns; k++) sum += values[row * columns + k] * pixels[k];
  return sum;
}

/** Whether an entry of one of the three layers joins a pixel with an output (sharing.connected). */
export function joins(kind, { taps }, entry) {
  return kind === "dense" || taps[entry] >= 0;
}

/** The smallest weights that give the map of the convolution for one image (sharing.learned). */
export function learned(kind, matrix, pixels) {
  const { rows, columns, values } = matrix;
  const found = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const target = sumOf(row, columns, values, pixels);
    const under = pixels.map((one, k) => (joins(kind, matrix, row * columns + k) ? one : 0));
    const squares = under.reduce((sum, one) => sum + one * one, 0);
    if (!squares) continue;
    for (let k = 0; k < columns; k++) {
      found[row * columns + k] = (target / squares) * under[k];
    }
  }
  return found;
}

/** Entries that join, weights to learn, entries that join nothing (sharing.Counts). */
export function countsOf(kind, matrix, weights) {
  const connections = matrix.taps.filter((_, entry) => joins(kind, matrix, entry)).length;
  const own = kind === "convolution" ? weights : connections;
  return { connections, weights: own, zeros: matrix.taps.length - connections };
}

/**
 * How many numbers of an output moved along with the picture, zeros that stay zeros left out
 * (sharing.moved).
 * @param {Float32Array} before - the map where nothing is shifted
 * @param {Float32Array} after
 * @returns {{along: number, places: number}}
 */
export function movedAlong({ height, width }, before, after, { down, right }, stride) {
  let [along, places] = [0, 0];
  if (down % stride || right % stride) return { along, places };
  const near = ROUNDING * (Math.max(...before.map(Math.abs)) || 1);
  for (let k = 0; k < before.length; k++) {
    const row = Math.floor(k / width) - down / stride,
      column = (k % width) - right / stride;
    if (row < 0 || row >= height || column < 0 || column >= width) continue;
    const expected = before[row * width + column];
    if (Math.max(Math.abs(expected), Math.abs(after[k])) <= near) continue;
    places += 1;
    if (Math.abs(after[k] - expected) <= near) along += 1;
  }
  return { along, places };
}

/** What each layer has to learn on a picture of real size (sharing.costs); null if nothing fits. */
export function costsOf(filter, { side, channels, stride, padding }) {
  const down = sideOf(side, filter.length, stride, padding).outputs,
    across = sideOf(side, filter[0].length, stride, padding).outputs;
  if (down < 1 || across < 1) return null;
  const places = down * across,
    inputs = side * side * channels,
    one = filter.length * filter[0].length * channels;
  return {
    down,
    across,
    convolution: { neuron: one, weights: one, biases: 1 },
    local: { neuron: one, weights: places * one, biases: places },
    dense: { neuron: inputs, weights: inputs * places, biases: places },
  };
}
