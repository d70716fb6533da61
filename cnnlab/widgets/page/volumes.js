// Volumes one after the other, drawn to scale: as high as the map, as wide as it has channels.
//
// The far edge goes back as far as the map is wide. Vectors are lines. What would be too small to
// be seen is drawn at the least size, and the words below say so.

import { make, put } from "./dom.js";

const HIGH = 132, // pixels of the highest map
  BACK = 0.3, // of the width of a map, seen from the side
  DOUBLING = 2.2, // pixels by which twice the channels are thicker
  GAP = 9,
  LEAST = 4, // pixels
  ROOM = 34, // below, for sizes
  LETTER = 7.8;

export class Volumes {
  /** @param {function(number): void} pick - a volume was chosen: the number of its layer */
  constructor(pick) {
    this.drawing = make("svg", { class: "cnnlab-volumes-drawing", role: "img" });
    this.words = make("p", { class: "cnnlab-hint", "data-role": "scale" });
    this.element = make("div", { class: "cnnlab-volumes" }, this.drawing, this.words);
    this.drawing.addEventListener("click", ({ target }) => {
      const { layer } = target.closest("[data-layer]")?.dataset ?? {};
      if (layer !== undefined) pick(Number(layer));
    });
    this.width = 0;
    this.watcher = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width === this.width) return;
      this.width = contentRect.width;
      if (this.shown) this.#draw();
    });
    this.watcher.observe(this.element);
  }

  /**
   * @param {Object} shown
   * @param {{shape: number[], look: string, layer: number, title: string}[]} shown.volumes - look is a class
   * @param {string} shown.scale - "linear" or "log"
   * @param {boolean} shown.broken - the next layer does not fit
   * @param {number | null} shown.selected
   */
  show(shown) {
    this.shown = shown;
    if (this.width) this.#draw();
  }

  #draw() {
    const { volumes, scale, broken, selected } = this.shown;
    const sizes = scaled(volumes, scale),
      natural = sizes.items.reduce((sum, one) => sum + one.thick + one.back + GAP, 0),
      end = broken ? 34 : 6,
      squeeze = Math.min(1.8, (this.width - end - 4) / natural);
    const parts = [],
      bottom = HIGH * (1 + BACK * 0.5) + 6;
    let x = 2,
      free = 0; // where the last size that is written ends
    for (const [k, one] of sizes.items.entries()) {
      const { shape, look, layer, title } = volumes[k];
      const [thick, back] = [one.thick, one.back].map((size) => size * squeeze);
      const lift = one.back * 0.5;
      const chosen = layer === selected;
      parts.push(
        make(
          "g",
          {
            "data-layer": layer,
            class: `cnnlab-volume ${look}`,
            "data-chosen": chosen,
          },
          make("title", {}, `${title}: ${shape.join(" × ")}`),
          make("path", { d: boxOf(x, bottom - one.high, thick, one.high, back, lift) }),
        ),
      );
      const text = shape.join("×"),
        middle = x + thick / 2,
        half = (text.length * LETTER) / 2,
        at = Math.max(half, Math.min(this.width - half - 1, middle)),
        news = k === 0 || text !== volumes[k - 1].shape.join("×");
      const last = k === volumes.length - 1 && k > 0;
      if (news && at - half >= free && !last) {
        const lastHalf = (volumes.at(-1).shape.join("×").length * LETTER) / 2;
        if (at + half < this.width - 2 * lastHalf - 8 || volumes.length < 8) {
          parts.push(make("text", { x: at, y: bottom + 16 }, text));
          free = at + half + 6;
        }
      }
      if (last) parts.push(make("text", { x: at, y: bottom + (at - half > free ? 16 : 29) }, text));
      x += thick + back + GAP * squeeze;
    }
    if (broken) {
      const d = `M${x} ${bottom - 30}h22v22h-22zM${x + 5} ${bottom - 25}l12 12m0-12l-12 12`;
      parts.push(make("path", { class: "cnnlab-volume-broken", d }));
    }
    const height = bottom + ROOM;
    this.drawing.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.drawing.setAttribute("width", this.width);
    this.drawing.setAttribute("height", height);
    const told = volumes.map(({ shape }) => shape.join(" by ")).join(", ");
    this.drawing.setAttribute("aria-label", `Volumes, from the input on: ${told}`);
    this.drawing.replaceChildren(...parts);
    put(this.words, "textContent", sizes.words);
  }

  dispose() {
    this.watcher.disconnect();
  }
}

/** Pixels of every volume, and the scale in words. */
function scaled(volumes, scale) {
  const maps = volumes.filter(({ shape }) => shape.length === 3).map(({ shape }) => shape),
    tallest = Math.max(1, ...maps.map(([height, width]) => Math.max(height, width))),
    longest = Math.max(2, ...volumes.map(({ shape }) => (shape.length === 1 ? shape[0] : 2)));
  const log = (size, most) => (HIGH * Math.log2(1 + size)) / Math.log2(1 + most);
  const side = (size) => (scale === "log" ? log(size, tallest) : (HIGH * size) / tallest);
  const items = volumes.map(({ shape }) => {
    if (shape.length === 1)
      return { thick: 5, high: Math.max(LEAST, log(shape[0], longest)), back: 0 };
    const [height, width, channels] = shape;
    return {
      thick: Math.max(2, DOUBLING * Math.log2(1 + channels)),
      high: Math.max(LEAST, side(height)),
      back: Math.max(LEAST, side(width)) * BACK,
    };
  });
  const capped =
    scale === "linear" &&
    maps.flat().length > 0 &&
    maps.some(([h, w]) => side(Math.min(h, w)) < LEAST);
  const pixels = Math.ceil((LEAST * tallest) / HIGH);
  const sides =
    scale === "log"
      ? "Height and depth of a box on a log scale: each doubling of a side adds the same."
      : `Height and depth of a box to scale${capped ? `; sides below ${pixels} are drawn as ${pixels}` : ""}.`;
  const words = `${sides} Channels (thickness) and vectors (lines) on a log scale. What keeps the shape and learns nothing is not drawn.`;
  return { items, words };
}

/** Front, roof and side of a box whose front stands at x, y. */
function boxOf(x, y, thick, high, back, lift) {
  const front = `M${x} ${y}h${thick}v${high}h${-thick}z`;
  if (!back) return front;
  const slant = `${back} ${-lift}`;
  const roof = `M${x} ${y}l${slant}h${thick}l${-back} ${lift}`;
  const side = `M${x + thick} ${y}l${slant}v${high}l${-back} ${lift}`;
  return `${front}${roof}${side}`;
}
