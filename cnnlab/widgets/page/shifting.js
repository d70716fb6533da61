// Shifting an image by single pixels, and what it changes: eight ways, by buttons, arrow keys or by
// dragging it.

import { button, make, motionWanted } from "./dom.js";
import { cellsOver } from "./overlay.js";
import { ARROWS } from "./pointing.js";

const FLASH = [{ fill: ["var(--brand)", "transparent"] }, 700];

/** The eight neighbours of a pixel, row by row. */
export const WAYS = [
  { sign: "↖", words: "up and left", down: -1, right: -1 },
  { sign: "↑", words: "up", down: -1, right: 0 },
  { sign: "↗", words: "up and right", down: -1, right: 1 },
  { sign: "←", words: "left", down: 0, right: -1 },
  { sign: "→", words: "right", down: 0, right: 1 },
  { sign: "↙", words: "down and left", down: 1, right: -1 },
  { sign: "↓", words: "down", down: 1, right: 0 },
  { sign: "↘", words: "down and right", down: 1, right: 1 },
];

/** Rows of numbers moved by one pixel; what comes in is what went out, or without `wrap` zeros. */
export function shifted(numbers, wrap, { down, right }) {
  const height = numbers.length,
    width = numbers[0].length;
  const from = (row, column) => {
    if (!wrap) return numbers[row]?.[column] ?? 0;
    return numbers[(row + height) % height][(column + width) % width];
  };
  return numbers.map((line, i) => line.map((_, j) => from(i - down, j - right)));
}

/**
 * What a shift changes in what is computed from the numbers.
 * @param {number[][]} numbers - before the shift
 * @param {boolean} wrap
 * @param {{down: number, right: number}} way
 * @param {function(number[][]): Float32Array} compute
 * @returns {{changed: number[], words: string}} which results changed, by index, and all in words
 */
export function shiftTest(numbers, wrap, way, compute) {
  const after = shifted(numbers, wrap, way);
  const [before, now] = [compute(numbers), compute(after)];
  const differing = (one, other) => [...one.keys()].filter((k) => one[k] !== other[k]);
  const changed = differing(before, now);
  const harmless = WAYS.filter(
    (next) => !differing(now, compute(shifted(after, wrap, next))).length,
  );
  const signs = harmless.length ? `: ${harmless.map(({ sign }) => sign).join(" ")}` : "";
  const words =
    `${changed.length} of ${now.length} outputs changed. ` +
    `From here, ${harmless.length} of ${WAYS.length} shifts change nothing${signs}.`;
  return { changed, words };
}

/** Eight buttons around nothing; the arrow keys shift from any of them. */
export class ShiftPad {
  /**
   * @param {function({down: number, right: number}): void} onshift
   * @param {string} [label]
   */
  constructor(onshift, label = "Shift the numbers by one pixel") {
    const buttons = WAYS.map(({ sign, words, down, right }) => {
      const one = button(`Shift ${words}`, {
        quiet: true,
        onclick: () => onshift({ down, right }),
      });
      one.append(sign);
      return one;
    });
    buttons.splice(4, 0, make("span", {}));
    const attributes = {
      class: "cnnlab-shift",
      role: "group",
      "aria-label": label,
      onkeydown: (event) => {
        const way = ARROWS[event.key];
        if (!way) return;
        event.preventDefault();
        onshift({ down: way[0], right: way[1] });
      },
    };
    this.element = make("div", attributes, ...buttons);
  }
}

/** Marks around the cells that a shift changed, by their index. */
export function changesOver(indices, width) {
  return cellsOver(indices, width, "cnnlab-shift-changed");
}

/** Flash such marks, where the page may move things. */
export function flash(marks) {
  if (motionWanted()) for (const mark of marks) mark.animate(...FLASH);
}

/** A veil over a picture of many pixels, which flashes those that a shift changed. */
export class FlashVeil {
  constructor() {
    this.element = make("canvas", { class: "cnnlab-shift-veil", "aria-hidden": "true" });
  }

  /** Flash pixels by their index, where the page may move things. */
  flash({ height, width }, indices) {
    if (!motionWanted() || !indices.length) return;
    Object.assign(this.element, { height, width });
    const context = this.element.getContext("2d"),
      image = context.createImageData(width, height);
    const colour = getComputedStyle(this.element).color.match(/[\d.]+/g);
    for (const k of indices) image.data.set([...colour.slice(0, 3), 255], 4 * k);
    context.putImageData(image, 0, 0);
    this.element.animate({ opacity: [0.75, 0] }, 700);
  }
}

/**
 * Let the hand drag a picture by whole pixels: by mouse, finger or arrow keys (Shift: ten).
 * @param {Picture} picture
 * @param {{place: {down: number, right: number}, shiftTo: function({down: number, right: number},
 *   Object): void, still: function(): boolean}} session - where the picture stands, how to move it
 *   with a gesture that is one step of undo, and whether it is not to be dragged now
 * @param {AbortSignal} signal - ends it
 */
export function dragging(picture, session, signal) {
  const { canvas } = picture;
  const on = (name, act) => canvas.addEventListener(name, act, { signal });
  let held = null;
  on("pointerdown", (event) => {
    if (event.button || session.still()) return;
    canvas.setPointerCapture(event.pointerId);
    const { clientX: x, clientY: y } = event;
    held = { x, y, from: session.place, gesture: { held: true } };
    canvas.classList.add("cnnlab-dragged");
  });
  on("pointermove", (event) => {
    if (!held) return;
    const pixels = (moved) => Math.round(moved / picture.scale);
    const down = held.from.down + pixels(event.clientY - held.y),
      right = held.from.right + pixels(event.clientX - held.x);
    session.shiftTo({ down, right }, held.gesture);
  });
  const end = () => {
    if (held) held.gesture.held = false;
    held = null;
    canvas.classList.remove("cnnlab-dragged");
  };
  for (const name of ["pointerup", "pointercancel"]) on(name, end);
  on("keydown", (event) => {
    const way = ARROWS[event.key];
    if (!way || session.still()) return;
    event.preventDefault();
    const far = event.shiftKey ? 10 : 1,
      { down, right } = session.place;
    session.shiftTo({ down: down + far * way[0], right: right + far * way[1] }, "drag by keys");
  });
}
