// A slider, and numbers bound to a setting: a cell to type into, or both together.

import { make, put } from "./dom.js";
import { NumberGrid } from "./number_grid.js";
import { numberText } from "./numbers.js";

const PLAIN = { background: "var(--paper-low)", ink: "var(--ink)" };

/** A slider; attributes and listeners as of make(). */
export function slider(attributes) {
  return make("input", { type: "range", class: "cnnlab-slider", ...attributes });
}

/** A number from zero to `most()` as a slider of twenty steps, written beside it. */
export function sliderOf(session, name, words, most) {
  let gesture = {}; // one step of undo, however long the slider is held
  const input = slider({
    min: 0,
    "data-control": name,
    onpointerdown: () => {
      gesture = { held: true };
    },
    oninput: () => session.change({ [name]: Number(input.value) }, gesture),
    onchange: () => {
      gesture.held = false;
    },
  });
  const written = make("output", { class: "cnnlab-written" });
  const slid = make("span", { class: "cnnlab-slid" }, input, written);
  const element = make("label", { class: "cnnlab-field" }, make("span", {}, words), slid);
  const show = () => {
    const value = session.settings[name];
    put(input, "max", String(most()));
    put(input, "step", String(most() / 20));
    put(input, "value", String(value));
    put(written, "textContent", numberText(value));
  };
  return { element, show };
}

/** A number to type, drag or step in a cell; one that is too small becomes the least. */
export function amount(session, name, words, { step = 0.1 } = {}) {
  const { least } = session.facts.settings[name];
  const set = (_row, _column, value, gesture) =>
    session.change({ [name]: least === null ? value : Math.max(least, value) }, gesture);
  const grid = new NumberGrid(words, set, { step, describe: () => words });
  const attributes = { class: "cnnlab-field cnnlab-amount", "data-control": name };
  const element = make("div", attributes, make("span", {}, words), grid.element);
  return { element, show: () => grid.update([[session.settings[name]]], () => PLAIN) };
}

/**
 * The same with a slider beside it.
 * @param {{step?: number, range: function(): [number, number]}} how - from where to where the slider
 *   goes now; a number set otherwise may lie beyond
 */
export function sliding(session, name, words, { step = 0.01, range }) {
  const cell = amount(session, name, words, { step: 10 * step });
  const input = slider({
    step,
    "aria-label": words,
    "data-control": `${name}-slider`,
    oninput: () => session.change({ [name]: Number(input.value) }, `slide ${name}`),
  });
  cell.element.append(input);
  const show = () => {
    cell.show();
    const value = session.settings[name],
      [low, high] = range();
    put(input, "min", String(Math.min(low, value)));
    put(input, "max", String(Math.max(high, value)));
    if (Number(input.value) !== value) input.value = value;
    put(input, "ariaValueText", numberText(value));
  };
  return { element: cell.element, show };
}
