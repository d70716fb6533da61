// One number behind a chain of layers traced down through every layer to the pixels that it sees.
//
// Each layer's numbers stand over the middle of what they see, so that the numbers of a later layer
// lie further apart: as far as all strides before it, multiplied.

import { make } from "./dom.js";
import { counted } from "./numbers.js";
import { EDGES, PADS, PIXELS, STRIP } from "./pixels.js";
import { under } from "./twin/shapes.js";

/**
 * @typedef {Object} Level
 * @property {string} title
 * @property {number} size - numbers along this side
 * @property {number} jump - image pixels from one number to the next
 * @property {number} first - where the first number has its middle, in image pixels
 * @property {Laid} [laid] - the window that made it; the image has none
 * @property {number} sees - image pixels that one number sees
 */

/** The image, then what each layer with a window makes of it. */
export function levelsOf(size, steps) {
  const levels = [{ title: "image", size, jump: 1, first: 0.5, sees: 1 }];
  for (const { laid, title, sees } of steps) {
    const { jump, first } = levels.at(-1);
    levels.push({
      title,
      size: laid.outputs,
      jump: jump * laid.stride,
      first: first + ((laid.reach - 1) / 2 - laid.before) * jump,
      laid,
      sees,
    });
  }
  return levels;
}

/** From the first to the last number of every level on which one number of the last depends. */
export function traced(levels, place) {
  const ranges = [[place, place]];
  for (const { laid } of levels.slice(1).reverse()) ranges.unshift(under(laid, ranges[0]));
  return ranges;
}

export class FieldDrawing {
  /** @param {function(number): void} pick - another number of the last layer was chosen */
  constructor(pick) {
    this.drawing = make("svg", {
      class: "cnnlab-field-drawing",
      role: "img",
      tabindex: 0,
      "aria-description": "Arrow keys choose another number of the last layer.",
      onclick: (event) => this.#click(event, pick),
      onkeydown: (event) => this.#key(event, pick),
    });
    this.element = make("div", { class: STRIP }, this.drawing);
    this.width = 0; // kept, for asking the page would lay it out at every change
    this.watcher = new ResizeObserver(([{ contentRect }]) => {
      this.width = contentRect.width;
      if (this.shown) this.#draw();
    });
    this.watcher.observe(this.element);
  }

  /** @param {{levels: Level[], place: number, words: string}} shown */
  show(shown) {
    this.shown = shown;
    this.drawing.setAttribute("aria-label", shown.words);
    this.#draw();
  }

  #choose(place, pick) {
    pick(Math.max(0, Math.min(this.shown.levels.at(-1).size - 1, place)));
  }

  #key(event, pick) {
    const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const end = { Home: 0, End: Infinity }[event.key];
    if ((way === undefined && end === undefined) || event.altKey) return;
    event.preventDefault();
    this.#choose(end ?? this.shown.place + way * (event.shiftKey ? 10 : 1), pick);
  }

  #click({ clientX }, pick) {
    const pixel = (clientX - this.drawing.getBoundingClientRect().left) / this.cell + this.left;
    const { first, jump } = this.shown.levels.at(-1);
    this.#choose(Math.round((pixel - first) / jump), pick);
  }

  #draw() {
    const { width } = this;
    if (!width) return;
    const { levels, place } = this.shown,
      ranges = traced(levels, place);
    const edge = (level, number) => level.first + (number - 0.5) * level.jump;
    this.left = Math.min(0, ...levels.map((level, k) => edge(level, ranges[k][0])));
    const right = Math.max(
      ...levels.map((level, k) => edge(level, Math.max(level.size - 1, ranges[k][1]) + 1)),
    );
    this.cell = Math.min(40, (width - 1) / (right - this.left));
    const at = (level, number) => (edge(level, number) - this.left) * this.cell;
    const many = levels.length > 10,
      [high, gap] = many ? [12, 17] : [20, 22];
    const topOf = (k) => (levels.length - 1 - k) * (high + gap) + 16;
    this.drawing.setAttribute("width", width);
    this.drawing.setAttribute("height", topOf(0) + high + 4);
    const parts = [];
    for (const [k, level] of levels.entries()) {
      const [first, last] = ranges[k];
      const span = (from, to, look) =>
        make("rect", {
          x: at(level, from),
          y: topOf(k),
          width: Math.max(1, at(level, to + 1) - at(level, from)),
          height: high,
          class: look,
        });
      if (k) {
        const [low, far] = ranges[k - 1],
          before = levels[k - 1];
        const corners = [
          [at(level, first), topOf(k) + high],
          [at(level, last + 1), topOf(k) + high],
          [at(before, far + 1), topOf(k - 1)],
          [at(before, low), topOf(k - 1)],
        ];
        const d = `M${corners.map((corner) => corner.join(" ")).join("L")}z`;
        parts.push(make("path", { d, class: "cnnlab-field-cone" }));
      }
      parts.push(span(0, level.size - 1, PIXELS));
      if (first < 0) parts.push(span(first, Math.min(last, -1), PADS));
      if (last >= level.size) {
        parts.push(span(Math.max(first, level.size), last, PADS));
      }
      const inside = [Math.max(0, first), Math.min(level.size - 1, last)];
      if (inside[0] <= inside[1]) parts.push(span(...inside, "cnnlab-field-seen"));
      if (level.jump * this.cell >= 4) parts.push(this.#edges(level, at, topOf(k), high));
      parts.push(
        make("text", { x: 0, y: topOf(k) - 6, class: "cnnlab-field-title" }, titleOf(level)),
      );
    }
    this.drawing.replaceChildren(...parts);
  }

  #edges(level, at, y, high) {
    const lines = Array.from({ length: level.size + 1 }, (_, n) => `M${at(level, n)} ${y}v${high}`);
    const [from, to] = [at(level, 0), at(level, level.size)];
    const d = `${lines.join("")}M${from} ${y}H${to}M${from} ${y + high}H${to}`;
    return make("path", { d, class: EDGES });
  }

  dispose() {
    this.watcher.disconnect();
  }
}

function titleOf({ title, size, laid, sees }) {
  return laid
    ? `${title}: ${counted(size, "number")}, each sees ${sees}`
    : `${title}: ${size} pixels`;
}
