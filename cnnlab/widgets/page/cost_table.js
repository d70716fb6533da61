// The table of a network: a line a layer, with a pair of bars, and the one that is chosen opened.

import { button, make, put } from "./dom.js";
import { lookOf } from "./looks.js";

const HEAD = ["Layer (type)", "Output Shape", "Param #", "Multiply-adds", "Sees"];

/** A whole number as people read it. */
export function grouped(number) {
  return number.toLocaleString("en-US");
}

/** Parameters or work of one layer: a number, a bar behind it, perhaps a line for the budget. */
class Bar {
  constructor(role) {
    this.text = make("span", {});
    this.before = make("i", { class: "cnnlab-cost-before" });
    this.own = make("i", { class: "cnnlab-cost-own" });
    this.line = make("i", { class: "cnnlab-cost-line" });
    const bar = { class: "cnnlab-cost-bar", "aria-hidden": "true" };
    this.element = make(
      "td",
      { "data-role": role },
      this.text,
      make("span", bar, this.before, this.own, this.line),
    );
  }

  show({ own, before, most, budget, running }) {
    const share = (part) => `${Math.min(100, (100 * part) / most)}%`;
    put(this.text, "textContent", grouped(running ? before + own : own));
    put(this.before.style, "width", running ? share(before) : "0%");
    put(this.own.style, "width", share(own));
    put(this.own.style, "minWidth", own ? "1px" : "0px");
    put(this.line, "hidden", budget === null || budget > most);
    if (budget !== null) put(this.line.style, "left", share(budget));
    put(this.element.dataset, "over", String(budget !== null && before + own > budget));
  }
}

class Line {
  constructor(table, index) {
    Object.assign(this, { index });
    this.name = make("button", {
      type: "button",
      class: "cnnlab-cost-name",
      tabindex: -1,
      onclick: () => table.hooks.select(index),
    });
    this.shape = make("td", { "data-role": "shape" });
    this.bars = [new Bar("parameters"), new Bar("work")];
    this.sees = make("td", { "data-role": "sees" });
    this.printed = make("td", { "data-role": "printed" });
    const cells = [this.shape, ...this.bars.map(({ element }) => element), this.sees, this.printed];
    this.element = make(
      "tr",
      { "data-layer": index, onkeydown: (event) => table.key(event, index) },
      make("th", { scope: "row" }, this.name),
      ...cells,
    );
  }
}

export class CostTable {
  /**
   * @param {HTMLElement} editor - shown below the line that is chosen
   * @param {Object} hooks
   * @param {function(number): void} hooks.select - choose a layer, or no longer
   * @param {function(number, number): void} hooks.move
   * @param {function(number): void} hooks.remove
   * @param {function(number): void} hooks.flatten - put a Flatten in front of a layer
   */
  constructor(editor, hooks) {
    Object.assign(this, { hooks, lines: [], here: 0 });
    this.opened = make("tr", { class: "cnnlab-cost-opened" }, make("td", { colspan: 6 }, editor));
    this.heads = HEAD.map((words) => make("th", { scope: "col" }, words));
    this.printed = make("th", { scope: "col", "data-role": "printed" });
    this.body = make("tbody", {});
    this.flatten = button("Put Flatten before it", {
      onclick: () =>
        hooks.flatten(this.lines.findIndex((line) => line.element.dataset.state === "bad")),
    });
    this.element = make(
      "table",
      { class: "cnnlab-costs" },
      make("thead", {}, make("tr", {}, ...this.heads, this.printed)),
      this.body,
    );
  }

