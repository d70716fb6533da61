// One axis of a size: its strip, the steps along it, what happens in words, the formula.

import { make, put } from "./dom.js";
import { figure } from "./figure.js";
import { SizeFormula } from "./size_formula.js";
import { placeInWords, placesInWords, rulersInWords } from "./size_words.js";
import { StepBar } from "./stepping.js";
import { Strip } from "./strip.js";

export class StripFigure {
  /**
   * @param {Object} session - has `axes` and `change`
   * @param {number} axis - 0 is down, 1 across
   */
  constructor(session, axis) {
    Object.assign(this, { session, axis });
    const [label, noun] = [
      ["Height", "row"],
      ["Width", "column"],
    ][axis];
    Object.assign(this, { label, noun });
    const { steps } = session.axes[axis];
    this.strip = new Strip(label, noun, {
      set: (...change) => session.setNumber(axis, ...change),
      pick: (place) => steps.to(place + 1),
    });
    this.bar = new StepBar(steps, "place");
    this.title = make("strong", {});
    this.zeros = make("span", { "data-role": "zeros" });
    this.titles = ["above", "below"].map((side) =>
      make("p", { class: "cnnlab-hint", "data-role": `ruler-${side}` }),
    );
    this.words = make("p", { "data-role": "words" });
    this.pointed = make("p", { class: "cnnlab-hint", "data-role": "place" });
    this.rulers = make("p", { "data-role": "rulers" });
    this.formula = new SizeFormula(`Formula of the ${label.toLowerCase()}`);
    const attributes = { role: "group", "data-axis": ["down", "across"][axis] };
    this.element = figure(
      [this.title, " ", this.zeros],
      attributes,
      this.titles[0],
      this.strip.element,
      this.titles[1],
      this.words,
      this.rulers,
      this.pointed,
      this.bar.element,
      this.formula.element,
    );
    this.element.classList.add("cnnlab-strip-figure");
  }

  /** Show one axis; `alone` where both are alike. Returns it in words. */
  show(alone) {
    const { rulers, values, steps } = this.session.axes[this.axis],
      { pad_value: pad } = this.session.settings,
      [{ laid }] = rulers;
    const { before, after, outputs, size } = laid;
    const label = alone ? "Height and width alike" : this.label;
    put(this.element, "ariaLabel", label);
    put(this.title, "textContent", `${label}: ${size} → ${laid.error ? "no size" : outputs}`);
    put(
      this.zeros,
      "textContent",
      before + after ? `padding ${before} + ${after}, together ${before + after}` : "no padding",
    );
    const two = rulers.length > 1;
    for (const [k, title] of this.titles.entries()) {
      put(title, "hidden", !two);
      const { laid: one, title: words } = rulers[k] ?? rulers[0];
      put(title, "textContent", `${words}: ${one.before} + ${one.after}`);
    }
    const words = placesInWords(laid, this.noun);
    put(this.words, "textContent", words);
    put(this.words.dataset, "state", laid.error ? "bad" : "fine");
    const compared = two && rulers.every((one) => !one.laid.error);
    const held = compared ? rulersInWords(...this.#pairs(rulers)) : "";
    put(this.rulers, "textContent", held);
    put(this.rulers, "hidden", !held);
    const place = steps.last;
    const told = rulers
      .filter((one) => place !== null && place < one.laid.outputs)
      .map((one) => {
        const said = placeInWords(one.laid, place, this.noun, values, pad);
        return two ? `${one.title}: ${said}` : said;
      });
    put(
      this.pointed,
      "textContent",
      told.join(" ") || "Step through the places, or click on one. Drag a number to change it.",
    );
    this.strip.show({ rulers, values, pad, place, words: `${label}: ${words}` });
    this.bar.show();
    put(this.bar.element, "hidden", !outputs);
    this.formula.show(laid, this.noun, rulers[1]?.laid);
    return place === null ? `${label}: ${words} ${held}` : told.join(" ");
  }

  #pairs(rulers) {
    return [rulers.map((one) => one.laid), rulers.map((one) => one.sums)];
  }

  dispose() {
    this.strip.dispose();
  }
}
