// A data set to leaf through: the next image or the one before, of all classes or of one.

import { choice } from "./controls.js";
import { button, fields, make, put } from "./dom.js";

export class Leafing {
  /** @param {ExplorerSession} session - has `example`, and askExample(step, label) */
  constructor(session) {
    this.session = session;
    const { names } = session.facts.data;
    const options = [["", "All classes"], ...names.map((name, k) => [String(k), name])];
    this.kind = choice("Data set", options, () => this.#step(1), { "data-control": "class" });
    const step = (words, picture, way) =>
      button(words, { picture, onclick: () => this.#step(way) });
    this.example = make("span", { "data-role": "example" });
    this.element = fields(
      this.kind.element,
      step("Previous image", "back", -1),
      step("Next image", "forward", 1),
      this.example,
    );
    this.element.classList.add("cnnlab-leafing");
  }

  #step(way) {
    const { value } = this.kind.select;
    this.session.askExample(way, value === "" ? null : Number(value));
  }

  /** Say which image is shown. */
  show() {
    const { session } = this,
      { pattern } = session.picture.about,
      { count } = session.facts.data;
    const words = `Image ${pattern?.replace(": ", `, counted from 0 to ${count - 1}: `)}`;
    put(this.example, "textContent", session.example === null ? "A picture of your own" : words);
  }
}
