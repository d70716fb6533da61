// A layer as a matrix: a row for each output, a column for each pixel, nothing where nothing is joined.

import { make, put, space } from "./dom.js";
import { figure } from "./figure.js";
import { frameOver, framesOver } from "./overlay.js";
import { ColourBar, Picture } from "./paint.js";
import { POINTABLE } from "./pointing.js";

const CELL = { least: 6, most: 22 }; // screen pixels
const HIGH = 560; // screen pixels, unless the least cells ask for more

/** One path over many cells, by their index. */
function cellPath(indices, columns, look, inset = 0) {
  const side = 1 - 2 * inset;
  const squares = indices.map((k) => {
    const [x, y] = [(k % columns) + inset, Math.floor(k / columns) + inset];
    return `M${x} ${y}h${side}v${side}h${-side}z`;
  });
  return make("path", { d: squares.join(""), class: look });
}

function lines(every, until, path) {
  return Array.from({ length: Math.ceil(until / every) - 1 }, (_, k) => path((k + 1) * every));
}

export class MatrixFigure {
  constructor() {
    this.picture = new Picture("matrix", "Matrix", {
      ...POINTABLE,
      "aria-roledescription": "matrix",
    });
    this.picture.overlay.setAttribute("preserveAspectRatio", "none");
    this.size = make("span", {});
    this.bar = new ColourBar();
    this.element = figure(
      [
        make("strong", {}, "Matrix"),
        " ",
        this.size,
        space(),
        make("span", {}, "a row for each output, a column for each pixel; empty: not connected"),
      ],
      { "data-role": "matrix-figure", class: "cnnlab-figure cnnlab-matrix" },
      this.picture.element,
      this.bar.element,
    );
  }

  /**
   * Show a matrix.
   * @param {{rows: number, columns: number, steps: Uint8Array, palette: string, limit: number}} frame
   * @param {string} source - who computed it
   * @param {{pixels: number, outputs: number}} widths - of the image and of the output: where lines
   *   part the rows of both
   * @param {{empty: number[], zeros: number[]}} entries - that join nothing, and weights of 0
   */
  show({ rows, columns, steps, palette, limit, high, low }, source, widths, { empty, zeros }) {
    this.picture.paint({ height: rows, width: columns, steps, palette }, source);
    const cell = Math.max(CELL.least, Math.min(CELL.most, HIGH / rows));
    this.element.style.setProperty("--width", `${Math.max(260, Math.round(columns * cell))}px`);
    put(this.size, "textContent", `${rows} × ${columns}`);
    const label = `Matrix: ${rows} rows, one for each output, ${columns} columns, one for each pixel`;
    if (this.label !== label) this.picture.canvas.setAttribute("aria-label", label);
    this.label = label;
    this.bar.show(palette, limit, low, high);
    const parts = [
      ...lines(widths.pixels, columns, (x) => `M${x} 0v${rows}`),
      ...lines(widths.outputs, rows, (y) => `M0 ${y}h${columns}`),
    ];
    this.ground = [
      cellPath(empty, columns, "cnnlab-matrix-empty"),
      cellPath(zeros, columns, "cnnlab-matrix-zero", 0.4),
      make("path", { d: parts.join(""), class: "cnnlab-matrix-lines" }),
    ];
  }

  /** Mark entries of the same weight or of one pixel, and frame one entry, one row or one column. */
  mark(same, box) {
    const { picture } = this;
    picture.overlay.replaceChildren(
      ...(this.ground ?? []),
      ...framesOver(picture, same, picture.width),
      ...(box ? frameOver(picture, box) : []),
    );
  }
}
