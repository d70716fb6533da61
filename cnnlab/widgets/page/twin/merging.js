// Two filters on one image, and the one filter that does the work of both: the browser's twin of
// filters.merge, and of what FilterMerge computes.

import { relu } from "./activation.js";
import { Convolution } from "./convolution.js";

/**
 * @typedef {number[][]} Rows - of the weights of a filter
 * @typedef {{height: number, width: number, channels: 1, values: Float32Array}} Image
 * @typedef {{first: Rows, second: Rows, between: "none" | "relu"}} Pair
 */

const HALF_STEP = 2 ** -24; // by what share of itself a float32 number is rounded at the most

/** The one filter that does the work of two (filters.merge): their full convolution. */
export function merge(first, second) {
  const cells = (rows) => rows.length * rows[0].length;
  const [one, other] = cells(first) > cells(second) ? [second, first] : [first, second];
  const merged = Array.from({ length: one.length + other.length - 1 }, () =>
    new Array(one[0].length + other[0].length - 1).fill(0),
  );
  for (const [row, line] of one.entries()) {
    for (const [column, weight] of line.entries()) {
      for (const [i, weights] of other.entries()) {
        for (const [j, value] of weights.entries()) {
          merged[row + i][column + j] += Math.fround(weight) * Math.fround(value);
        }
      }
    }
  }
  return merged.map((line) => line.map(Math.fround));
}

/** The most by which rounding alone can set the two maps apart (FilterMerge.rounding). */
function roundingOf(image, first, second) {
  const sum = (rows) => rows.flat().reduce((total, one) => total + Math.abs(Math.fround(one)), 0);
  const cells = [first, second, merge(first, second)].map((rows) => rows.flat().length);
  const terms = cells.reduce((total, one) => total + one, 2);
  return terms * HALF_STEP * sum(first) * sum(second) * brightestOf(image);
}

const BRIGHTEST = new WeakMap();

function brightestOf(image) {
  if (BRIGHTEST.has(image)) return BRIGHTEST.get(image);
  let most = 0;
  for (const value of image.values) {
    const size = Math.abs(value);
    if (size > most && size < Infinity) most = size;
  }
  BRIGHTEST.set(image, most);
  return most;
}

function bankOf(rows) {
  const [height, width] = [rows.length, rows[0].length];
  return { height, width, channels: 1, weights: Float32Array.from(rows.flat()) };
}

/** Two filters and the one, following the hand: only what changed is computed anew. */
export class Merging {
  #first = new Convolution();
  #second = new Convolution();
  #merged = new Convolution();
  #middle = null; // {image, key, map, zeroed}
  #difference = new Float32Array(0); // written again and again

  /** How many numbers have to be touched for the maps: what they cost. */
  work(image, { first, second, between }, both) {
    const stale = this.#stale(image, first, between);
    const middle = {
      height: image.height - first.length + 1,
      width: image.width - first[0].length + 1,
    };
    const seen = stale ? { ...middle, channels: 1 } : this.#middle.map;
    const size = image.height * image.width;
    return (
      (stale ? this.#first.work(image, bankOf(first), {}) + size : 0) +
      this.#second.work(seen, bankOf(second), {}) +
      (both ? this.#merged.work(image, bankOf(merge(first, second)), {}) + 4 * size : 0) +
      2 * size
    );
  }

  /**
   * Compute the maps; with `both`, the one filter's and the difference too. Good until the next run.
   * @returns {{middle: Image, two: Object, zeroed: number, one?: Object, difference?: Object,
   *   largest?: number, differing?: number, rounding?: number} | null} null if they do not fit
   */
  run(image, pair, both) {
    const { first, second, between } = pair;
    if (!fits(image, first, second)) return null;
    if (this.#stale(image, first, between)) {
      this.#keep(image, pair, this.#first.run(image, bankOf(first), {}));
    }
    const { map: middle, zeroed } = this.#middle;
    const two = this.#second.run(middle, bankOf(second), {});
    if (!both) return { middle, two, zeroed };
    const one = this.#merged.run(image, bankOf(merge(first, second)), {});
    return { middle, two, zeroed, one, ...this.#compared(image, pair, two, one) };
  }

  /** The same in a worker. */
  async runApart(worker, image, pair, both) {
    const { first, second } = pair;
    if (!fits(image, first, second)) return null;
    this.#keep(image, pair, await this.#first.runApart(worker, image, bankOf(first), {}));
    const { map: middle, zeroed } = this.#middle;
    const two = await this.#second.runApart(worker, middle, bankOf(second), {});
    if (!both) return { middle, two, zeroed };
    const one = await this.#merged.runApart(worker, image, bankOf(merge(first, second)), {});
    return { middle, two, zeroed, one, ...this.#compared(image, pair, two, one) };
  }

  #stale(image, first, between) {
    const key = JSON.stringify([first, between]);
    return this.#middle?.image !== image || this.#middle.key !== key;
  }

  /** Keep the map between as an image of its own: a new one, so that nobody adds to an old one. */
  #keep(image, { first, between }, { height, width, values }) {
    let below = 0;
    for (let k = 0; k < values.length; k++) if (values[k] < 0) below += 1;
    if (between === "relu") relu(values, values);
    const map = { height, width, channels: 1, values: values.subarray() };
    const key = JSON.stringify([first, between]);
    this.#middle = { image, key, map, zeroed: below / values.length };
  }

  #compared(image, { first, second }, two, one) {
    const rounding = roundingOf(image, first, second),
      { height, width } = two,
      size = height * width;
    if (this.#difference.length !== size) this.#difference = new Float32Array(size);
    const values = this.#difference;
    let largest = 0,
      differing = 0;
    for (let k = 0; k < size; k++) {
      values[k] = two.values[k] - one.values[k];
      const apart = Math.abs(values[k]);
      if (apart > largest) largest = apart;
      if (apart > rounding) differing += 1;
    }
    const difference = { height, width, values };
    return { difference, largest, differing: differing / size, rounding };
  }
}

function fits(image, first, second) {
  const rows = first.length + second.length - 1,
    columns = first[0].length + second[0].length - 1;
  return image.height >= rows && image.width >= columns;
}

/** One pixel of both maps, taken the long way (for a pixel that is pointed at). */
export function pixelOf(image, { first, second, between }, row, column) {
  const at = (rows, read) => {
    let sum = 0;
    for (const [i, line] of rows.entries()) {
      for (const [j, weight] of line.entries()) sum += weight * read(i, j);
    }
    return sum;
  };
  const under = (i, j) => image.values[(row + i) * image.width + column + j];
  const two = at(second, (i, j) => {
    const sum = at(first, (k, l) => under(i + k, j + l));
    return between === "relu" ? Math.max(0, sum) : sum;
  });
  return { two, one: at(merge(first, second), under) };
}
