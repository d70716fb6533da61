// The confusion matrix: true class down, predicted class across; behind each cell are pictures.

import { make, put } from "./dom.js";
import { paintColours } from "./first_layer.js";
import { counted } from "./numbers.js";
import { Picture } from "./paint.js";
import { ARROWS } from "./pointing.js";

export class Confusion {
  /** @param {function(number, number): void} choose - hears which cell the hand chose */
  constructor(name, classes, choose) {
    Object.assign(this, { classes, choose, at: [0, 0], chosen: null });
    this.title = make("strong", {});
    this.cells = classes.map((_, row) => classes.map((_, column) => this.#cell(row, column)));
    const head = classes.map((one) => make("th", { scope: "col" }, one));
    const label = `Confusion matrix${name ? `, ${name}` : ""}`;
    this.table = make(
      "table",
      {
        class: "cnnlab-confusion",
        role: "grid",
        "aria-label": label,
        onkeydown: (event) => this.#key(event),
      },
      make("thead", {}, make("tr", {}, make("td", {}, "true \\ says"), ...head)),
      make(
        "tbody",
        {},
        ...this.cells.map((cells, row) =>
          make("tr", {}, make("th", { scope: "row" }, classes[row]), ...cells),
        ),
      ),
    );
    this.words = make("p", { class: "cnnlab-hint", "data-role": "behind" });
    put(this.words, "textContent", "Choose a cell to see the pictures behind it.");
    this.pictures = make("div", { class: "cnnlab-confusion-pictures" });
    this.element = make(
      "div",
      { class: "cnnlab-confusion-panel" },
      this.title,
      make("div", { class: "cnnlab-confusion-room" }, this.table),
      this.words,
      this.pictures,
    );
    this.#focusable();
  }

  #cell(row, column) {
    return make("td", {
      role: "gridcell",
      tabindex: -1,
      "data-row": row,
      "data-column": column,
      "data-right": row === column,
      onclick: () => this.#choose(row, column),
    });
  }

  show({ about }) {
    const { confusion, of } = about;
    if (!confusion || confusion === this.shown) return;
    this.shown = confusion;
    let right = 0,
      all = 0;
    for (const [row, counts] of confusion.entries()) {
      const total = counts.reduce((sum, one) => sum + one, 0);
      right += counts[row];
      all += total;
      for (const [column, number] of counts.entries()) {
        const cell = this.cells[row][column];
        put(cell, "textContent", number ? String(number) : "");
        cell.style.setProperty("--share", `${total ? Math.round((55 * number) / total) : 0}%`);
        const told = `${this.classes[row]} taken for ${this.classes[column]}: ${number}`;
        put(cell, "ariaLabel", told);
      }
    }
    put(this.title, "textContent", `Confusion matrix: ${right} of ${all} ${of} pictures right`);
    if (this.chosen) this.choose(...this.chosen);
  }

  /** Show the pictures behind the chosen cell. Returns what is to be said of them. */
  showPictures({ row, column, all, height, width, pixels, numbers }) {
    const more = all > pixels.length ? `, the first ${pixels.length} here` : "";
    const pair = `${this.classes[row]} taken for ${this.classes[column]}`;
    const words = `${pair}: ${counted(all, "picture")}${more}.`;
    put(this.words, "textContent", words);
    const parts = pixels.map((one, k) => {
      const picture = new Picture("behind", `Picture ${numbers[k]}: ${pair}`);
      paintColours(picture, { height, width, pixels: one });
      return picture.element;
    });
    this.pictures.replaceChildren(...parts);
    return words;
  }

  #choose(row, column) {
    this.at = [row, column];
    this.chosen = [row, column];
    this.#focusable();
    this.cells[row][column].focus({ preventScroll: true });
    for (const cell of this.cells.flat()) {
      const here = cell.dataset.row === String(row) && cell.dataset.column === String(column);
      put(cell, "ariaSelected", String(here));
    }
    this.choose(row, column);
  }

  #focusable() {
    for (const cell of this.cells.flat()) put(cell, "tabIndex", -1);
    this.cells[this.at[0]][this.at[1]].tabIndex = 0;
  }

  #key(event) {
    const way = ARROWS[event.key];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.#choose(...this.at);
    } else if (way) {
      event.preventDefault();
      const inside = (value) => Math.max(0, Math.min(this.classes.length - 1, value));
      this.at = [inside(this.at[0] + way[0]), inside(this.at[1] + way[1])];
      this.#focusable();
      this.cells[this.at[0]][this.at[1]].focus();
    }
  }
}
