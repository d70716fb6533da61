// Curves in a plane with axes, and handles that a hand drags: by mouse, by touch or by keyboard.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";

/**
 * @typedef {[number, number]} Range - from, to
 *
 * @typedef {Object} Curve
 * @property {[number, number][]} points - x and y; what is not finite leaves a gap
 * @property {string} [look] - how it is drawn: a word for the style sheet, as in a Legend
 * @property {boolean} [filled] - whether it is filled down to y = 0
 *
 * @typedef {Object} Band
 * A part of the plane from side to side, such as the numbers that occur.
 * @property {Range} [x]
 * @property {Range} [y]
 * @property {string} [look]
 *
 * @typedef {Object} Note
 * @property {number} x
 * @property {number} y
 * @property {string} text
 *
 * @typedef {Object} Handle
 * @property {string} name - handles of one plot have names of their own
 * @property {string} label - what it is, for those who listen
 * @property {number} x
 * @property {number} y
 * @property {"x" | "y" | "xy"} moves - which ways it goes
 * @property {number} [step] - what an arrow key adds; Shift: ten times, Alt: a tenth
 * @property {string} [text] - its value in words; else its numbers are read
 * @property {string} [look]
 * @property {boolean} [grab] - a press beside the handles takes the nearest of those that say so
 * @property {function(number, number, Object): void} onmove - x, y, gesture (one step of undo)
 */

const SIDE = 1000; // of the drawing, whatever its size on the screen
const TICKS = 6; // numbers along an axis, about
const WAYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  PageUp: [0, 10],
  PageDown: [0, -10],
};

