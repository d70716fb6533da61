// One side of an image as a strip of cells, and every place that a window takes along it.
//
// With one ruler the places stand below the row. With two, such as two kinds of "same" padding, the
// first stands above and the second below: one row, the same columns under both.

import { make, put } from "./dom.js";
import { NumberGrid } from "./number_grid.js";
import { numberText } from "./numbers.js";
import { EDGES, PADS, PIXELS, STRIP } from "./pixels.js";
import { roundedUp, startOf, tapsOf, untouched } from "./twin/shapes.js";

const LARGEST = 56; // pixels of a cell at the most
const READABLE = 26; // pixels of a cell from which on its number is written
const CELLS = 32; // height of the row
const INDEX = 16; // height of the line that counts the pixels
const OUT = 24; // height of what comes out
const PLAIN = () => ({ background: "transparent", ink: "currentcolor" });

/**
 * @typedef {Object} Ruler
 * @property {string} title
 * @property {Along & Laid} laid
 * @property {number[]} sums - what the window finds at each place
 */

export class Strip {
  /**
   * @param {string} label
   * @param {string} noun - what a cell is: "column" or "row"
   * @param {Object} hands
   * @param {function(number, number, Object): void} hands.set - pixel, value, gesture
   * @param {function(number): void} hands.pick - a place was chosen
   */
  constructor(label, noun, { set, pick }) {
    Object.assign(this, { label, noun });
    const describe = (_, pixel) => `${noun} ${pixel}`;
    const change = (_, pixel, value, gesture) => set(pixel, value, gesture);
    this.grid = new NumberGrid(`${label}: numbers`, change, { step: 1, describe });
    this.grid.element.classList.add("cnnlab-strip-numbers");
    this.drawing = make("svg", {
      class: "cnnlab-strip-drawing",
      role: "img",
      tabindex: 0,
      "aria-description": "Arrow keys move the window from place to place.",
      onclick: ({ target }) => target.dataset.place && pick(Number(target.dataset.place)),
      onkeydown: (event) => this.#key(event, pick),
    });
    this.element = make("div", { class: STRIP }, this.drawing, this.grid.element);
    this.width = 0; // kept, for asking the page would lay it out at every change
    this.watcher = new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      if (this.shown) this.#draw();
    });
    this.watcher.observe(this.element);
  }

  /**
   * @param {{rulers: Ruler[], values: number[], pad: number, place: number | null, words: string}}
   *   shown - `place` is where the window stands now
   */
  show(shown) {
    this.shown = shown;
    if (this.drawing.getAttribute("aria-label") !== shown.words) {
      this.drawing.setAttribute("aria-label", shown.words);
    }
    this.#draw();
  }

  #key(event, pick) {
    const way = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const end = { Home: 0, End: Infinity }[event.key];
    if (way === undefined && end === undefined) return;
    event.preventDefault();
    const { place, rulers } = this.shown,
      last = Math.max(...rulers.map(({ laid }) => laid.outputs)) - 1;
    if (last < 0) return;
    pick(Math.max(0, Math.min(last, end ?? (place === null ? 0 : place + way))));
  }

  #draw() {
    const { width } = this;
    if (!width) return;
    const { rulers, values, pad } = this.shown,
      { size } = rulers[0].laid;
    const lead = Math.max(...rulers.map(({ laid }) => laid.before));
    const tail = Math.max(...rulers.map(({ laid }) => endOf(laid) - size));
    const cell = Math.min(LARGEST, (width - 1) / (lead + size + tail));
    this.cell = cell;
    this.at = (pixel) => (pixel + lead) * cell;
    const lanes = rulers.map((ruler) => this.#lanes(ruler)),
      [above, below] = rulers.length > 1 ? lanes : [null, lanes[0]];
    const top = above ? OUT + above.height : 0,
      row = top + INDEX,
      height = row + CELLS + below.height + OUT;
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", height);
    this.row = row;
    const parts = this.#row(rulers, row, pad);
    if (above) parts.push(...this.#places(rulers[0], above, (lane) => OUT + lane, 0));
    const under = (lane) => row + CELLS + lane;
    const last = rulers.length - 1;
    parts.push(...this.#places(rulers[last], below, under, row + CELLS + below.height));
    parts.push(...this.#indices(size, row));
    this.drawing.replaceChildren(...parts);
    this.#showNumbers(values, cell, row);
  }

  /** Rows of bars, so that none lies over another or ends where the next begins. */
  #lanes({ laid }) {
    const count = Math.max(1, Math.min(laid.outputs + 1, Math.floor(laid.reach / laid.stride) + 1));
    const high = count <= 8 ? 13 : Math.max(2, 104 / count);
    return { count, high, height: count * high + 6 };
  }

  #showNumbers(values, cell, row) {
    const seen = cell >= READABLE && values.length > 0;
    put(this.grid.element, "hidden", !seen);
    if (!seen) return;
    this.grid.update([values], PLAIN, { digits: 2 });
    const { style } = this.grid.element;
    style.left = `${this.at(0)}px`;
    style.top = `${row}px`;
    style.width = `${values.length * cell}px`;
  }

  /** The cells of the image and of the padding; what takes no part is hatched. */
  #row(rulers, y, pad) {
    const { cell } = this,
      { size } = rulers[0].laid,
      parts = [];
    const high = CELLS / rulers.length;
    const box = (pixel, count, top, tall, look) =>
      make("rect", { x: this.at(pixel), y: top, width: count * cell, height: tall, class: look });
    parts.push(box(0, size, y, CELLS, PIXELS));
    for (const [k, { laid }] of rulers.entries()) {
      const top = y + k * high;
      for (const [from, count] of [
        [-laid.before, laid.before],
        [size, laid.after],
      ]) {
        if (!count) continue;
        parts.push(box(from, count, top, high, PADS));
        if (cell < 12) continue;
        for (let n = 0; n < count; n++) {
          parts.push(
            this.#text(
              this.at(from + n + 0.5),
              top + high / 2,
              numberText(pad, 1),
              "cnnlab-strip-pad-text",
            ),
          );
        }
        parts.push(this.#edges(from, count, top, high));
      }
      for (const pixel of unreached(laid)) {
        const lines = hatch(this.at(pixel), top, cell, high);
        parts.push(make("path", { d: lines, class: "cnnlab-strip-lost", "data-pixel": pixel }));
      }
    }
    if (cell >= 4) parts.push(this.#edges(0, size, y, CELLS));
    return parts;
  }

  /** Lines between cells, as one path. */
  #edges(from, count, y, high) {
    const lines = Array.from({ length: count + 1 }, (_, n) => `M${this.at(from + n)} ${y}v${high}`);
    const long = count * this.cell;
    const frame = `M${this.at(from)} ${y}h${long}m0 ${high}h${-long}`;
    return make("path", { d: lines.join("") + frame, class: EDGES });
  }

  /** Every so many pixels its number, counted from 0. */
  #indices(size, row) {
    const room = 7 * String(size - 1).length + 8;
    const every = [1, 2, 5, 10, 20, 50, 100].find((one) => one * this.cell >= room) ?? 200;
    const found = [];
    for (let pixel = 0; pixel < size; pixel += every) {
      found.push(
        this.#text(this.at(pixel + 0.5), row - 7, String(pixel), "cnnlab-strip-index-text"),
      );
    }
    return found;
  }

  /** A bar for each place, what it finds behind it, and the one that rounding up would add. */
  #places({ laid, sums }, lanes, laneAt, outAt) {
    const { place: here } = this.shown,
      look = (name) => `cnnlab-strip-bar ${name}`;
    const boxes = (place) => this.#boxes(laid, place, lanes, laneAt);
    if (!laid.outputs)
      return [make("path", { d: boxes(0).taps, class: look("cnnlab-strip-unfit") })];
    const bars = sums.map((_, place) => {
      const { taps, line } = boxes(place);
      return { d: taps + line, class: look(place === here ? "cnnlab-strip-here" : ""), place };
    });
    const outs = this.#outs(laid, sums, outAt);
    const parts = [...this.#paths(bars), ...this.#paths(outs)];
    const more = roundedUp(laid);
    if (more !== null)
      parts.push(make("path", { d: boxes(more).taps, class: look("cnnlab-strip-ghost") }));
    const longest = Math.max(...outs.map(({ text }) => text.length));
    if (outs[0].wide >= 7 * longest + 2) {
      parts.push(
        ...outs.map(({ middle, text }) =>
          this.#text(middle, outAt + OUT / 2, text, "cnnlab-strip-sum-text"),
        ),
      );
    }
    if (here !== null && here < laid.outputs) parts.push(this.#frame(laid, here));
    return parts;
  }

  /** Shapes that can be clicked on; those too small for that are drawn as one. */
  #paths(shapes) {
    if (this.cell >= 4) {
      return shapes.map(({ d, class: look, place }) =>
        make("path", { d, class: look, "data-place": place }),
      );
    }
    const looks = new Map();
    for (const { d, class: look } of shapes) looks.set(look, (looks.get(look) ?? "") + d);
    return Array.from(looks, ([look, d]) => make("path", { d, class: look }));
  }

  /** A box under each weight, and the line that holds them together over the holes. */
  #boxes(laid, place, lanes, laneAt) {
    const { cell } = this,
      y = laneAt((place % lanes.count) * lanes.high + 3),
      high = lanes.high - (lanes.high > 6 ? 3 : 0.5),
      gap = cell > 8 ? 1.5 : 0;
    const box = (x, top, width, height) => `M${x} ${top}h${width}v${height}h${-width}z`;
    const left = this.at(startOf(laid, place)) + gap;
    return {
      taps: tapsOf(laid, place)
        .map((pixel) => box(this.at(pixel) + gap, y, cell - 2 * gap, high))
        .join(""),
      line: box(left, y + high / 2 - 0.75, laid.reach * cell - 2 * gap, 1.5),
    };
  }

  /** What each place finds, in a box under the middle of the window. */
  #outs(laid, sums, y) {
    const { cell } = this,
      { place: here } = this.shown;
    const wide = Math.max(1, Math.min(laid.stride * cell, LARGEST, 3 * cell) - 2);
    return sums.map((sum, place) => {
      const middle = this.at(startOf(laid, place) + laid.reach / 2);
      const d = `M${middle - wide / 2} ${y + 1}h${wide}v${OUT - 2}h${-wide}z`;
      const look = `cnnlab-strip-out${place === here ? " cnnlab-strip-out-here" : ""}`;
      return { d, class: look, place, middle, wide, text: numberText(sum, 1) };
    });
  }

  /** The window where it stands now, over the cells. */
  #frame(laid, place) {
    const [x, width] = [this.at(startOf(laid, place)), laid.reach * this.cell];
    const box = { x, y: this.row, width, height: CELLS };
    return make("rect", { ...box, class: "cnnlab-strip-frame" });
  }

  #text(x, y, text, look) {
    return make("text", { x, y, class: look }, text);
  }

  dispose() {
    this.watcher.disconnect();
  }
}

/** Where the drawing of a ruler ends: at its padding, a window that is too long, or one too many. */
function endOf(laid) {
  const more = roundedUp(laid);
  const last = more ?? (laid.outputs ? null : 0);
  const over = last === null ? 0 : startOf(laid, last) + laid.reach;
  return Math.max(laid.size + laid.after, over);
}

/** Cells that no weight stands on: of the image, and of the padding behind it. */
function unreached(laid) {
  if (!laid.outputs) return [];
  const first = laid.padded - laid.before - laid.dropped;
  const behind = Array.from({ length: laid.dropped }, (_, n) => first + n);
  return [...untouched(laid), ...behind.filter((pixel) => pixel >= laid.size)];
}

/** Slanted lines in a box. */
function hatch(x, y, width, height) {
  const lines = [];
  for (let shift = -height; shift < width; shift += 6) {
    const [from, to] = [Math.max(0, shift), Math.min(width, shift + height)];
    const down = (at) => y + height - (at - shift);
    if (from < to) lines.push(`M${x + from} ${down(from)}L${x + to} ${down(to)}`);
  }
  return lines.join("");
}
