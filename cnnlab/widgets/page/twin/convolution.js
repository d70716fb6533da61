// One filter slid over one image: the browser's twin of naive/convolution.py and filters.explain.
// Axes: row, column, channel, the channels of a pixel side by side.

import { sideOf } from "./window.js";

/**
 * @typedef {{height: number, width: number, channels: number, values: Float32Array}} Image
 * @typedef {{height: number, width: number, channels: number, weights: Float32Array}} Filter
 * @typedef {Object} How
 * @property {number} [bias]
 * @property {number} [stride]
 * @property {number | "same" | "valid"} [padding]
 * @property {number} [pad_value] - what the padding holds
 * @property {number} [dilation]
 */

/** Both sides of an image with a filter sliding over it; null if the filter does not fit. */
export function placesOf(
  image,
  filter,
  { stride = 1, padding = 0, pad_value: pad = 0, dilation = 1 },
) {
  const down = sideOf(image.height, filter.height, stride, padding, dilation);
  const across = sideOf(image.width, filter.width, stride, padding, dilation);
  return down.outputs < 1 || across.outputs < 1 ? null : { down, across, stride, pad, dilation };
}

/**
 * Add to the sums of a map what some weights of the filter contribute, one weight at a time, along
 * whole rows. Sums are doubles, so that the only rounding is the last one.
 * @param {Float64Array} sums
 * @param {{i: number, j: number, c: number, weight: number}[]} taps
 */
function addTaps(sums, image, { down, across, stride, pad, dilation }, taps) {
  const { height, width, channels, values } = image;
  const columns = across.outputs,
    jump = stride * channels;
  for (let row = 0; row < down.outputs; row++) {
    for (const { i, j, c, weight } of taps) {
      const y = row * stride - down.before + i * dilation;
      const start = row * columns;
      const above = y < 0 || y >= height;
      if (above && pad) for (let k = 0; k < columns; k++) sums[start + k] += weight * pad;
      if (above) continue;
      const shift = j * dilation - across.before;
      const first = Math.max(0, Math.ceil(-shift / stride));
      const last = Math.min(columns - 1, Math.floor((width - 1 - shift) / stride));
      let from = (y * width + first * stride + shift) * channels + c;
      const end = start + last;
      for (let to = start + first; to <= end; to++, from += jump) {
        sums[to] += weight * values[from];
      }
      if (!pad) continue;
      for (let k = 0; k < columns; k++) if (k < first || k > last) sums[start + k] += weight * pad;
    }
  }
  return sums;
}

/** Every weight of a filter with its place. */
function tapsOf({ width, channels, weights }) {
  return Array.from(weights, (weight, k) => ({
    i: Math.floor(k / (width * channels)),
    j: Math.floor(k / channels) % width,
    c: k % channels,
    weight,
  }));
}

/**
 * A convolution that follows the hand: where only some weights change, only what they contribute is
 * added anew, so that a filter of any size keeps up with a dragged number.
 */
export class Convolution {
  #done = null; // {image, filter, places, sums} of the last map
  #values = new Float32Array(0); // written again and again: fresh memory costs more than the sums

  /** How many numbers have to be touched for a map: what it costs. */
  work(image, filter, how) {
    const places = placesOf(image, filter, how);
    if (!places) return 0;
    const taps = this.#changed(image, filter, places) ?? filter.weights;
    return places.down.outputs * places.across.outputs * (taps.length + 4);
  }

  /**
   * Slide the filter over the image. The values are good until the next run.
   * @returns {{height: number, width: number, values: Float32Array} | null} null if it does not fit
   */
  run(image, filter, how) {
    const places = placesOf(image, filter, how);
    if (!places) return null;
    const changed = this.#changed(image, filter, places);
    const size = places.down.outputs * places.across.outputs;
    const sums = changed ? this.#done.sums : new Float64Array(size);
    addTaps(sums, image, places, changed ?? tapsOf(filter));
    return this.#kept(image, filter, places, sums, how);
  }

  /** The same in a worker: worker(task) as in worker.js. */
  async runApart(worker, image, filter, how) {
    const places = placesOf(image, filter, how);
    if (!places) return null;
    const size = places.down.outputs * places.across.outputs;
    const sums = await worker(addTaps, new Float64Array(size), image, places, tapsOf(filter));
    return this.#kept(image, filter, places, sums, how);
  }

  #kept(image, filter, places, sums, { bias = 0 }) {
    this.#done = { image, filter, places: JSON.stringify(places), sums };
    if (this.#values.length !== sums.length) this.#values = new Float32Array(sums.length);
    const values = this.#values;
    for (let k = 0; k < sums.length; k++) values[k] = sums[k] + bias;
    return { height: places.down.outputs, width: places.across.outputs, values };
  }

  /** What differs from the last map's filter; null where all has to be added up anew. */
  #changed(image, filter, places) {
    const done = this.#done;
    if (done?.image !== image || done.places !== JSON.stringify(places)) return null;
    if (done.filter.weights.length !== filter.weights.length || !allFinite(image)) return null;
    const taps = tapsOf(filter)
      .map((tap, k) => ({ ...tap, weight: tap.weight - done.filter.weights[k] }))
      .filter(({ weight }) => weight);
    return 2 * taps.length > filter.weights.length ? null : taps;
  }
}

const FINITE = new WeakMap();

/** Whether nothing in an image is infinite: what was added could not be taken off again. */
function allFinite({ values }) {
  if (!FINITE.has(values)) FINITE.set(values, values.every(Number.isFinite));
  return FINITE.get(values);
}

/**
 * What one output pixel is made of (filters.explain): for every channel the pixels under the filter,
 * the products and their sum; then bias and result. null is a pixel of the padding.
 */
export function explain(image, filter, how, row, column) {
  const { bias = 0 } = how;
  const places = placesOf(image, filter, how);
  if (!places || row >= places.down.outputs || column >= places.across.outputs) return null;
  const { down, across, stride, pad, dilation } = places;
  const top = row * stride - down.before,
    left = column * stride - across.before;
  const grid = (value) =>
    Array.from({ length: filter.height }, (_, i) =>
      Array.from({ length: filter.width }, (__, j) => value(i, j)),
    );
  const channels = Array.from({ length: image.channels }, (_, c) => {
    const pixels = grid((i, j) => {
      const y = top + i * dilation,
        x = left + j * dilation;
      const inside = y >= 0 && y < image.height && x >= 0 && x < image.width;
      return inside ? image.values[(y * image.width + x) * image.channels + c] : null;
    });
    const products = grid(
      (i, j) => (pixels[i][j] ?? pad) * filter.weights[(i * filter.width + j) * image.channels + c],
    );
    return { pixels, products, sum: products.flat().reduce((total, one) => total + one, 0) };
  });
  const result = channels.reduce((total, { sum }) => total + sum, bias);
  return { row, column, top, left, channels, bias, result };
}
