// A wish that is painted: where a filter shall respond, block by block, by mouse, finger or keys.

import { segments } from "./controls.js";
import { button, make, put } from "./dom.js";

const ROWS = 48;
const REACH = 1; // blocks on each side of the one that is touched
const WAYS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const INKS = [
  [1, "+1", "Paint 1"],
  [-1, "−1", "Paint −1"],
  [0, "0", "Paint 0"],
];

export class WishBrush {
  /**
   * @param {TrainerSession} session
   * @param {MapFigure} figure - of the wish, which is painted on
   */
  constructor(session, figure) {
    Object.assign(this, { session, figure, ink: 1, at: null });
    this.surface = figure.picture.canvas;
    this.inks = segments("Paint", INKS, (ink) => {
      this.ink = ink;
      this.show();
    });
    const words = "Paint on the wish; by keyboard with the arrow keys (Shift moves only).";
    const clear = button("Clear", { onclick: () => this.#set(this.#empty()) });
    this.hint = make("span", { class: "cnnlab-hint" }, words);
    this.element = make("div", { class: "cnnlab-wish-brush" }, this.inks.element, clear, this.hint);
  }

  get painting() {
    return this.session.settings.painted.length > 0;
  }

  /** Begin with a wish that is silent everywhere. */
  start() {
    if (!this.painting) this.#set(this.#empty());
  }

  listen(signal) {
    const on = (name, act) =>
      this.surface.addEventListener(name, (event) => this.painting && act(event), { signal });
    let gesture = null;
    on("pointerdown", (event) => {
      event.preventDefault();
      this.surface.focus();
      this.surface.setPointerCapture(event.pointerId);
      gesture = { held: true };
      this.#dab(this.#place(event), gesture);
    });
    on("pointermove", (event) => gesture && this.#dab(this.#place(event), gesture));
    for (const name of ["pointerup", "pointercancel"]) {
      on(name, () => {
        if (gesture) gesture.held = false;
        gesture = null;
      });
    }
    on("keydown", (event) => this.#key(event));
  }

  show() {
    const { painting, surface } = this;
    put(this.element, "hidden", !painting);
    this.inks.show(this.ink);
    surface.classList.toggle("cnnlab-drawing", painting);
    surface.setAttribute("role", painting ? "application" : "img");
    if (painting) surface.setAttribute("tabindex", "0");
    else surface.removeAttribute("tabindex");
  }

  #empty() {
    const { height, width } = this.session.image();
    const columns = Math.round((ROWS * width) / height);
    const most = this.session.facts.mostCells;
    return Array.from({ length: ROWS }, () =>
      new Array(Math.max(1, Math.min(most, columns))).fill(0),
    );
  }

  #place({ clientX, clientY }) {
    const { painted } = this.session.settings,
      box = this.surface.getBoundingClientRect();
    const part = (at, from, size, count) =>
      Math.max(0, Math.min(count - 1, Math.floor(((at - from) / size) * count)));
    return [
      part(clientY, box.top, box.height, painted.length),
      part(clientX, box.left, box.width, painted[0].length),
    ];
  }

  #key(event) {
    const way = WAYS[event.key];
    if (!way) return;
    event.preventDefault();
    const { painted } = this.session.settings;
    const [rows, columns] = [painted.length, painted[0].length];
    const [row, column] = this.at ?? [Math.floor(rows / 2), Math.floor(columns / 2)];
    const inside = (at, count) => Math.max(0, Math.min(count - 1, at));
    this.at = [inside(row + way[0], rows), inside(column + way[1], columns)];
    if (!event.shiftKey) this.#dab(this.at, "keys paint");
  }

  #dab([row, column], gesture) {
    const { painted } = this.session.settings;
    this.at = [row, column];
    const next = painted.map((line, i) =>
      Math.abs(i - row) > REACH
        ? line
        : line.map((one, j) => (Math.abs(j - column) > REACH ? one : this.ink)),
    );
    this.#set(next, gesture);
  }

  #set(painted, gesture = null) {
    this.session.change({ painted }, gesture);
  }
}
