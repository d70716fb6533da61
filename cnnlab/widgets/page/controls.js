// Controls bound to a setting: each writes it and follows it. What they offer is said in Python,
// where the setting is declared, and read here from the facts of the session.

import { make, put } from "./dom.js";
import { resized } from "./numbers.js";
import { scrubbing } from "./scrubbing.js";

/**
 * @typedef {Object} Control
 * @property {HTMLElement} element
 * @property {function(): void} show - follow the setting
 */

/** A whole number in a field with arrows. */
export function count(session, name, words) {
  const change = (value, gesture) => session.change({ [name]: value }, gesture ?? `count ${name}`);
  return wholeNumber(
    name,
    words,
    session.facts.settings[name],
    () => session.settings[name],
    change,
  );
}

/** Rows and columns of a grid of numbers: what is new is zero, what is cut off can be undone. */
export function sizeOf(session, name, words = ["Rows", "Columns"]) {
  const rows = () => session.settings[name];
  const change = (height, width, gesture) =>
    session.change({ [name]: resized(rows(), height, width) }, gesture ?? `size ${name}`);
  const { most, rows: mostRows } = session.facts.settings[name];
  const [down, across] = [mostRows, most].map((most) => ({ least: 1, most }));
  const [height, width] = [() => rows().length, () => rows()[0].length];
  return [
    wholeNumber(`${name}-rows`, words[0], down, height, (value, gesture) =>
      change(value, width(), gesture),
    ),
    wholeNumber(`${name}-columns`, words[1], across, width, (value, gesture) =>
      change(height(), value, gesture),
    ),
  ];
}

/**
 * A whole number to type, to drag sideways, or to change with arrow keys, whatever it belongs to.
 * @param {string} control - its name for the style sheet and for tests
 * @param {{least: number, most: number}} range
 * @param {function(): number} read
 * @param {function(number, Object=): void} write - the second is the gesture, if one is held
 * @param {function(string): void} [refuse] - hears in words what cannot be set, and "" when it can
 */
export function wholeNumber(control, words, { least, most }, read, write, refuse = () => {}) {
  const input = make("input", {
    type: "number",
    class: most < 1000 ? "cnnlab-count" : "cnnlab-count cnnlab-count-long",
    min: least,
    max: most,
    step: 1,
    "data-control": control,
    oninput: () => {
      const value = Math.round(Number(input.value));
      const fits = input.value && value >= least && value <= most;
      refuse(fits || !input.value ? "" : `${words} can be ${least} to ${most} here.`);
      if (fits) write(value);
    },
    onblur: () => {
      refuse("");
      input.value = read();
    },
  });
  scrubbing(input, read, (value, gesture) =>
    write(Math.max(least, Math.min(most, value)), gesture),
  );
  const show = () => {
    const value = read();
    if (document.activeElement !== input || Number(input.value) !== value) input.value = value;
  };
  return { element: labelled(words, input), input, show };
}

/** One of a few values in a list. */
export function oneOf(session, name, words) {
  const { options } = session.facts.settings[name];
  const values = new Map(options.map(([value]) => [String(value), value]));
  const list = choice(
    words,
    options.map(([value, text]) => [String(value), text]),
    (text) => session.change({ [name]: values.get(text) }),
    { "data-control": name },
  );
  const show = () => {
    const value = session.settings[name],
      text = String(value);
    if (!values.has(text)) {
      values.set(text, value); // set in Python
      list.select.append(make("option", { value: text }, text));
    }
    put(list.select, "value", text);
  };
  return { element: list.element, show };
}

/** One of a few words as buttons side by side; `change` may say what else changes with it. */
export function buttons(session, name, words, options, change = (value) => ({ [name]: value })) {
  const group = segments(words, options ?? session.facts.settings[name].options, (value) => {
    if (value !== session.settings[name]) session.change(change(value));
  });
  group.element.dataset.control = name;
  return { element: group.element, show: () => group.show(session.settings[name]) };
}

/** Yes or no, as a box to tick. */
export function switched(session, name, words) {
  const box = make("input", {
    type: "checkbox",
    "data-control": name,
    onchange: () => session.change({ [name]: box.checked }),
  });
  const element = make("label", { class: "cnnlab-field" }, box, make("span", {}, words));
  return { element, show: () => put(box, "checked", session.settings[name]) };
}

/** A labelled list: options are [value, words] pairs. */
export function choice(words, options, onchoose, attributes = {}) {
  const select = make(
    "select",
    { class: "cnnlab-select", onchange: () => onchoose(select.value), ...attributes },
    ...options.map(([value, text]) => make("option", { value }, text)),
  );
  return { select, element: labelled(words, select) };
}

/** A few choices side by side, one of them pressed: [value, text, words for those who listen]. */
export function segments(words, options, onchoose) {
  const parts = new Map(
    options.map(([value, text, tip]) => [
      value,
      make(
        "button",
        {
          type: "button",
          class: "cnnlab-segment",
          "data-tip": tip,
          "aria-label": tip,
          "aria-pressed": "false",
          onclick: () => onchoose(value),
        },
        text,
      ),
    ]),
  );
  const attributes = { class: "cnnlab-segments", role: "group", "aria-label": words };
  return {
    element: make("div", attributes, ...parts.values()),
    show(chosen) {
      for (const [value, part] of parts) put(part, "ariaPressed", String(value === chosen));
    },
  };
}

function labelled(words, control) {
  return make("label", { class: "cnnlab-field" }, make("span", {}, words), control);
}