/** A plane with axes: curves below, handles above, the numbers along the axes outside. */
export class Plot {
  /**
   * @param {string} label
   * @param {{ratio?: number, across?: string, upright?: boolean}} [how] - width by height; what lies
   *   along the x axis; whether there are upright lines, or bars stand there instead
   */
  constructor(label, { ratio = 1.5, across = "", upright = true } = {}) {
    this.upright = upright;
    this.handles = new Map(); // name -> {element, ...Handle}
    this.drawing = make("svg", {
      class: "cnnlab-plot-drawing",
      viewBox: `0 0 ${SIDE} ${SIDE}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
    this.ticks = make("div", { "aria-hidden": "true" });
    this.notes = make("div", { "aria-hidden": "true" });
    this.area = make(
      "div",
      { class: "cnnlab-plot-area", style: `aspect-ratio: ${ratio}` },
      this.drawing,
      this.ticks,
      this.notes,
    );
    this.area.addEventListener("pointerdown", (event) => this.#pressBeside(event));
    this.across = make("div", { class: "cnnlab-plot-across", "aria-hidden": "true" }, across);
    const attributes = { class: "cnnlab-plot", role: "group", "aria-label": label };
    this.element = make("div", attributes, this.area, this.across);
  }

  /**
   * Show curves and handles; a handle keeps its element, and the focus, as long as its name is there.
   * @param {{x: Range, y: Range, curves?: Curve[], bands?: Band[], notes?: Note[],
   *   handles?: Handle[]}} what
   */
  show({ x, y, curves = [], bands = [], notes = [], handles = [] }) {
    this.ranges = { x, y };
    this.#showTicks();
    this.#draw([
      ...bands.map((band) => this.#band(band)),
      ["path", { class: "cnnlab-plot-lines", d: this.lines }],
      ["path", { class: "cnnlab-plot-axes", d: this.axes }],
      ...curves.flatMap((curve) => this.#curve(curve)),
    ]);
    const written = JSON.stringify([notes, this.ranges]);
    if (written !== this.written) {
      this.notes.replaceChildren(...notes.map((note) => this.#written(note, "cnnlab-plot-note")));
    }
    this.written = written;
    const gone = new Set(this.handles.keys());
    for (const handle of handles) {
      gone.delete(handle.name);
      this.#showHandle(handle);
    }
    for (const name of gone) {
      this.handles.get(name).element.remove();
      this.handles.delete(name);
    }
  }

  /** Draw parts, [tag, attributes] each: what is there already is changed, and not made anew. */
  #draw(parts) {
    const there = [...this.drawing.children];
    if (there.length !== parts.length || parts.some(([tag], k) => there[k].tagName !== tag)) {
      this.drawing.replaceChildren(...parts.map(([tag, attributes]) => make(tag, attributes)));
      return;
    }
    for (const [k, [, attributes]] of parts.entries()) {
      for (const [name, value] of Object.entries(attributes)) {
        if (there[k].getAttribute(name) !== String(value)) there[k].setAttribute(name, value);
      }
    }
  }

  /** How far along a side a number lies, as a share of it: 0 is left, or at the bottom. */
  #share(side, value) {
    const [low, high] = this.ranges[side];
    return (value - low) / (high - low);
  }

  #place(x, y) {
    const far = (share) => Math.max(-9, Math.min(10, share)); // what lies far outside is not seen
    return [SIDE * far(this.#share("x", x)), SIDE * (1 - far(this.#share("y", y)))];
  }

  #curve({ points, look = "first", filled = false }) {
    const parts = [];
    let down = true; // the pen is lifted
    for (const [x, y] of points) {
      if (!Number.isFinite(x) || !Number.isFinite(y)) {
        down = true;
        continue;
      }
      parts.push(`${down ? "M" : "L"}${this.#place(x, y).map((one) => one.toFixed(1))}`);
      down = false;
    }
    const line = parts.join("");
    const drawn = ["path", { class: "cnnlab-curve", "data-look": look, d: line }];
    if (!filled || !points.length) return [drawn];
    const ends = [points.at(-1)[0], points[0][0]].map((x) => this.#place(x, 0));
    const d = `${line}L${ends[0]}L${ends[1]}Z`;
    return [["path", { class: "cnnlab-curve-filling", "data-look": look, d }], drawn];
  }

  #band({ x = this.ranges.x, y = this.ranges.y, look = "faint" }) {
    const [left, top] = this.#place(x[0], y[1]),
      [right, bottom] = this.#place(x[1], y[0]);
    const size = { width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
    return ["rect", { x: left, y: top, ...size, class: "cnnlab-plot-band", "data-look": look }];
  }

  #showTicks() {
    const { x, y } = this.ranges,
      drawn = JSON.stringify(this.ranges);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const [across, up] = [ticksOf(x), ticksOf(y)];
    const ends = [this.#place(x[0], y[0]), this.#place(x[1], y[1])];
    const upright = (value) => {
      const [at] = this.#place(value, 0);
      return `M${at} ${ends[0][1]}V${ends[1][1]}`;
    };
    const level = (value) => {
      const [, at] = this.#place(0, value);
      return `M${ends[0][0]} ${at}H${ends[1][0]}`;
    };
    const zero = ([low, high]) => low <= 0 && high >= 0;
    this.lines = [...(this.upright ? across.map(upright) : []), ...up.map(level)].join("");
    this.axes = `${this.upright && zero(x) ? upright(0) : ""}${zero(y) ? level(0) : ""}`;
    const tick = (text, style) => make("span", { class: "cnnlab-plot-tick", style }, text);
    this.ticks.replaceChildren(
      ...across.map((value) =>
        tick(numberText(value), `left: ${100 * this.#share("x", value)}%; top: 100%`),
      ),
      ...up.map((value) =>
        tick(numberText(value), `right: 100%; bottom: ${100 * this.#share("y", value)}%`),
      ),
    );
  }

  #written({ x, y, text }, name) {
    const style = `left: ${100 * this.#share("x", x)}%; bottom: ${100 * this.#share("y", y)}%`;
    return make("span", { class: name, style }, text);
  }

  // -- Handles ---------------------------------------------------------------------------------

  #showHandle(handle) {
    const { name, label, x, y, moves, look = "first" } = handle;
    let element = this.handles.get(name)?.element;
    if (!element) {
      element = make("div", {
        class: "cnnlab-handle",
        role: "slider",
        tabindex: 0,
        "data-handle": name,
        onkeydown: (event) => this.#key(event, name),
        onpointerdown: (event) => this.#press(event, name),
      });
      this.area.append(element);
    }
    this.handles.set(name, { ...handle, element });
    const inside = (side, value) => Math.max(0, Math.min(1, this.#share(side, value)));
    element.style.left = `${100 * inside("x", x)}%`;
    element.style.top = `${100 * (1 - inside("y", y))}%`;
    put(element.dataset, "look", look);
    put(element.dataset, "moves", moves);
    const side = moves === "x" ? "x" : "y";
    const [low, high] = this.ranges[side];
    const read = moves === "xy" ? `${numberText(x)}, ${numberText(y)}` : numberText({ x, y }[side]);
    put(element, "ariaLabel", label);
    put(element, "ariaOrientation", moves === "y" ? "vertical" : "horizontal");
    put(element, "ariaValueMin", String(low));
    put(element, "ariaValueMax", String(high));
    put(element, "ariaValueNow", String({ x, y }[side]));
    put(element, "ariaValueText", handle.text ?? read);
  }

  /** Let a handle go to a place within the plane, on whole steps or, finely, on tenths of them. */
  #move(name, x, y, gesture, share = 1) {
    const { step = 0.1, moves, onmove, ...now } = this.handles.get(name);
    const tidy = (side, value) => {
      if (!moves.includes(side)) return now[side];
      const [low, high] = this.ranges[side];
      const inside = Math.max(low, Math.min(high, value));
      return Number((Math.round(inside / (step * share)) * step * share).toFixed(6));
    };
    const [newX, newY] = [tidy("x", x), tidy("y", y)];
    if (newX !== now.x || newY !== now.y) onmove(newX, newY, gesture);
  }

  #key(event, name) {
    const { x, y, moves, step = 0.1 } = this.handles.get(name);
    if (event.ctrlKey || event.metaKey) return;
    const way = WAYS[event.key],
      factor = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    const [along] = moves; // the side that all keys move where there is only one
    const gesture = `handle ${name}`;
    if (event.key === "Home" || event.key === "End") {
      const end = this.ranges[along][event.key === "Home" ? 0 : 1];
      this.#move(name, along === "x" ? end : x, along === "y" ? end : y, gesture);
    } else if (way) {
      const [right, up] = way.map((one) => one * factor * step);
      const all = right + up;
      const by = moves === "xy" ? [right, up] : along === "x" ? [all, 0] : [0, all];
      this.#move(name, x + by[0], y + by[1], gesture, Math.min(1, factor));
    } else {
      return;
    }
    event.preventDefault();
  }

  #pressBeside(event) {
    const box = this.area.getBoundingClientRect();
    const far = ({ x, y, moves }) => {
      const across = box.left + box.width * this.#share("x", x) - event.clientX;
      const up = box.bottom - box.height * this.#share("y", y) - event.clientY;
      return moves === "x" ? Math.abs(across) : Math.hypot(across, up);
    };
    const near = [...this.handles.values()]
      .filter(({ grab }) => grab)
      .sort((one, other) => far(one) - far(other));
    if (near.length) this.#press(event, near[0].name, true);
  }

