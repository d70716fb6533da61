// Sizes for both axes at once, or one for each; zeros per side, or "same".

import { wholeNumber } from "./controls.js";
import { make, put } from "./dom.js";

/**
 * One whole number for both axes, or one for each where read() gives a pair: (down, across).
 * @param {function(): number | number[]} read
 * @param {function(number | number[], Object=): void} write
 */
export function sidesField(control, words, range, read, write, refuse) {
  const at = (axis) => [read()].flat().at(axis);
  const one = (axis) => (value, gesture) =>
    write(
      read().map((old, k) => (k === axis ? value : old)),
      gesture,
    );
  const both = wholeNumber(control, words, range, () => at(-1), write, refuse);
  const each = ["down", "across"].map((way, axis) =>
    wholeNumber(`${control}-${way}`, `${words} ${way}`, range, () => at(axis), one(axis), refuse),
  );
  const parts = [both, ...each];
  const element = make("span", { class: "cnnlab-sides" }, ...parts.map((part) => part.element));
  const show = () => {
    const apart = Array.isArray(read());
    put(both.element, "hidden", apart);
    for (const part of each) put(part.element, "hidden", !apart);
    for (const part of parts) part.show();
  };
  return { element, inputs: parts.map((part) => part.input), show };
}

/**
 * Zeros per side as `sidesField` has them, or a tick for "same", which works them out.
 * @param {function(): number | number[] | string} read - "valid" is shown as 0
 * @param {function(): number | number[]} none - what no padding is: 0, or a pair of them
 */
export function paddingField(control, words, range, { read, write, none, refuse }) {
  let kept = none();
  const numbers = () => {
    const value = read();
    return value === "same" ? kept : value === "valid" ? none() : value;
  };
  const field = sidesField(control, words, range, numbers, write, refuse);
  const box = make("input", {
    type: "checkbox",
    "data-control": `${control}-same`,
    "aria-label": `${words}: same`,
    onchange: () => write(box.checked ? "same" : kept),
  });
  const said = make("span", {}, "same");
  const tick = make("label", { class: "cnnlab-field" }, box, said);
  const element = make("span", { class: "cnnlab-sides" }, field.element, tick);
  const show = () => {
    const same = read() === "same";
    if (!same) kept = numbers();
    put(box, "checked", same);
    put(said, "textContent", same ? `${words}: same` : "same");
    put(field.element, "hidden", same);
    field.show();
  };
  return { element, show };
}
