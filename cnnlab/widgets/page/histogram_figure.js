// How often which numbers occur in a map, as bars along the numbers.

import { Plot } from "./curves.js";
import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";

export class HistogramFigure {
  /** @param {string} label - such as "Histogram before" */
  constructor(label, look = "first") {
    Object.assign(this, { label, look });
    this.plot = new Plot(label, { ratio: 2.6, across: "number on a pixel" });
    this.element = make("div", { class: "cnnlab-histogram" }, this.plot.element);
  }

  /**
   * Show counts over a range; a bar higher than `top` (in percent) is cut off and says its height.
   * @param {number[]} counts
   * @param {[number, number]} range
   * @param {number} top
   */
  show(counts, [low, high], top) {
    const total = counts.reduce((sum, one) => sum + one, 0) || 1;
    const width = (high - low) / counts.length;
    const shares = counts.map((one) => (100 * one) / total);
    const points = shares.flatMap((share, k) => [
      [low + k * width, share],
      [low + (k + 1) * width, share],
    ]);
    const most = Math.max(...shares),
      at = low + (shares.indexOf(most) + 0.5) * width;
    const edge = 0.1 * (high - low); // what is written stays inside
    const inside = Math.max(low + edge, Math.min(high - edge, at));
    const notes =
      most > top ? [{ x: inside, y: top * 0.84, text: `↑ ${numberText(most, 0)} %` }] : [];
    const curves = [{ points, look: this.look, filled: true }];
    this.plot.show({ x: [low, high], y: [0, top], curves, notes });
    const words = `${this.label}: most pixels, ${numberText(most, 0)} %, near ${numberText(at, 2)}`;
    put(this.plot.element, "ariaLabel", words);
  }
}

/** A height, in percent, that shows all bars but the two highest: a peak would flatten the rest. */
export function roomOver(counts) {
  const total = counts.reduce((sum, one) => sum + one, 0) || 1;
  const third = [...counts].sort((one, other) => other - one)[2];
  return Math.max(2, (130 * third) / total);
}
