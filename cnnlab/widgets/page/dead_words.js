// Whether a unit is dead, in words: on some pixels, on all of a picture, or whatever it is shown.

import { numberText, percent } from "./numbers.js";
import { rangeOf } from "./twin/colour.js";

/**
 * @param {{zero: number, dead: number, slopes: number[], height: number, width: number}} frame -
 *   shares of the pixels with output 0 and with slope 0, least and largest slope
 * @param {{function: string, filter: number[][], bias: number}} settings
 * @param {Image} image
 * @param {number} white - the largest number that a pixel may have
 */
export function deadInWords({ zero, dead, slopes, height, width }, settings, image, white) {
  const count = (height * width).toLocaleString("en");
  if (dead < 1) {
    const shares = `${percent(zero)} have output 0 and ${percent(dead)} slope 0 (dead here)`;
    const between = `slopes from ${numberText(slopes[0])} to ${numberText(slopes[1])}`;
    const living = " The unit is alive: the other pixels let the gradient through.";
    return `Of ${count} pixels ${shares}; ${between}.${dead > 0 ? living : ""}`;
  }
  const here = `Dead on every one of ${count} pixels: slope 0, so nothing flows back.`;
  const { function: name, filter, bias } = settings;
  if (name !== "relu" || rangeOf(image.values)[0] < 0) {
    return `${here} This picture cannot move its weights.`;
  }
  const most = reachOf(filter, white)[1],
    top = most + bias;
  const sum = `${numberText(most)} ${bias < 0 ? "−" : "+"} ${numberText(Math.abs(bias))}`;
  const largest = `The largest sum that any picture could give is ${sum} = ${numberText(top)}`;
  const end = top > 0 ? "another picture might wake it" : "no picture can wake it, for ever dead";
  return `${here} ${largest}: ${end}.`;
}

/** Least and largest sum that a filter can make of pixels from 0 to white. */
function reachOf(filter, white) {
  const weights = filter.flat(2);
  const sum = (sign) => weights.reduce((total, one) => total + Math.max(0, sign * one), 0);
  return [-white * sum(-1), white * sum(1)];
}

/** As far as a bias has to go to decide alone. */
export function biasRange(filter) {
  const most = Math.ceil(1.1 * Math.max(...reachOf(filter, 1).map(Math.abs))) || 1;
  return [-most, most];
}
