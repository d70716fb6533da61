// Sizes along one side of an image: the browser's twin of shapes.py, its messages too.

import { sideOf } from "./window.js";

/**
 * @typedef {Object} Along
 * @property {number} size
 * @property {number} window
 * @property {number} stride
 * @property {number | "same" | "valid"} padding
 * @property {number} dilation
 *
 * @typedef {Object} Laid
 * A window laid along a side, every number resolved.
 * @property {number} before - zeros in front, as is `after` for those behind
 * @property {number} padded
 * @property {number} reach - pixels from the first to the last weight
 * @property {number} outputs - places of the window; 0 where it does not fit
 * @property {number} dropped - padded pixels at the far end that no place reaches
 * @property {string} error - why it does not fit, in words
 */

/** @returns {Along & Laid} */
export function laidAlong(along) {
  const { size, window, stride, padding, dilation } = along;
  const { before, after, reach, outputs } = sideOf(size, window, stride, padding, dilation);
  const padded = before + size + after;
  const missing = Math.max(0, Math.ceil((reach - padded) / 2));
  const laid = { ...along, before, after, padded, reach };
  if (missing) {
    const error =
      `a window of ${reach} pixels does not fit in ${padded} pixels; ` +
      `use padding >= ${before + missing} or a smaller window`;
    return { ...laid, outputs: 0, dropped: 0, error };
  }
  const dropped = padded - ((outputs - 1) * stride + reach);
  return { ...laid, outputs, dropped, error: "" };
}

/** The pixel, less than zero in the padding, on which a place of the window begins. */
export function startOf({ stride, before }, place) {
  return place * stride - before;
}

/** The pixels on which the weights stand at a place of the window. */
export function tapsOf(laid, place) {
  const start = startOf(laid, place);
  return Array.from({ length: laid.window }, (_, tap) => start + tap * laid.dilation);
}

/** The pixels that no weight stands on at any place (shapes.untouched). */
export function untouched(laid) {
  const touched = new Set();
  for (let place = 0; place < laid.outputs; place++) {
    for (const pixel of tapsOf(laid, place)) touched.add(pixel);
  }
  return Array.from({ length: laid.size }, (_, pixel) => pixel).filter((one) => !touched.has(one));
}

/** What a window of ones finds at each place: the sum of what its weights stand on. */
export function sumsOf(laid, values, pad) {
  return Array.from({ length: laid.outputs }, (_, place) =>
    tapsOf(laid, place).reduce((sum, pixel) => sum + (values[pixel] ?? pad), 0),
  );
}

/**
 * The place that a framework which rounds up has besides, partly outside; null if there is none.
 * It begins within the image or the zeros in front of it, as in Caffe and with PyTorch's ceil_mode.
 */
export function roundedUp(laid) {
  const begins = startOf(laid, laid.outputs);
  const left = laid.outputs ? laid.padded - laid.reach - (laid.outputs - 1) * laid.stride : 0;
  return left > 0 && begins < laid.size ? laid.outputs : null;
}

/** Pixels that one number behind windows (window, stride, dilation) sees (shapes.receptive_field). */
export function receptiveField(windows) {
  let field = 1,
    jump = 1;
  for (const { window, stride, dilation } of windows) {
    field += dilation * (window - 1) * jump;
    jump *= stride;
  }
  return field;
}

/** From the first to the last number under a stretch of places; beyond the sides lies the padding. */
export function under(laid, [first, last]) {
  return [startOf(laid, first), startOf(laid, last) + laid.reach - 1];
}
