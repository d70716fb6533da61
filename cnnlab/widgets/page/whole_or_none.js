// A whole number that may be left out: typed as people write large ones.

import { make, put } from "./dom.js";

const UNITS = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/** Read 1,000,000 or 1000000, 1.5 M, 200k, 2e6; null for nothing, NaN for anything else. */
function readWhole(text) {
  const plain = text.replace(/[\s,_]/g, "").toLowerCase();
  if (!plain) return null;
  const parts = plain.match(/^(\d+\.?\d*(?:e\d+)?)([kmg]?)$/);
  const value = parts ? Math.round(Number(parts[1]) * UNITS[parts[2]]) : Number.NaN;
  return value >= 1 && value <= Number.MAX_SAFE_INTEGER ? value : Number.NaN;
}

export class WholeOrNone {
  /** @param {function(string): void} refuse - hears in words what cannot be set */
  constructor(session, name, words, refuse) {
    Object.assign(this, { session, name });
    this.input = make("input", {
      type: "text",
      class: "cnnlab-count cnnlab-whole",
      inputmode: "numeric",
      placeholder: "any",
      "data-control": name,
      oninput: () => {
        const value = readWhole(this.input.value);
        const bad = Number.isNaN(value);
        refuse(
          bad ? "A budget is a whole number such as 1,000,000, or 200k, 1.5M, 2G; or nothing." : "",
        );
        if (!bad) session.change({ [name]: value }, `budget ${name}`);
      },
      onblur: () => {
        refuse("");
        this.show();
      },
    });
    this.element = make("label", { class: "cnnlab-field" }, this.input, make("span", {}, words));
  }

  show() {
    const value = this.session.settings[this.name];
    if (document.activeElement === this.input && readWhole(this.input.value) === value) return;
    put(this.input, "value", value === null ? "" : value.toLocaleString("en-US"));
  }
}
