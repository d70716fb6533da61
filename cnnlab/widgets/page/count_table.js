// How many numbers changed, and by how much: a table, row by row.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";
import { line, table } from "./table.js";

/** A share in words, with a decimal where there are many. */
export function percent({ changed, cells }) {
  const share = (100 * changed) / cells;
  return `${cells > 100 && changed ? share.toFixed(1) : Math.round(share)} %`;
}

/** How many of how many: "49,152 of 65,536". */
export function portion({ changed, cells }) {
  return `${changed.toLocaleString("en")} of ${cells.toLocaleString("en")}`;
}

/** By how much on average, to four decimals where they say something. */
export function average({ by }) {
  return by >= 1e-4 ? by.toFixed(4) : numberText(by, 4);
}

/** Rows of counts: what it is about, how many changed and of how many, by how much on average. */
export class CountTable {
  constructor(label, heads, rows) {
    this.rows = rows.map((name) => {
      const cells = [0, 1, 2].map(() => make("td", {}));
      return { element: line(name, cells), cells };
    });
    const body = this.rows.map(({ element }) => element);
    this.element = table({ "aria-label": label }, heads, body);
    this.element.classList.add("cnnlab-counts");
  }

  show(all, current = -1) {
    for (const [k, { element, cells }] of this.rows.entries()) {
      put(cells[0], "textContent", portion(all[k]));
      put(cells[1], "textContent", percent(all[k]));
      put(cells[2], "textContent", average(all[k]));
      put(element.dataset, "look", all[k].changed ? "" : "nothing");
      put(element.dataset, "current", String(k === current));
    }
  }
}
