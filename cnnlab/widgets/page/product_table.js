// Products in print: each as "3 × 1" with what it comes to, and their sum below.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";

/**
 * @typedef {{factors: [number, number], value: number} | null} Product - null where there is none
 */

export class ProductTable {
  constructor() {
    this.caption = make("caption", {});
    this.body = make("tbody", {});
    this.sum = make("p", { class: "cnnlab-products-sum" });
    this.table = make("table", { class: "cnnlab-products" }, this.caption, this.body);
    this.element = make("div", { "data-role": "products" }, this.table, this.sum);
    this.cells = [];
  }

  /**
   * Show products; only what differs is written anew.
   * @param {{caption: string, rows: Product[][], sum: string, none?: string, digits?: number}}
   *   products - `none` is written where there is no product
   * @param {function(number): {background: string, ink: string}} colour
   */
  show({ caption, rows, sum, none = "0", digits = 2 }, colour) {
    put(this.caption, "textContent", caption);
    put(this.sum, "textContent", sum);
    put(this.sum, "hidden", !sum);
    const across = rows[0].length;
    if (this.cells.length !== rows.length || this.cells[0].length !== across) {
      this.#build(rows.length, across);
    }
    for (const [i, line] of rows.entries()) {
      for (const [j, product] of line.entries())
        this.#write(this.cells[i][j], product, { none, digits }, colour);
    }
  }

  #build(rows, columns) {
    const cell = () => {
      const [factors, value] = [make("small", {}, ""), make("b", {}, "")];
      return { factors, value, element: make("td", {}, factors, value) };
    };
    this.cells = Array.from({ length: rows }, () => Array.from({ length: columns }, cell));
    const lines = this.cells.map((line) => make("tr", {}, ...line.map(({ element }) => element)));
    this.body.replaceChildren(...lines);
    this.table.style.setProperty("--across", columns);
  }

  #write({ factors, value, element }, product, { none, digits }, colour) {
    const { background, ink } = product ? colour(product.value) : { background: "", ink: "" };
    const words = product?.factors.map((one) => numberText(one, digits)).join(" × ") ?? "";
    put(factors.firstChild, "data", words);
    put(value.firstChild, "data", product ? numberText(product.value, digits) : none);
    put(element, "className", product ? "" : "cnnlab-no-product");
    if (element.look === background + ink) return;
    element.look = background + ink;
    element.style.background = background;
    element.style.color = ink;
  }
}
