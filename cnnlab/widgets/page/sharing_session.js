// One small layer in three ways, as its settings make it: matrices, maps, counts, what is pointed at.

import { largestOf } from "./numbers.js";
import { placeOf } from "./overlay.js";
import { COLOURS } from "./paint.js";
import { Scene } from "./scene.js";
import { Session } from "./session.js";
import { shifted } from "./shifting.js";
import { levelsOf } from "./twin/colour.js";
import { costsOf, countsOf, joins, learned, matrixOf, movedAlong, times } from "./twin/matrix.js";

const UNFIT = "The filter does not fit in the picture; try a smaller filter or more padding.";
const CAME_IN = "This zero came in from outside; put the picture back to change it.";

export class SharingSession extends Session {
  constructor(model) {
    super(model);
    this.point = null; // {side, row, column}, for a map also {kind}
    this.kinds = this.facts.settings.layer.options;
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: (message, [{ buffer, byteOffset, byteLength }], { body }) => ({
        ...message,
        palette: body.settings.palette,
        steps: new Uint8Array(buffer, byteOffset, byteLength),
      }),
      twin: () => this.frame(),
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    super.emit(topic, detail);
  }

  get layer() {
    return this.settings.layer;
  }

  #follow() {
    const { image, filter, stride, padding, down, right } = this.settings;
    this.shown = shifted(image, false, { down, right });
    this.picture = this.shown.flat();
    this.costs = costsOf(filter, this.settings);
    this.matrix = matrixOf(filter, image.length, image[0].length, stride, padding);
    if (!this.matrix) return;
    const { matrix } = this,
      pixels = image.flat();
    const each = (make) => Object.fromEntries(this.kinds.map(([kind]) => [kind, make(kind)]));
    this.weights = each((kind) =>
      kind === "convolution" ? matrix.values : learned(kind, matrix, pixels),
    );
    this.before = times(matrix, matrix.values, pixels);
    this.outputs = each((kind) => times(matrix, this.weights[kind], this.picture));
    this.counts = each((kind) => countsOf(kind, matrix, filter.flat().length));
    this.moved = each((kind) =>
      movedAlong(matrix, this.before, this.outputs[kind], { down, right }, stride),
    );
  }

  joined(entry, kind = this.layer) {
    return joins(kind, this.matrix, entry);
  }

  /** The numbers with the strongest colour: of weights, and of all maps (_weights_limit, _limit). */
  get limits() {
    const { filter, layer } = this.settings;
    return [
      largestOf(layer === "convolution" ? filter : [Array.from(this.weights[layer])]),
      largestOf([this.before, ...Object.values(this.outputs)].map((one) => Array.from(one))),
    ];
  }

  /** What the kernel would send (answer_frame). */
  frame() {
    if (!this.matrix) return { error: UNFIT };
    const { palette, layer } = this.settings,
      { limits } = this,
      { rows, columns, height, width } = this.matrix;
    const entries = this.weights[layer].map((one, k) => (this.joined(k) ? one : NaN));
    const { signed } = COLOURS[palette];
    const parts = [
      levelsOf(entries, limits[0], signed),
      ...this.kinds.map(([kind]) => levelsOf(this.outputs[kind], limits[1], signed)),
    ];
    const steps = Uint8Array.from(parts.flatMap((part) => Array.from(part)));
    return { rows, columns, height, width, limits, palette, steps };
  }

  /** What is pointed at, as indices into matrix, picture, filter and output; null if nothing is. */
  get here() {
    const { point, matrix } = this,
      { image, filter } = this.settings;
    if (!point || !matrix) return null;
    const { side, row, column, kind } = point;
    const { rows, columns, height, width } = matrix;
    const [most, across] = {
      matrix: [rows, columns],
      image: [image.length, image[0].length],
      filter: [filter.length, filter[0].length],
      output: [height, width],
    }[side];
    if (row >= most || column >= across) return null;
    const index = row * across + column;
    if (side === "matrix") {
      return { side, index, output: row, pixel: column, tap: matrix.taps[index] };
    }
    return {
      side,
      index,
      kind,
      [{ image: "pixel", filter: "tap", output: "output" }[side]]: index,
    };
  }

  /** Entries of the matrix that belong to what is pointed at. */
  get together() {
    const { here, matrix } = this;
    if (!here) return [];
    const all = Array.from(matrix.taps.keys());
    if (here.side === "filter" || (here.side === "matrix" && this.layer === "convolution")) {
      return here.tap < 0 ? [] : all.filter((k) => matrix.taps[k] === here.tap);
    }
    if (here.side === "matrix") return [];
    const at = (k) => placeOf(k, matrix.columns)[here.side === "image" ? "column" : "row"];
    return all.filter((k) => at(k) === here.index && this.joined(k));
  }

  shift({ down, right }) {
    const { settings } = this,
      range = this.facts.settings.down;
    const inside = (value) => Math.max(range.least, Math.min(range.most, value));
    const place = { down: inside(settings.down + down), right: inside(settings.right + right) };
    this.change(place, "shift");
  }

  setPixel(row, column, value, gesture) {
    const { image, down, right } = this.settings;
    const [i, j] = [row - down, column - right];
    if (image[i]?.[j] === undefined) {
      this.emit("notice", CAME_IN);
      return;
    }
    const rows = image.map((line) => [...line]);
    rows[i][j] = value;
    this.change({ image: rows }, gesture);
  }
}
