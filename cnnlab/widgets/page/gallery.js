// A gallery of feature maps, the slices of its filter below each: one of them is chosen, by click or
// by arrow keys.

import { make, put } from "./dom.js";
import { largestOf, numberText } from "./numbers.js";
import { COLOURS, Picture, signedPalette } from "./paint.js";
import { ARROWS } from "./pointing.js";
import { levelsOf } from "./twin/colour.js";

const SLICES = ["red", "green", "blue"];
const HIDDEN = { "aria-hidden": "true" };

/**
 * @typedef {Object} Maps
 * Feature maps of one size, as they are painted.
 * @property {number} height
 * @property {number} width
 * @property {{low: number, high: number, limit: number}[]} maps
 * @property {Uint8Array} steps - of all maps, one after another
 * @property {string} palette
 * @property {boolean} [same] - it is what is painted already
 */

/** One map of several, as a map by itself. */
export function mapOf(frame, number) {
  const { height, width, maps, steps, palette, same } = frame,
    size = height * width;
  const part = steps.subarray(number * size, (number + 1) * size);
  return { ...maps[number], height, width, steps: part, palette, same };
}

export class Gallery {
  /** @param {function(number): void} choose - hears which one the hand chose */
  constructor(label, columns, choose) {
    Object.assign(this, { columns, choose, tiles: [], chosen: 0 });
    this.element = make("div", {
      class: "cnnlab-gallery",
      role: "group",
      "aria-label": label,
      onkeydown: (event) => this.#key(event),
    });
    this.element.style.setProperty("--across", columns);
  }

  /**
   * Show whose maps they are.
   * @param {{name: string, filter: number[][][]}[]} filters - rows of red, green and blue
   */
  update(filters, chosen, palette) {
    this.chosen = chosen;
    if (this.tiles.length !== filters.length) {
      this.tiles = filters.map((_, k) => new Tile(k, this.choose));
      this.element.replaceChildren(...this.tiles.map(({ element }) => element));
    }
    for (const [k, { name, filter }] of filters.entries()) {
      this.tiles[k].showFilter(name, filter, palette, k === chosen);
    }
  }

  /** Show the maps. @param {Maps} frame */
  paint(frame, source) {
    this.element.style.setProperty("--ratio", frame.width / frame.height);
    for (const tile of this.tiles) tile.showMap(mapOf(frame, tile.number), source);
  }

  /** The maps belong to older settings. */
  fade(faded) {
    for (const { picture } of this.tiles) picture.element.classList.toggle("cnnlab-stale", faded);
  }

  /** What is to be said of the chosen one. */
  get words() {
    return this.tiles[this.chosen].words ?? "";
  }

  #key(event) {
    const way = ARROWS[event.key];
    const ends = { Home: 0, End: this.tiles.length - 1 };
    if (!way && !(event.key in ends)) return;
    event.preventDefault();
    const to = ends[event.key] ?? this.chosen + this.columns * way[0] + way[1];
    if (!this.tiles[to]) return;
    this.choose(to);
    this.tiles[to].element.focus();
  }
}

/** One map with its filter below it. */
class Tile {
  constructor(number, choose) {
    this.number = number;
    this.picture = new Picture("map", "", HIDDEN);
    this.slices = SLICES.map((channel) => {
      const slice = new Picture("slice", "", HIDDEN);
      slice.element.dataset.channel = channel;
      return slice;
    });
    const slices = this.slices.map(({ element }) => element);
    this.name = make("span", { class: "cnnlab-gallery-name" });
    this.element = make(
      "button",
      { type: "button", class: "cnnlab-gallery-tile", onclick: () => choose(number) },
      this.picture.element,
      make("span", { class: "cnnlab-gallery-slices" }, ...slices),
      this.name,
    );
  }

  showFilter(name, filter, palette, chosen) {
    this.title = name;
    put(this.name, "textContent", `${this.number} ${name}`);
    put(this.element, "ariaPressed", String(chosen));
    put(this.element, "tabIndex", chosen ? 0 : -1);
    const colours = signedPalette(palette),
      limit = largestOf(filter);
    const look = JSON.stringify([filter, COLOURS[colours].title]);
    if (look === this.look) return; // what stays the same costs no drawing
    this.look = look;
    const [height, width] = [filter.length, filter[0].length];
    for (const [c, slice] of this.slices.entries()) {
      const values = Float32Array.from(filter.flat().map((weight) => weight[c]));
      slice.paint({ height, width, steps: levelsOf(values, limit, true), palette: colours }, "");
    }
  }

  showMap(map, source) {
    this.picture.paint(map, source);
    const range = `from ${numberText(map.low, 2)} to ${numberText(map.high, 2)}`;
    this.words = `Map ${this.number}, ${this.title}: ${range}`;
    put(this.element, "ariaLabel", this.words);
  }
}
