// Pooling of one image of one channel, forward and backward: the browser's twin of naive/pooling.py.

import { sideOf } from "./window.js";

/**
 * @typedef {{height: number, width: number, values: Float32Array}} Grid
 * @typedef {{window: number, stride: number, padding: number}} How
 * @typedef {{down: Object, across: Object, stride: number}} Places - sides as in window.js
 */

/**
 * Where the windows lie on an image.
 * @returns {Places | null} null if the window does not fit
 */
export function placesOf({ height, width }, { window, stride, padding }) {
  const down = sideOf(height, window, stride, padding),
    across = sideOf(width, window, stride, padding);
  return down.outputs < 1 || across.outputs < 1 ? null : { down, across, stride };
}

/** The first row and column under the window of an output; less than zero in the padding. */
export function cornerOf({ down, across, stride }, row, column) {
  return { top: row * stride - down.before, left: column * stride - across.before };
}

/** The pixels under the window of an output, row by row, without padding, by their index. */
function pixelsUnder({ height, width }, places, row, column) {
  const { top, left } = cornerOf(places, row, column),
    found = [];
  for (let i = Math.max(0, top); i < Math.min(height, top + places.down.reach); i++) {
    for (let j = Math.max(0, left); j < Math.min(width, left + places.across.reach); j++) {
      found.push(i * width + j);
    }
  }
  return found;
}

/** Call act(output, pixels) for every window, row by row; returns the size of the output. */
function forEachWindow(image, places, act) {
  const height = places.down.outputs,
    width = places.across.outputs;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      act(row * width + column, pixelsUnder(image, places, row, column));
    }
  }
  return { height, width };
}

/** The index of the largest pixel; the first one if several tie, NaN before all; -1 for none. */
function winnerOf(values, pixels) {
  let winner = -1,
    largest = -Infinity;
  for (const k of pixels) {
    const value = values[k];
    if (winner < 0 || value > largest || (Number.isNaN(value) && !Number.isNaN(largest))) {
      winner = k;
      largest = value;
    }
  }
  return winner;
}

/** For every window the index of the pixel that wins, -1 over nothing but padding. */
export function winnersOf(image, how) {
  const winners = [];
  const places = placesOf(image, how);
  if (places) {
    forEachWindow(image, places, (_, pixels) => winners.push(winnerOf(image.values, pixels)));
  }
  return winners;
}

/** Keep the largest number under each window; padding never wins. Null if the window does not fit. */
export function maxPool2d(image, how) {
  const places = placesOf(image, how);
  if (!places) return null;
  const height = places.down.outputs,
    width = places.across.outputs;
  const largest = (winner) => (winner < 0 ? -Infinity : image.values[winner]);
  return { height, width, values: Float32Array.from(winnersOf(image, how), largest) };
}

/** Average what lies under each window; padding counts as zeros. Null if the window does not fit. */
export function avgPool2d(image, how) {
  const places = placesOf(image, how);
  if (!places) return null;
  const values = [];
  const size = forEachWindow(image, places, (_, pixels) => {
    values.push(pixels.reduce((sum, k) => sum + image.values[k], 0) / how.window ** 2);
  });
  return { ...size, values: Float32Array.from(values) };
}

/** Hand each gradient back to the pixel that won, where it is added to what is there. */
export function maxPool2dBackward(gradient, image, how) {
  const values = new Float32Array(image.values.length);
  for (const [output, winner] of winnersOf(image, how).entries()) {
    if (winner >= 0) values[winner] += gradient.values[output];
  }
  return { height: image.height, width: image.width, values };
}

/** Share each gradient out equally among the pixels that were averaged. */
export function avgPool2dBackward(gradient, image, how) {
  const sums = new Float64Array(image.values.length);
  forEachWindow(image, placesOf(image, how), (output, pixels) => {
    for (const k of pixels) sums[k] += gradient.values[output] / how.window ** 2;
  });
  return { height: image.height, width: image.width, values: Float32Array.from(sums) };
}

/** Rows of numbers as one grid. */
export function gridOf(rows) {
  return { height: rows.length, width: rows[0].length, values: Float32Array.from(rows.flat()) };
}

/** One pooling, taken apart: what lies under which window, who wins, what takes no part. */
export class Pooling {
  /**
   * @param {Grid} image
   * @param {"max" | "average"} kind
   * @param {How} how - more padding than half the window does not fit: it would leave windows empty
   */
  constructor(image, kind, how) {
    Object.assign(this, { image, kind, how, windows: [], output: null, winners: [] });
    this.places = 2 * how.padding > how.window ? null : placesOf(image, how);
    if (!this.places) return;
    forEachWindow(image, this.places, (_, pixels) => this.windows.push(pixels));
    this.output = kind === "max" ? maxPool2d(image, how) : avgPool2d(image, how);
    if (kind === "max") this.winners = winnersOf(image, how);
  }

  get fits() {
    return this.places !== null;
  }

  /** What flows back to the image from a gradient of the output. */
  backward(gradient) {
    const back = this.kind === "max" ? maxPool2dBackward : avgPool2dBackward;
    return back(gradient, this.image, this.how);
  }

  /** The outputs whose windows lie over a pixel. */
  over(pixel) {
    return [...this.windows.keys()].filter((output) => this.windows[output].includes(pixel));
  }

  /** The pixels on which an output depends: the winner, or all under the window. */
  sources(output) {
    return this.kind === "max" ? [this.winners[output]] : this.windows[output];
  }
}
