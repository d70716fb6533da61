// What belongs to one place of a convolution, to be framed: forth, back, and for a weight.

import { weightAt } from "./convolution_words.js";
import { cellsOver, frameOver, framesOver } from "./overlay.js";

const CELLS = { scale: 25 }; // every cell is larger: to ask the page would lay it out at every step

/** Frames around what belongs to a place: on channel c of the image or the filter, on map f. */
export class Places {
  /**
   * @param {ConvolutionLayer} layer - as in twin/convolution_layer.js
   * @param {Here | null} here - as in convolution_words.js
   * @param {number} chosen - the filter
   */
  constructor(layer, here, chosen) {
    const none = { window: null, pixels: [], weights: [], outputs: [], taps: [] };
    Object.assign(this, { layer, here, chosen }, none);
    if (here) Object.assign(this, around(layer, here, chosen));
  }

  #ofChannel(c) {
    return this.here?.side === "output" || this.here?.part === c;
  }

  onImage(c) {
    const { width } = this.layer.image,
      mine = this.#ofChannel(c);
    return [
      ...(this.window ? frameOver(CELLS, this.window) : []),
      ...(mine ? cellsOver(this.taps, width, "cnnlab-tap") : []),
      ...(mine ? framesOver(CELLS, this.pixels, width) : []),
    ];
  }

  onWeights(c) {
    return this.#ofChannel(c) ? framesOver(CELLS, this.weights, this.layer.bank.width) : [];
  }

  onOutput(f) {
    const { here, chosen, outputs } = this;
    if (!here) return [];
    const { width } = this.layer.output;
    if (here.side === "weight") {
      return f === chosen ? cellsOver(outputs, width, "cnnlab-tap") : [];
    }
    const mine = here.side === "image" || f === here.part;
    return mine ? framesOver(CELLS, outputs, width) : [];
  }
}

/** Cells by their index, and the window of an output. */
function around(layer, { side, part, row, column }, chosen) {
  const { image, bank, output, places } = layer;
  if (side === "output") {
    const position = row * output.width + column,
      { down, across, stride, dilation } = places;
    const window = {
      top: row * stride - down.before,
      left: column * stride - across.before,
      height: down.reach,
      width: across.reach,
    };
    const under = Array.from({ length: bank.height * bank.width }, (_, k) =>
      layer.pixelUnder(position, Math.floor(k / bank.width), k % bank.width),
    );
    const taps = dilation > 1 ? under.filter((pixel) => pixel >= 0) : [];
    return { window, outputs: [position], taps };
  }
  if (side === "image") {
    const pixel = row * image.width + column,
      fed = layer.fedBy(pixel);
    return {
      pixels: [pixel],
      outputs: fed.map(({ position }) => position),
      weights: fed.map(({ i, j }) => i * bank.width + j),
    };
  }
  const index = weightAt(bank, { part, row, column }, chosen);
  const products = layer.productsOf(index).filter(({ pixel }) => pixel >= 0);
  return {
    weights: [row * bank.width + column],
    taps: products.map(({ pixel }) => Math.floor(pixel / image.channels)),
    outputs: products.map(({ position }) => position),
  };
}
