// One pooling taken apart in words: what an output is made of, where a gradient goes.

import { make, put } from "./dom.js";
import { counted, numberText } from "./numbers.js";
import { placeOf } from "./overlay.js";

const HINT =
  "Point at a number, or go to it with Tab and the arrow keys: what belongs to it is framed. " +
  "Or step from window to window.";

/**
 * @typedef {Object} Pooled
 * @property {Pooling} pooling - as in twin/pooling.js
 * @property {boolean} backward
 * @property {number[][]} upstream - what comes back to every output
 * @property {Steps} steps
 */

export class PoolInspector {
  constructor() {
    this.words = make("p", { "data-role": "words" });
    this.sums = make("p", { class: "cnnlab-hint", "data-role": "sums" });
    this.element = make("div", { class: "cnnlab-pooled" }, this.words, this.sums);
  }

  /**
   * Show what is known of an output or of a number of the image, by its index; returns it.
   * @param {Pooled} pooled
   * @param {{output: number | null, image: number | null}} here
   */
  show(pooled, { output, image }) {
    const { fits } = pooled.pooling;
    let words = "";
    if (fits && output !== null) words = `Output ${outputInWords(pooled, output)}.`;
    if (fits && image !== null) words = `Number ${pixelInWords(pooled, image)}.`;
    put(this.words, "textContent", words || HINT);
    put(this.sums, "textContent", fits && pooled.backward ? sumsInWords(pooled) : "");
    return words;
  }
}

function placeInWords(index, { width }) {
  const { row, column } = placeOf(index, width);
  return `row ${row}, column ${column}`;
}

function outputInWords({ pooling, backward, upstream }, k) {
  const { kind, image, output, windows, how } = pooling,
    place = `in ${placeInWords(k, output)}`,
    result = numberText(output.values[k]),
    gradient = upstream.flat()[k];
  const under = windows[k].map((pixel) => image.values[pixel]),
    values = under.map((one) => numberText(one, 2)),
    size = how.window ** 2,
    pads = size - under.length;
  if (kind === "average" && !backward) {
    const zeros = pads ? ` + ${counted(pads, "zero")} of padding` : "";
    return `${place}: (${values.join(" + ")}${zeros}) / ${size} = ${result}`;
  }
  if (kind === "average") {
    const lost = pads ? `, and ${counted(pads, "share")} to the padding, where they are lost` : "";
    const share = `${numberText(gradient)} / ${size} = ${numberText(gradient / size)}`;
    return `${place}: ${share} flows back to each of ${counted(under.length, "number")}${lost}`;
  }
  const equal = under.filter((one) => one === output.values[k]).length;
  const first = equal > 1 ? `, the first of ${equal} equal ones` : "";
  const from = `${result} from ${placeInWords(pooling.winners[k], image)}${first}`;
  if (backward) return `${place}: all of ${numberText(gradient)} flows back to the winner, ${from}`;
  return `${place}: the largest of ${values.join(", ")} is ${from}`;
}

function pixelInWords({ pooling, backward, upstream, steps }, pixel) {
  const { kind, image, how } = pooling,
    place = `in ${placeInWords(pixel, image)}`;
  const over = pooling.over(pixel);
  if (!over.length) return `${place}: no window reaches it`;
  const fed = over.filter((k) => pooling.sources(k).includes(pixel));
  if (!backward) {
    const part = kind === "max" ? `wins in ${fed.length}` : `a share of it goes into each`;
    return `${place} lies under ${counted(over.length, "window")}; ${part}`;
  }
  const share = kind === "max" ? 1 : how.window ** 2;
  const parts = fed.filter((k) => steps.has(k)).map((k) => upstream.flat()[k] / share);
  const sum = parts.reduce((total, one) => total + one, 0);
  const added = parts.length > 1 ? `${parts.map((one) => numberText(one)).join(" + ")} = ` : "";
  const none = parts.length ? "" : fed.length ? " so far" : ", for it wins in no window";
  return `${place} gets ${added.replaceAll("+ −", "− ")}${numberText(sum)}${none}`;
}

function sumsInWords({ pooling, upstream, steps }) {
  const done = upstream.flat().map((one, k) => (steps.has(k) ? one : 0));
  const total = (values) => values.reduce((sum, one) => sum + one, 0);
  const [given, arrived] = [
    total(done),
    total(Array.from(pooling.backward({ values: done }).values)),
  ];
  const lost = given - arrived;
  const rest =
    Math.abs(lost) < 1e-4 ? "nothing is lost" : `${numberText(lost)} went to the padding`;
  return `From above ${numberText(given)}, to the numbers ${numberText(arrived)}: ${rest}.`;
}
