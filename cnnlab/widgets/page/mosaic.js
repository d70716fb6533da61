// Many small maps on one canvas, side by side: thousands of elements would be slow.

import { make, put } from "./dom.js";
import { COLOURS } from "./paint.js";

/**
 * @typedef {Object} Part
 * Maps of one layer as they came from the kernel (shared/looking.py).
 * @property {number} layer - its number; -1 is the input
 * @property {number} first - which of its maps is the first here
 * @property {number} count
 * @property {number} height - rows of each map here
 * @property {number} width
 * @property {number} [channels] - of the input, which is painted as a photograph
 * @property {Uint8Array} steps - one byte a pixel, map after map
 * @property {Float32Array} ranges - the least and the largest number of each map
 */

export class Mosaic {
  constructor(label, attributes = {}) {
    this.canvas = make("canvas", {
      class: "cnnlab-canvas cnnlab-mosaic-canvas",
      "data-frame": 0,
      role: "img",
      "aria-label": label,
      ...attributes,
    });
    this.overlay = make("svg", { class: "cnnlab-overlay", "aria-hidden": "true" });
    this.element = make("div", { class: "cnnlab-mosaic" }, this.canvas, this.overlay);
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.columns = 1;
  }

  /**
   * Paint maps.
   * @param {Part} part
   * @param {{columns: number, tile: number, gap: number, palette: string, numbered?: boolean}} how - pixels of the page
   *   that a map takes, pixels of the canvas between two, whether the number stands in each
   */
  show(part, { columns, tile, gap, palette, numbered = false }) {
    const { height, width, count, steps, channels } = part,
      rows = Math.ceil(count / columns),
      across = columns * (width + gap) - gap,
      down = rows * (height + gap) - gap;
    Object.assign(this, { part, columns, gap, numbered });
    if (this.canvas.width !== across || this.canvas.height !== down || !this.image) {
      Object.assign(this.canvas, { width: across, height: down });
      this.image = this.context.createImageData(across, down);
      this.pixels = new Uint32Array(this.image.data.buffer);
      this.overlay.setAttribute("viewBox", `0 0 ${across} ${down}`);
    }
    this.pixels.fill(0);
    const colours = channels ? null : COLOURS[palette].pixels;
    for (let k = 0; k < count; k++) {
      const { x, y } = this.cornerOf(k);
      for (let i = 0; i < height; i++) {
        const to = (y + i) * across + x,
          from = (k * height + i) * width;
        if (colours) for (let j = 0; j < width; j++) this.pixels[to + j] = colours[steps[from + j]];
        else this.#photograph(to, from, width, channels);
      }
    }
    this.context.putImageData(this.image, 0, 0);
    put(this.element.style, "width", `${Math.round((across * tile) / Math.max(width, height))}px`);
    this.element.classList.toggle("cnnlab-coarse", tile >= Math.max(width, height));
    this.canvas.dataset.frame = Number(this.canvas.dataset.frame) + 1;
  }

  #photograph(to, from, width, channels) {
    const { data } = this.image,
      { steps } = this.part;
    for (let j = 0; j < width; j++) {
      for (let c = 0; c < 3; c++) {
        data[4 * (to + j) + c] = steps[channels * (from + j) + (channels === 3 ? c : 0)];
      }
      data[4 * (to + j) + 3] = 255;
    }
  }

  /** Where a map of those here begins, in pixels of the canvas. */
  cornerOf(k) {
    const { width, height } = this.part;
    return {
      x: (k % this.columns) * (width + this.gap),
      y: Math.floor(k / this.columns) * (height + this.gap),
    };
  }

  /** Which map is under the pointer, counted in its layer; null between two. */
  at(event) {
    if (!this.part) return null;
    const box = this.canvas.getBoundingClientRect(),
      { width, height, count, first } = this.part;
    const x = ((event.clientX - box.left) / box.width) * this.canvas.width,
      y = ((event.clientY - box.top) / box.height) * this.canvas.height;
    const column = Math.floor(x / (width + this.gap)),
      row = Math.floor(y / (height + this.gap));
    const k = row * this.columns + column;
    return column >= 0 && column < this.columns && k >= 0 && k < count ? first + k : null;
  }

  /**
   * Frame a map, and a place in every map.
   * @param {number | null} unit - which map, counted in its layer
   * @param {number[] | null} field - top, left, bottom, right as shares of a map's sides
   * @param {number} [only] - the one map of which the place counts; otherwise that of all
   */
  mark(unit, field, only) {
    const { part } = this,
      paths = [];
    if (part && part.height * part.width > 1 && !part.channels) {
      const all = Array.from({ length: part.count }, (_, k) => this.#box(k, [0, 0, 1, 1]));
      paths.push(["cnnlab-mosaic-maps", all.join("")]);
    }
    if (part && field) {
      const which = Array.from({ length: part.count }, (_, k) => k).filter(
        (k) => (only ?? part.first + k) === part.first + k,
      );
      // All of every map: one frame around them says so, and hides none.
      const whole = only === undefined && String(field) === "0,0,1,1";
      const { width, height } = this.canvas;
      const d = whole
        ? `M0 0h${width}v${height}h${-width}z`
        : which.map((k) => this.#box(k, field)).join("");
      paths.push(["cnnlab-over-halo", d], ["cnnlab-over-line", d]);
    }
    const k = this.part && unit !== null ? unit - this.part.first : -1;
    if (k >= 0 && k < this.part.count) {
      paths.push(["cnnlab-mosaic-chosen", this.#box(k, [0, 0, 1, 1])]);
    }
    const look = JSON.stringify([paths, this.numbered]);
    if (look === this.look) return;
    this.look = look;
    const drawn = paths.map(([name, d]) => make("path", { class: name, d }));
    this.overlay.replaceChildren(...drawn, ...(this.numbered ? this.#numbers() : []));
  }

  /** The number of each map in its corner. */
  #numbers() {
    const { count, first, height, width } = this.part,
      size = 0.13 * Math.max(height, width);
    return Array.from({ length: count }, (_, k) => {
      const { x, y } = this.cornerOf(k),
        place = { x: x + 0.4 * size, y: y + 0.8 * size, "font-size": size };
      return make("text", { ...place, class: "cnnlab-mosaic-number" }, String(first + k));
    });
  }

  #box(k, [top, left, bottom, right]) {
    const { x, y } = this.cornerOf(k),
      { width, height } = this.part;
    const round = (number) => Math.round(1000 * number) / 1000,
      across = round((right - left) * width),
      down = round((bottom - top) * height);
    return `M${round(x + left * width)} ${round(y + top * height)}h${across}v${down}h${-across}z`;
  }
}
