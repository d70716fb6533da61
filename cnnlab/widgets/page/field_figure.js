// What one number behind a chain of layers sees, along one side: drawn, and in words.

import { make, put } from "./dom.js";
import { FieldDrawing, traced } from "./field_drawing.js";
import { figure } from "./figure.js";
import { counted, numberText } from "./numbers.js";

export class FieldFigure {
  /**
   * @param {number} axis - 0 is down, 1 across
   * @param {function(number): void} pick - another number of the last layer was chosen
   */
  constructor(axis, pick) {
    this.axis = axis;
    this.drawing = new FieldDrawing(pick);
    this.title = make("strong", {});
    this.words = make("p", { "data-role": "field" });
    const attributes = { role: "group", "data-axis": ["down", "across"][axis] };
    this.element = figure([this.title], attributes, this.drawing.element, this.words);
    this.element.classList.add("cnnlab-strip-figure");
  }

  /**
   * Show a chain; where both axes are alike, one figure stands for both. Returns it in words.
   * @param {Level[]} levels
   * @param {number | null} place - the number that is traced; null is the one in the middle
   */
  show(levels, place, alike) {
    const hidden = levels.length < 2 || (alike && this.axis === 0);
    put(this.element, "hidden", hidden);
    if (hidden) return "";
    const { size } = levels.at(-1),
      here = Math.min(size - 1, place ?? Math.floor(size / 2));
    const words = inWords(levels, here);
    const label = alike ? "What one number sees" : ["Down", "Across"][this.axis];
    put(this.element, "ariaLabel", label);
    put(this.title, "textContent", `${label}: ${levels.map((one) => one.sees).join(" → ")} pixels`);
    put(this.words, "textContent", words);
    this.drawing.show({ levels, place: here, words });
    return words;
  }

  dispose() {
    this.drawing.dispose();
  }
}

function inWords(levels, place) {
  const { size, sees } = levels.at(-1),
    image = levels[0].size,
    [first, last] = traced(levels, place)[0];
  const which = size > 1 ? `Number ${place}, of 0 to ${size - 1},` : "The one number";
  const lost = Math.max(0, -first) + Math.max(0, last - image + 1);
  const pads = lost ? `, ${lost} of them padding` : "";
  const from = `${numberText(first)} to ${numberText(last)}`;
  return `${which} behind the last window sees ${counted(sees, "pixel")}: ${from}${pads}.`;
}
