// A layer of filters on one small image, forward and backward, every product within reach: the
// browser's twin of naive/convolution.py. Axes: row, column, channel for volumes, with the channels
// of a pixel side by side; row, column, channel, filter for the filters.

import { relu, reluBackward } from "./activation.js";
import { Convolution, explain, placesOf } from "./convolution.js";

/**
 * @typedef {{height: number, width: number, channels: number, values: Float32Array}} Volume
 * @typedef {{height: number, width: number, channels: number, count: number,
 *   weights: Float32Array}} Bank
 * @typedef {{image: Float32Array, filters: Float32Array, bias: Float32Array}} Gradients
 */

/** By how much a number is moved for a central difference: a power of two, so that it is exact. */
export const STEP = 2 ** -10;

/** Rows of columns of channels as one volume. */
export function volumeOf(rows) {
  const height = rows.length,
    width = rows[0].length,
    channels = rows[0][0].length;
  return { height, width, channels, values: Float32Array.from(rows.flat(2)) };
}

/** Rows of columns of channels of filters as one bank. */
export function bankOf(rows) {
  const [height, width, channels] = [rows.length, rows[0].length, rows[0][0].length];
  const weights = Float32Array.from(rows.flat(3));
  return { height, width, channels, count: rows[0][0][0].length, weights };
}

/** One channel of numbers whose channels lie side by side. */
export function channelOf(values, channel, channels) {
  return Float32Array.from(
    { length: values.length / channels },
    (_, k) => values[k * channels + channel],
  );
}

/** How far two numbers are apart, as a share of both; rounding of nothing but zeros is no error. */
export function relativeError(one, other) {
  return Math.abs(one - other) / Math.max(Math.abs(one) + Math.abs(other), 1e-6);
}

export class ConvolutionLayer {
  #under = null; // for every position and weight the pixel that lies there