  /**
   * @param {Object} shown
   * @param {Object[]} shown.layers - entries
   * @param {Row[]} shown.rows - of those that fit
   * @param {string} shown.error - why the next one does not
   * @param {number | null} shown.selected
   * @param {boolean} shown.running
   * @param {(number | null)[]} shown.budgets - of parameters, of work
   * @param {{source: string, counts: string, rows: (number | null)[]} | null} shown.printed
   */
  show(shown) {
    const { layers, rows, error, selected, running, budgets, printed } = shown;
    while (this.lines.length > layers.length) this.lines.pop().element.remove();
    while (this.lines.length < layers.length) {
      const line = new Line(this, this.lines.length);
      this.lines.push(line);
      this.body.append(line.element);
    }
    const keys = ["parameters", "multiplyAdds"],
      totals = keys.map((key) => rows.reduce((sum, row) => sum + row[key], 0));
    const most = keys.map((key, k) =>
      Math.max(
        1,
        running ? Math.max(totals[k], budgets[k] ?? 0) : Math.max(...rows.map((row) => row[key])),
      ),
    );
    const told = printed?.rows.some((one) => one !== null) ?? false;
    put(this.element.dataset, "printed", String(told));
    put(this.printed, "textContent", printed ? `Printed ${printed.counts}` : "");
    const sums = [0, 0];
    for (const [k, line] of this.lines.entries()) {
      const row = rows[k],
        bad = k === rows.length && error !== "";
      put(line.element, "className", lookOf(layers[k]));
      put(line.element.dataset, "state", row ? "fine" : bad ? "bad" : "idle");
      put(line.name, "ariaExpanded", String(k === selected));
      put(line.name, "textContent", row ? `${row.name} (${row.kind})` : layers[k].layer);
      put(line.name, "tabIndex", k === Math.min(this.here, layers.length - 1) ? 0 : -1);
      const why = bad ? error : "a layer above does not fit";
      put(line.shape, "colSpan", row ? 1 : 5);
      put(line.shape, "textContent", row ? `(${["None", ...row.shape].join(", ")})` : why);
      if (bad && error.includes("put Flatten() before it")) line.shape.append(" ", this.flatten);
      put(line.sees, "textContent", row ? row.field.join(" × ") : "");
      for (const [axis, bar] of line.bars.entries()) {
        put(bar.element, "hidden", !row);
        if (!row) continue;
        const own = row[keys[axis]];
        bar.show({ own, before: sums[axis], most: most[axis], budget: budgets[axis], running });
        sums[axis] += own;
      }
      for (const cell of [line.sees, line.printed]) put(cell, "hidden", !row);
      this.#showPrinted(line, row, printed, k);
    }
    this.#open(selected);
  }

  #showPrinted(line, row, printed, k) {
    const told = row ? (printed?.rows[k] ?? null) : null;
    const differs = told !== null && told !== row[printed.counts];
    const ours = differs && printed.counts === "values" ? ` (here ${grouped(row.values)})` : "";
    put(
      line.printed,
      "textContent",
      told === null ? "" : `${differs ? "≠ " : "= "}${grouped(told)}${ours}`,
    );
    put(line.printed.dataset, "differs", String(differs));
  }

  /** The editor moves below the chosen line; what has the focus keeps it. */
  #open(selected) {
    const line = this.lines[selected];
    if (!line) this.opened.remove();
    else if (line.element.nextSibling !== this.opened) {
      const { activeElement } = document,
        held = this.opened.contains(activeElement);
      line.element.after(this.opened);
      if (held) activeElement.focus();
    }
  }

  /** Put the focus on a line. */
  focus(index) {
    const line = this.lines[Math.max(0, Math.min(index, this.lines.length - 1))];
    if (!line) return;
    put(this.lines[this.here]?.name ?? {}, "tabIndex", -1);
    this.here = line.index;
    put(line.name, "tabIndex", 0);
    line.name.focus();
  }

  key(event, index) {
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.altKey && way) {
      this.hooks.move(index, way);
      this.focus(index + way);
    } else if (way) this.focus(index + way);
    else if (event.key === "Home") this.focus(0);
    else if (event.key === "End") this.focus(this.lines.length - 1);
    else if (event.key === "Delete") this.hooks.remove(index);
    else return;
    event.preventDefault();
  }
}
