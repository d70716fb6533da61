// How long gradient and update are, layer by layer, as bars along powers of ten.

import { make, put } from "./dom.js";
import { line, table } from "./table.js";

const LOW = -6, // powers of ten at the ends of a bar
  HIGH = 2;

/** How long a bar is, in percent. */
function barOf(value) {
  if (!(value > 0)) return 0;
  return Math.max(0, Math.min(100, (100 * (Math.log10(value) - LOW)) / (HIGH - LOW)));
}

/** A size in three digits, as a power of ten where it is small. */
function sizeText(value) {
  if (value == null) return "\u2013";
  return value !== 0 && (value < 1e-3 || value >= 1e4)
    ? value.toExponential(1)
    : value.toPrecision(2);
}

const PARTS = ["gradient", "update", "ratio"];

export class StepSizes {
  constructor(name) {
    this.body = new Map();
    this.table = table(
      { "aria-label": `Sizes of the last step${name ? `, ${name}` : ""}` },
      ["Layer", "Gradient", "Update", "Update / weight"],
      [],
    );
    this.table.classList.add("cnnlab-step-sizes");
    const words =
      "Lengths in the last step; each bar goes from a millionth to a hundred, tenfold by tenfold. " +
      "An update of about a thousandth of the weights is usual.";
    this.element = make(
      "div",
      { class: "cnnlab-sizes", tabindex: 0, role: "group", "aria-label": "Sizes by layer" },
      make("strong", {}, "Gradients and updates by layer"),
      this.table,
      make("p", { class: "cnnlab-hint" }, words),
    );
  }

  show({ about }) {
    for (const one of about.sizes) {
      const cells = this.body.get(one.layer) ?? this.#row(one.layer);
      for (const [k, part] of PARTS.entries()) {
        put(cells[k].written, "textContent", sizeText(one[part]));
        cells[k].bar.style.width = `${barOf(one[part])}%`;
      }
    }
  }

  #row(name) {
    const cells = PARTS.map((part) => {
      const bar = make("span", { class: "cnnlab-size-bar", "data-part": part });
      const written = make("span", {});
      const room = make("span", { class: "cnnlab-size-room", "aria-hidden": "true" }, bar);
      return { bar, written, cell: make("td", {}, written, room) };
    });
    this.body.set(name, cells);
    this.table.tBodies[0].append(
      line(
        name,
        cells.map(({ cell }) => cell),
        { "data-layer": name },
      ),
    );
    return cells;
  }
}
