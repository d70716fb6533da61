// A grid of numbers to change by hand.

import { make, put } from "./dom.js";
import { numberText, readNumber } from "./numbers.js";

/** A grid that writes a setting; `read` gives its rows if they are not just the setting's. */
export function gridOn(session, name, label, read = () => session.settings[name]) {
  const set = (row, column, value, gesture) => {
    const rows = read().map((line) => [...line]);
    rows[row][column] = value;
    session.change({ [name]: rows }, gesture);
  };
  const describe = (row, column) => `row ${row}, column ${column}`;
  return new NumberGrid(label, set, { step: 1, describe });
}

/** @typedef {{top: number, right: number, bottom: number, left: number}} Sides */

function sidesOf(pads) {
  return typeof pads === "number" ? { top: pads, right: pads, bottom: pads, left: pads } : pads;
}

function placeOf(row, column) {
  return `row ${row + 1}, column ${column + 1}`;
}

/**
 * A grid of numbers: type, drag sideways, or use the arrow keys. Up and down change a number
 * (Shift: more, Alt: less), left and right go to the next one, Ctrl with an arrow moves any way.
 */
export class NumberGrid {
  /**
   * @param {string} label
   * @param {function(number, number, number, Object): void} onchange - row, column, value, gesture
   * @param {{step?: number, describe?: function(number, number): string, several?: string}} [how] -
   *   `several` says what null stands for
   */
  constructor(label, onchange, { step = 0.1, describe = placeOf, several = "" } = {}) {
    Object.assign(this, { onchange, step, describe, several, cells: [], values: [] });
    this.pads = sidesOf(0);
    this.element = make("div", { class: "cnnlab-grid", role: "grid", "aria-label": label });
    this.overlay = make("svg", {
      class: "cnnlab-grid-overlay",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    });
  }

  /**
   * Show values (rows of numbers; null where there are several), coloured by colour(value).
   * @param {{digits?: number, pads?: number | Sides, pad?: string}} [how] - `pads` cells on each
   *   side that cannot be changed, and what is written on them
   */
  update(values, colour, { digits = 3, pads = 0, pad = "" } = {}) {
    const rows = values.length,
      columns = values[0].length,
      sides = sidesOf(pads);
    const same = Object.keys(sides).every((side) => sides[side] === this.pads[side]);
    if (!same || this.cells.length !== rows || this.cells[0].length !== columns) {
      this.#build(rows, columns, sides);
    }
    for (const cell of this.padding) put(cell, "textContent", pad);
    this.values = values;
    for (const [row, line] of values.entries()) {
      for (const [column, value] of line.entries()) {
        this.#show(row, column, value, colour(value ?? 0), digits);
      }
    }
  }

  #show(row, column, value, { background, ink }, digits) {
    const cell = this.cells[row][column],
      { look } = cell;
    if (look.value !== value || cell.typing) {
      const words = value === null ? this.several : numberText(value);
      if (!cell.typing) put(cell, "value", this.#text(value, digits));
      put(cell, "ariaLabel", `${this.describe(row, column)}: ${words}`);
      put(cell, "title", value === null ? this.several : String(value));
    }
    // The background on the square, whose style has no custom property: nothing else is styled anew.
    const { style } = cell.parentElement;
    if (look.background !== background) style.backgroundColor = background;
    if (look.ink !== ink) {
      style.color = ink;
      cell.style.setProperty("--ink", ink);
    }
    Object.assign(look, { value, background, ink });
  }

