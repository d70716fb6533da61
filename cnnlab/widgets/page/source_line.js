// One calm line: whether the browser is on its own, and what helps.

import { make, put } from "./dom.js";

/** Says that no kernel answers, what goes on without, and what helps; silent while one does. */
export class SourceLine {
  /** @param {string} [without] - what goes on without a kernel */
  constructor(line, without = "") {
    Object.assign(this, { line, without });
    const attributes = { class: "cnnlab-source", "data-role": "source", role: "status" };
    this.element = make("p", { ...attributes, hidden: true });
  }

  show() {
    const { trouble } = this.line;
    put(this.element, "textContent", trouble && `${this.without}${trouble}`);
    put(this.element, "hidden", !trouble);
  }
}
