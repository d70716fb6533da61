// One small map of several: pixels, the number on each, what is still to come, frames.

import { fill, make, put, putStyle } from "./dom.js";
import { figure } from "./figure.js";
import { numberText } from "./numbers.js";
import { placeOf } from "./overlay.js";
import { COLOURS, Picture } from "./paint.js";
import { POINTABLE } from "./pointing.js";
import { levelsOf } from "./twin/colour.js";

export class MapTile {
  /** @param {string} name - for those who listen, and until show() gives another */
  constructor(name, attributes = POINTABLE) {
    this.picture = new Picture("map", name, { ...attributes, "aria-roledescription": "map" });
    this.texts = [];
    this.later = make("path", { class: "cnnlab-later" });
    this.frames = make("g", {});
    // A drawing of its own: the numbers below are not laid out anew at every step.
    this.drawing = make("svg", { class: "cnnlab-overlay", "aria-hidden": "true" });
    this.drawing.append(this.later, this.frames);
    this.picture.element.append(this.drawing);
    this.title = make("strong", {});
    this.size = make("span", {});
    const caption = [this.title, this.size];
    this.element = figure(caption, { "data-role": "tile" }, this.picture.element);
  }

  /**
   * Show numbers; only what differs is written anew.
   * @param {{height: number, width: number, values: ArrayLike<number | null>}} map
   * @param {{title: string, label?: string, size?: string, limit: number, palette: string,
   *   source: string, digits?: number}} how
   */
  show(
    { height, width, values },
    { title, label = title, size = "", limit, palette, source, digits = 2 },
  ) {
    const { picture } = this;
    const numbers = Float32Array.from(values, (one) => one ?? NaN);
    const steps = levelsOf(numbers, limit, COLOURS[palette].signed);
    picture.paint({ height, width, steps, palette, same: this.#same(steps, palette) }, source);
    picture.element.classList.remove("cnnlab-stale");
    const box = `0 0 ${width} ${height}`;
    if (this.box !== box) this.drawing.setAttribute("viewBox", box);
    this.box = box;
    put(this.title, "textContent", title);
    put(this.size, "textContent", size);
    put(picture.canvas, "ariaLabel", `${label}: ${height} rows, ${width} columns`);
    putStyle(this.element, "--columns", width);
    const { looks } = COLOURS[palette];
    this.#write(values, digits, (k) => looks[steps[k]].ink);
  }

  #same(steps, palette) {
    const key = `${steps.join()} ${palette} ${this.picture.width}`;
    const same = this.painted === key && this.theme === COLOURS[palette];
    Object.assign(this, { painted: key, theme: COLOURS[palette] });
    return same;
  }

  #write(values, digits, ink) {
    const { picture } = this;
    while (this.texts.length > values.length) this.texts.pop().element.remove();
    while (this.texts.length < values.length) {
      this.texts.push({ element: make("text", {}, ""), look: {} });
      picture.overlay.append(this.texts.at(-1).element);
    }
    for (const [k, { element, look }] of this.texts.entries()) {
      const text = numberText(values[k], digits),
        { row, column } = placeOf(k, picture.width),
        size = Math.min(0.38, 1.5 / text.length);
      const now = { x: column + 0.5, y: row + 0.5, "font-size": size, fill: ink(k) };
      for (const [name, value] of Object.entries(now)) {
        if (look[name] === value) continue;
        look[name] = value;
        element.setAttribute(name, value);
      }
      put(element.firstChild, "data", text);
    }
  }

  /** The map belongs to older settings. */
  fade() {
    this.picture.element.classList.add("cnnlab-stale");
    this.cover([]);
    this.mark();
  }

  /** Cover what is still to come, by index. */
  cover(indices) {
    const square = (k) => {
      const { row, column } = placeOf(k, this.picture.width);
      return `M${column} ${row}h1v1h-1z`;
    };
    const path = indices.map(square).join("");
    if (this.covered === path) return;
    this.covered = path;
    this.later.setAttribute("d", path);
  }

  /** Draw frames or marks, in place of those before. */
  mark(...elements) {
    fill(this.frames, ...elements);
  }
}