  /** Drag a handle; `jump` brings it to the pointer first. */
  #press(event, name, jump = false) {
    if (event.button) return;
    event.preventDefault(); // no text is selected meanwhile
    event.stopPropagation();
    const { element, x, y } = this.handles.get(name),
      box = this.area.getBoundingClientRect();
    const { ranges } = this,
      gesture = { held: true };
    const across = (ranges.x[1] - ranges.x[0]) / box.width,
      up = (ranges.y[1] - ranges.y[0]) / box.height;
    const start = jump
      ? [
          ranges.x[0] + (event.clientX - box.left) * across,
          ranges.y[0] + (box.bottom - event.clientY) * up,
        ]
      : [x, y];
    const move = (now) => {
      const at = [
        start[0] + (now.clientX - event.clientX) * across,
        start[1] - (now.clientY - event.clientY) * up,
      ];
      if (this.handles.has(name)) this.#move(name, ...at, gesture, now.altKey ? 0.1 : 1);
    };
    const ended = new AbortController(),
      { signal } = ended;
    const end = () => {
      ended.abort();
      gesture.held = false;
    };
    const giveBack = () => {
      if (this.handles.has(name)) this.#move(name, x, y, gesture, 1e-3);
      end();
    };
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    element.addEventListener("pointermove", move, { signal });
    element.addEventListener("pointerup", end, { signal });
    element.addEventListener("pointercancel", giveBack, { signal });
    if (jump) move(event);
  }
}

/** Round numbers along an axis: 1, 2 or 5 times a power of ten apart. */
function ticksOf([low, high]) {
  const rough = (high - low) / TICKS,
    power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough * 0.99) * power;
  const first = Math.ceil(low / step - 1e-9),
    last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) =>
    Number(((first + k) * step).toFixed(9)),
  );
}

/** Points of a function, evenly spread: sample(Math.sin, [0, 1], 50). */
export function sample(compute, [low, high], parts = 240) {
  return Array.from({ length: parts + 1 }, (_, k) => {
    const x = low + ((high - low) * k) / parts;
    return [x, compute(x)];
  });
}

/** What the looks of curves stand for: [look, words] pairs. */
export function legend(...entries) {
  const line = (look) =>
    make(
      "svg",
      { class: "cnnlab-legend-line", viewBox: "0 0 24 8", "aria-hidden": "true" },
      make("path", { class: "cnnlab-curve", "data-look": look, d: "M0 4H24" }),
    );
  const parts = entries.map(([look, words]) => make("span", {}, line(look), words));
  return make("div", { class: "cnnlab-legend" }, ...parts);
}