  /** Small cells leave out the zero before the point. */
  #text(value, digits = 3) {
    if (value === null) return "…";
    const text = numberText(value, digits);
    return this.cells.length > 5 || this.cells[0]?.length > 5
      ? text.replace(/^(−?)0\./, "$1.")
      : text;
  }

  /** Screen pixels that one number takes, as of a Picture: frames can be drawn over a grid too. */
  get scale() {
    const { left, right } = this.pads;
    return this.element.clientWidth / (this.values[0].length + left + right);
  }

  /** Mark cells, row by row: a word for the style sheet, and a sign in the corner. */
  mark(looks, signs) {
    for (const [k, { parentElement, look }] of this.cells.flat().entries()) {
      const [word, sign] = [looks[k], signs[k]];
      if (look.word !== word) parentElement.dataset.look = word;
      if (look.sign !== sign) parentElement.dataset.sign = sign;
      Object.assign(look, { word, sign });
    }
  }

  #build(rows, columns, pads) {
    this.pads = pads;
    const [row, column] = this.here ?? [0, 0];
    this.here = [Math.min(row, rows - 1), Math.min(column, columns - 1)];
    this.cells = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (__, j) => this.#cell(i, j)),
    );
    this.padding = [];
    const { top, right, bottom, left } = pads;
    const [across, down] = [left + columns + right, top + rows + bottom];
    const line = (row) =>
      Array.from({ length: across }, (_, k) => {
        const cell = this.cells[row]?.[k - left];
        if (cell) return make("div", { role: "gridcell" }, cell);
        this.padding.push(make("div", { role: "gridcell", class: "cnnlab-pad" }));
        return this.padding.at(-1);
      });
    const lines = Array.from({ length: down }, (_, k) =>
      make("div", { role: "row", class: "cnnlab-row" }, ...line(k - top)),
    );
    this.element.style.setProperty("--columns", across);
    this.element.dataset.size = Math.min(12, Math.max(across, down));
    this.overlay.setAttribute("viewBox", `${-left} ${-top} ${across} ${down}`);
    this.element.replaceChildren(...lines, this.overlay);
  }

  #cell(row, column) {
    const first = this.here[0] === row && this.here[1] === column;
    const cell = make("input", {
      class: "cnnlab-number",
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      spellcheck: "false",
      "data-row": row,
      "data-column": column,
      tabindex: first ? 0 : -1,
      onfocus: () => {
        this.#arrive(row, column);
        cell.before = this.values[row][column];
        if (!cell.scrubbing) cell.select();
      },
      onblur: () => this.#finish(cell, row, column),
      oninput: () => {
        cell.typing = true;
        const value = readNumber(cell.value);
        cell.classList.toggle("cnnlab-wrong", value === null);
        cell.setAttribute("aria-invalid", String(value === null));
        if (value !== null) this.onchange(row, column, value, `type ${row} ${column}`);
      },
      onkeydown: (event) => this.#key(event, cell, row, column),
      onmousedown: (event) => cell.typing || event.preventDefault(), // no caret while dragging
      onpointerdown: (event) => this.#press(event, cell, row, column),
    });
    cell.look = {}; // what stays the same costs no drawing
    return cell;
  }

  #arrive(row, column) {
    const [i, j] = this.here;
    this.cells[i]?.[j]?.setAttribute("tabindex", -1);
    this.here = [row, column];
    this.cells[row][column].setAttribute("tabindex", 0);
  }

  #finish(cell, row, column) {
    cell.typing = false;
    cell.classList.remove("cnnlab-wrong");
    cell.removeAttribute("aria-invalid");
    cell.value = this.#text(this.values[row][column]);
  }

  #set(row, column, value, gesture) {
    const tidy = Math.round(value * 1e4) / 1e4;
    this.cells[row][column].typing = false;
    this.onchange(row, column, tidy, gesture);
  }

  #key(event, cell, row, column) {
    const value = this.values[row][column] ?? 0;
    const factor = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    const up = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[
      event.key
    ];
    const walking = event.ctrlKey || event.metaKey;
    if (way && (walking || (way[0] === 0 && !cell.typing && !event.shiftKey))) {
      this.cells[row + way[0]]?.[column + way[1]]?.focus();
    } else if (up && !walking) {
      this.#set(row, column, value + up * factor * this.step, `key ${row} ${column}`);
      this.#selectSoon(cell);
    } else if ((event.key === "Home" || event.key === "End") && !cell.typing) {
      this.cells[row].at(event.key === "Home" ? 0 : -1).focus();
    } else if (event.key === "Enter") {
      this.#finish(cell, row, column);
      cell.select();
    } else if (event.key === "Escape" && cell.before !== undefined && cell.before !== null) {
      this.#set(row, column, cell.before, `type ${row} ${column}`);
      cell.select();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Select the text again before the next picture: doing it at once would lay out the page twice. */
  #selectSoon(cell) {
    this.selecting ??= requestAnimationFrame(() => {
      this.selecting = undefined;
      if (document.activeElement === cell && !cell.typing) cell.select();
    });
  }

  #press(event, cell, row, column) {
    if (event.button || cell.typing) return;
    const before = this.values[row][column];
    const start = { x: event.clientX, y: event.clientY, value: before ?? 0 };
    const touch = event.pointerType === "touch";
    const gesture = { held: true };
    const move = (now) => {
      const right = now.clientX - start.x,
        up = start.y - now.clientY;
      // A finger that goes up or down scrolls the page: soon the browser cancels this pointer.
      if (touch && !cell.scrubbing && Math.abs(up) >= Math.abs(right)) return;
      const way = touch ? right : right + up;
      if (!cell.scrubbing && Math.abs(way) < 4) return;
      cell.scrubbing = true;
      cell.classList.add("cnnlab-scrubbing");
      now.preventDefault();
      const factor = now.shiftKey ? 10 : now.altKey ? 0.1 : 1;
      this.#set(row, column, start.value + Math.round(way / 4) * factor * this.step, gesture);
    };
    const ended = new AbortController();
    const end = () => {
      ended.abort();
      cell.classList.remove("cnnlab-scrubbing");
      gesture.held = false;
    };
    const arrive = () => {
      end();
      if (document.activeElement !== cell) cell.focus();
      cell.scrubbing = false;
      cell.select();
    };
    const giveBack = () => {
      if (cell.scrubbing && before !== null) this.#set(row, column, before, gesture);
      end();
      cell.scrubbing = false;
    };
    cell.setPointerCapture(event.pointerId);
    const { signal } = ended;
    cell.addEventListener("pointermove", move, { signal });
    cell.addEventListener("pointerup", arrive, { signal });
    cell.addEventListener("pointercancel", giveBack, { signal });
  }
}
