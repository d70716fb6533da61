// The formula of the output size with its numbers put in, one step a line, each line said in words.

import { make } from "./dom.js";
import { counted } from "./numbers.js";

const RULE = "floor((n + 2p − d(f − 1) − 1) / s) + 1";

export class SizeFormula {
  constructor(label) {
    this.element = make("ol", { class: "cnnlab-size-formula", "aria-label": label });
  }

  /**
   * @param {Along & Laid} laid
   * @param {string} noun - what is counted: "column" or "row"
   * @param {Along & Laid} [other] - the same window with symmetric padding
   */
  show(laid, noun, other) {
    const lines = [...linesOf(laid, noun), ...(other ? [lineOf(other)] : [])],
      look = JSON.stringify(lines);
    if (look === this.look) return;
    this.look = look;
    this.element.replaceChildren(
      ...lines.map(([sum, words]) =>
        make(
          "li",
          {},
          make("span", { class: "cnnlab-size-formula-sum" }, sum),
          make("span", {}, words),
        ),
      ),
    );
  }
}

/** @returns {[string, string][]} a step of the sum, and what it means */
export function linesOf(laid, noun) {
  const { size, window, stride, dilation, padding, before, after, padded, reach } = laid;
  const { outputs, dropped } = laid,
    lines = [];
  const free = padded - reach;
  if (padding === "same") {
    const wanted = Math.ceil(size / stride);
    const total = `(${wanted} − 1)·${stride} + ${reach} − ${size}`;
    lines.push([
      `ceil(n / s) = ceil(${size} / ${stride}) = ${wanted}`,
      stride === 1
        ? `“same” keeps the size, for the stride is 1`
        : `“same” means n / s rounded up: not n, which is ${size}`,
    ]);
    lines.push([
      `${total} = ${minus((wanted - 1) * stride + reach - size)}`,
      before + after
        ? `so many zeros are missing: ${before} before + ${after} after` +
          (before === after ? "" : "; the odd one goes behind")
        : "no zeros are needed",
    ]);
  }
  const zeros = before === after ? `2·${before}` : `${before} + ${after}`;
  const holes =
    dilation > 1
      ? `${counted(window, "weight")} as before, ${dilation} apart: they reach over ${reach} ${noun}s`
      : `${counted(window, "weight")} side by side reach over ${counted(reach, noun)}`;
  lines.push([RULE, "n pixels, p padding on each side, f weights, d apart, a stride of s"]);
  lines.push([
    `floor((${size} + ${zeros} − ${dilation}·(${window} − 1) − 1) / ${stride}) + 1`,
    holes,
  ]);
  if (laid.error) {
    lines.push([
      `${padded} − ${reach} = ${minus(free)}`,
      `the window is ${counted(-free, noun)} longer than the row with its padding: no place at all`,
    ]);
    return lines;
  }
  const jumps = outputs - 1;
  lines.push([
    `floor(${free} / ${stride}) + 1`,
    `from the first place it can still go ${counted(free, noun)}`,
  ]);
  lines.push([
    `${jumps} + 1`,
    `${free} = ${jumps}·${stride} + ${dropped}: the first place, then ${counted(jumps, "jump")} of ${stride}` +
      (dropped ? `; the remainder, ${dropped}, is dropped` : "; no remainder"),
  ]);
  lines.push([
    `= ${outputs}`,
    `${counted(outputs, "place")} of the window, so many numbers come out`,
  ]);
  return lines;
}

/** The whole sum in one line, for symmetric padding. */
function lineOf({ size, window, stride, dilation, before, outputs }) {
  const inner = `${size} + 2·${before} − ${dilation}·(${window} − 1) − 1`;
  return [
    `floor((${inner}) / ${stride}) + 1 = ${outputs}`,
    `symmetric: ${before} on each side, half of what the window reaches over`,
  ];
}

function minus(number) {
  return number < 0 ? `−${-number}` : String(number);
}