  /**
   * @param {Volume} image
   * @param {Bank} bank
   * @param {{bias: number[], stride: number, padding: number | string, dilation: number,
   *   activation: "none" | "relu"}} how - a bias for each filter
   */
  constructor(image, bank, how) {
    Object.assign(this, { image, bank, how, output: null });
    this.bias = Float32Array.from(how.bias);
    this.places = placesOf(image, bank, how);
    if (!this.places) return;
    const [height, width] = [this.places.down.outputs, this.places.across.outputs];
    this.sums = new Float32Array(height * width * bank.count); // before the activation
    for (let f = 0; f < bank.count; f++) {
      const { values } = new Convolution().run(image, this.filter(f), this.#how(f));
      for (let p = 0; p < values.length; p++) this.sums[p * bank.count + f] = values[p];
    }
    const values = how.activation === "relu" ? relu(this.sums) : this.sums;
    this.output = { height, width, channels: bank.count, values };
    const taps = bank.height * bank.width;
    this.#under = Int32Array.from({ length: height * width * taps }, (_, k) => {
      const tap = k % taps;
      return this.#find(Math.floor(k / taps), Math.floor(tap / bank.width), tap % bank.width);
    });
  }

  get fits() {
    return this.places !== null;
  }

  /** Numbers of one map. */
  get positions() {
    return this.fits ? this.output.height * this.output.width : 0;
  }

  #how(f) {
    return { ...this.how, bias: this.bias[f] };
  }

  /** One filter of the bank, as twin/convolution.js takes it. */
  filter(f) {
    const { height, width, channels, count, weights } = this.bank;
    return { height, width, channels, weights: channelOf(weights, f, count) };
  }

  /** What a number of map f is made of (explain). */
  explain(f, row, column) {
    return explain(this.image, this.filter(f), this.#how(f), row, column);
  }

  /** The pixel under weight (i, j) of a window, by its index among the pixels; -1 in the padding. */
  pixelUnder(position, i, j) {
    const { height, width } = this.bank;
    return this.#under[(position * height + i) * width + j];
  }

  #find(position, i, j) {
    const { down, across, stride, dilation } = this.places,
      { height, width } = this.image;
    const row = Math.floor(position / this.output.width) * stride - down.before + i * dilation;
    const column = (position % this.output.width) * stride - across.before + j * dilation;
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return inside ? row * width + column : -1;
  }

  /** The pixels that some window reaches; -1 stands for the padding. */
  get reached() {
    return new Set(this.#under);
  }

  /** The outputs that a pixel feeds, and by which weight: {position, i, j}. */
  fedBy(pixel) {
    const { height, width } = this.bank,
      found = [];
    for (let i = height - 1; i >= 0; i--) {
      for (let j = width - 1; j >= 0; j--) {
        const position = this.outputOver(pixel, i, j);
        if (position >= 0) found.push({ position, i, j });
      }
    }
    return found;
  }

  /** The output in whose window weight (i, j) lies on a pixel; -1 if there is none. */
  outputOver(pixel, i, j) {
    const { down, across, stride, dilation } = this.places,
      { height, width } = this.output;
    const row = (Math.floor(pixel / this.image.width) + down.before - i * dilation) / stride;
    const column = ((pixel % this.image.width) + across.before - j * dilation) / stride;
    const whole = Number.isInteger(row) && Number.isInteger(column);
    const inside = row >= 0 && row < height && column >= 0 && column < width;
    return whole && inside ? row * width + column : -1;
  }

  /** What comes back to each sum from what comes back to each output: nothing where ReLU is shut. */
  slope(upstream) {
    const relu = this.how.activation === "relu";
    return Float64Array.from(relu ? reluBackward(upstream, this.output.values) : upstream);
  }

  /**
   * Scatter: every output hands its gradient to the pixels and weights that made it.
   * @param {Float64Array} slope - of each sum
   * @returns {Gradients}
   */
  backward(slope) {
    const { image, bank } = this,
      { channels, count, weights } = bank;
    const sums = [image.values, weights, this.bias].map(({ length }) => new Float64Array(length));
    const [pixels, filters, bias] = sums;
    this.#eachTap((position, i, j, pixel) => {
      for (let f = 0; f < count; f++) {
        const g = slope[position * count + f];
        if (!g) continue;
        for (let c = 0; c < channels; c++) {
          const weight = ((i * bank.width + j) * channels + c) * count + f;
          pixels[pixel * channels + c] += g * weights[weight];
          filters[weight] += g * image.values[pixel * channels + c];
        }
      }
    });
    for (let k = 0; k < slope.length; k++) bias[k % count] += slope[k];
    return gradientsOf(sums);
  }

  /** Gather: every pixel and every weight collects from the outputs that it fed. */
  gather(slope) {
    const { image, bank, bias } = this;
    const pixels = Float64Array.from(image.values, (_, k) => this.gathered(k, slope));
    const filters = Float64Array.from(bank.weights, (_, k) =>
      this.productsOf(k).reduce(
        (sum, { position, pixel }) =>
          sum + slope[position * bank.count + (k % bank.count)] * (image.values[pixel] ?? 0),
        0,
      ),
    );
    const biases = Float64Array.from(bias, (_, f) =>
      slope.reduce((sum, g, k) => (k % bank.count === f ? sum + g : sum), 0),
    );
    return gradientsOf([pixels, filters, biases]);
  }

  /** What a number of the image collects: gradient × weight of every output that it fed. */
  gathered(index, slope) {
    const { channels, count, width, weights } = this.bank;
    let sum = 0;
    for (const { position, i, j } of this.fedBy(Math.floor(index / channels))) {
      const tap = ((i * width + j) * channels + (index % channels)) * count;
      for (let f = 0; f < count; f++) sum += slope[position * count + f] * weights[tap + f];
    }
    return sum;
  }

  /** The products that a weight is in, one a window: {position, pixel}, an index of image.values. */
  productsOf(index) {
    const { channels, count, width } = this.bank;
    const tap = Math.floor(index / count),
      channel = tap % channels,
      place = Math.floor(tap / channels);
    return Array.from({ length: this.positions }, (_, position) => {
      const pixel = this.pixelUnder(position, Math.floor(place / width), place % width);
      return { position, pixel: pixel < 0 ? -1 : pixel * channels + channel };
    });
  }

  #eachTap(act) {
    for (let position = 0; position < this.positions; position++) {
      for (let i = 0; i < this.bank.height; i++) {
        for (let j = 0; j < this.bank.width; j++) {
          const pixel = this.pixelUnder(position, i, j);
          if (pixel >= 0) act(position, i, j, pixel);
        }
      }
    }
  }

  /** The loss whose slope is `upstream`: every output times its gradient, added up. */
  loss(upstream) {
    return this.output.values.reduce((sum, one, k) => sum + (upstream[k] && one * upstream[k]), 0);
  }

  /**
   * Central differences of the loss: each number is moved up and down by STEP, and all outputs that
   * it can change are computed anew.
   * @param {ArrayLike<number>} upstream
   * @param {"image" | "filters" | "bias"} kind
   * @param {number[]} [indices] - of which numbers; all if not given
   * @returns {Float64Array}
   */
  differences(upstream, kind, indices) {
    const { image, bank, bias } = this,
      { count, channels } = bank;
    const all = { image: image.values, filters: bank.weights, bias };
    for (const name of Object.keys(all)) all[name] = Float64Array.from(all[name]);
    const moved = all[kind],
      maps = Array.from({ length: count }, (_, f) => f),
      everywhere = Array.from({ length: this.positions }, (_, p) => p);
    const losses = (places, filters) =>
      places.reduce(
        (total, p) =>
          filters.reduce(
            (sum, f) =>
              sum + (upstream[p * count + f] && upstream[p * count + f] * this.#at(all, p, f)),
            total,
          ),
        0,
      );
    return Float64Array.from(indices ?? moved.keys(), (k) => {
      const ofImage = kind === "image";
      const places = ofImage
        ? this.fedBy(Math.floor(k / channels)).map(({ position }) => position)
        : everywhere;
      const filters = ofImage ? maps : [k % count];
      const before = moved[k];
      moved[k] = before + STEP;
      const up = losses(places, filters);
      moved[k] = before - STEP;
      const down = losses(places, filters);
      moved[k] = before;
      return (up - down) / (2 * STEP);
    });
  }

  /** One output, in doubles, from numbers that may have been moved. */
  #at({ image, filters, bias }, position, f) {
    const { height, width, channels, count } = this.bank;
    let sum = bias[f];
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        const pixel = this.pixelUnder(position, i, j);
        if (pixel < 0) continue;
        const tap = (i * width + j) * channels;
        for (let c = 0; c < channels; c++) {
          sum += image[pixel * channels + c] * filters[(tap + c) * count + f];
        }
      }
    }
    return this.how.activation === "relu" ? Math.max(0, sum) : sum;
  }
}

function gradientsOf(sums) {
  const [image, filters, bias] = sums.map((one) => Float32Array.from(one));
  return { image, filters, bias };
}
