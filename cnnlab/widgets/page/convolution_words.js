// One convolution taken apart: products in tables, sums and gradients in words.

import { counted, numberText } from "./numbers.js";
import { placeOf } from "./overlay.js";
import { relativeError, STEP } from "./twin/convolution_layer.js";

const MOST_IN_PRINT = 12, // terms of a sum
  MOST_ACROSS = 5; // rows and columns of a map that is printed product by product

/**
 * @typedef {Object} Convolved
 * @property {ConvolutionLayer} layer - as in twin/convolution_layer.js
 * @property {boolean} backward
 * @property {Float64Array} slope - what comes back to each sum, as far as steps are done
 * @property {Float64Array} from - what comes back to each output, as far as steps are done
 * @property {Gradients} gradients - as far as steps are done
 *
 * @typedef {{side: "output" | "image" | "weight", part: number, row: number, column: number}} Here
 * `part` is the map, the channel, or the channel of the chosen filter's weight
 */

/**
 * The products that belong to a place.
 * @param {Convolved} convolved
 * @param {Here} here
 * @param {number} chosen - the filter
 * @returns {{caption: string, rows: Product[][], sum: string}[]}
 */
export function tablesOf(convolved, here, chosen) {
  if (!here) return [];
  const { layer, backward } = convolved;
  if (here.side === "output") {
    return backward ? scattered(convolved, here) : multiplied(layer, here);
  }
  if (here.side === "weight") return ofWeight(convolved, here, chosen);
  const maps = Array.from({ length: layer.bank.count }, (_, f) => f);
  return ofPixel(convolved, here, backward ? maps : [chosen]);
}

function product(one, other) {
  return { factors: [one, other], value: one * other };
}

function total(rows) {
  return rows.flat().reduce((sum, one) => sum + (one?.value ?? 0), 0);
}

function gridFrom({ height, width }, cell) {
  return Array.from({ length: height }, (_, i) =>
    Array.from({ length: width }, (__, j) => cell(i, j)),
  );
}

function nameOf(channel, { channels }) {
  return channels > 1 ? `Channel ${channel}: ` : "";
}

/** Forward: in every channel each number times the weight on top of it. */
function multiplied(layer, { part, row, column }) {
  const filter = layer.filter(part);
  return layer.explain(part, row, column).channels.map(({ pixels, sum }, c) => {
    const rows = gridFrom(filter, (i, j) => {
      const weight = filter.weights[(i * filter.width + j) * filter.channels + c];
      return pixels[i][j] === null ? null : product(pixels[i][j], weight);
    });
    const caption = `${nameOf(c, filter)}number × weight`;
    return { caption, rows, sum: `Sum ${numberText(sum)}` };
  });
}

/** Backward: the gradient times the weights goes to the image, times the numbers to the filter. */
function scattered({ layer, slope }, { part, row, column }) {
  const filter = layer.filter(part),
    position = row * layer.output.width + column,
    g = slope[position * layer.bank.count + part];
  const { channels, width } = filter;
  const grids = (name, factor) =>
    Array.from({ length: channels }, (_, c) => {
      const rows = gridFrom(filter, (i, j) => {
        const pixel = layer.pixelUnder(position, i, j);
        return pixel < 0 ? null : product(g, factor(i, j, pixel, c));
      });
      return { caption: `${nameOf(c, filter)}${name}`, rows, sum: "", none: "–" };
    });
  return [
    ...grids(
      "gradient × weight, to the image",
      (i, j, _, c) => filter.weights[(i * width + j) * channels + c],
    ),
    ...grids(
      "gradient × number, to the filter",
      (_i, _j, pixel, c) => layer.image.values[pixel * channels + c],
    ),
  ];
}

/**
 * The products that a number of the image is in, for each of some filters, laid out as the outputs
 * are that it feeds: so the weights lie flipped. Backward it collects gradient × weight from there.
 */
function ofPixel({ layer, slope, backward }, { part, row, column }, filters) {
  const { bank, image } = layer,
    pixel = row * image.width + column,
    number = image.values[pixel * image.channels + part];
  return filters.map((f) => {
    const rows = gridFrom(bank, (a, b) => {
      const [i, j] = [bank.height - 1 - a, bank.width - 1 - b];
      const position = layer.outputOver(pixel, i, j);
      const tap = ((i * bank.width + j) * bank.channels + part) * bank.count + f;
      const factor = backward ? slope[position * bank.count + f] : number;
      return position < 0 ? null : product(factor, bank.weights[tap]);
    });
    const name = bank.count > 1 ? `Filter ${f}: ` : "";
    const caption = `${name}${backward ? "gradient" : "number"} × weight, flipped`;
    return { caption, rows, sum: backward ? `Sum ${numberText(total(rows))}` : "", none: "–" };
  });
}

/** Every product that a weight is in, laid out as the map. */
function ofWeight({ layer, slope, backward }, here, chosen) {
  const { bank, output, image } = layer;
  if (output.height > MOST_ACROSS || output.width > MOST_ACROSS) return [];
  const index = weightAt(bank, here, chosen),
    products = layer.productsOf(index);
  const rows = gridFrom(output, (row, column) => {
    const { position, pixel } = products[row * output.width + column];
    if (pixel < 0) return null;
    const number = image.values[pixel];
    return backward
      ? product(slope[position * bank.count + chosen], number)
      : product(number, bank.weights[index]);
  });
  const caption = `${backward ? "gradient × number" : "number × weight"}, for every output`;
  return [{ caption, rows, sum: backward ? `Sum ${numberText(total(rows))}` : "" }];
}

/** The index of a weight of the chosen filter. */
export function weightAt({ width, channels, count }, { part, row, column }, chosen) {
  return ((row * width + column) * channels + part) * count + chosen;
}

function added(terms) {
  const shown = terms.slice(0, MOST_IN_PRINT).map((one) => numberText(one, 2));
  const more = terms.length > MOST_IN_PRINT ? " + …" : "";
  return `${shown.join(" + ").replaceAll("+ −", "− ")}${more}`;
}

/** What there is to say of a place. */
export function wordsOf(convolved, here, chosen) {
  if (!here) return "";
  const { layer, backward } = convolved,
    place = `row ${here.row}, column ${here.column}`,
    channel = layer.image.channels > 1 ? `channel ${here.part}, ` : "";
  if (here.side === "output") {
    const name = layer.bank.count > 1 ? `Map ${here.part}` : "Output";
    const words = backward ? backOf(convolved, here) : resultOf(layer, here);
    return `${name}, ${place}: ${words}.`;
  }
  if (here.side === "weight") {
    const name = layer.bank.count > 1 ? `Weight of filter ${chosen}` : "Weight";
    return `${name}, ${channel}${place}: ${weightInWords(convolved, here, chosen)}.`;
  }
  return `Number, ${channel}${place}: ${pixelInWords(convolved, here)}.`;
}

function resultOf(layer, { part, row, column }) {
  const { channels, bias, result } = layer.explain(part, row, column);
  const sums = channels.map(({ sum }) => sum);
  const [name, sign] = [sums.length > 1 ? "sums" : "sum", bias < 0 ? "−" : "+"];
  const words = `${name} ${added(sums)} ${sign} bias ${numberText(Math.abs(bias))} = `;
  if (layer.how.activation !== "relu") return words + numberText(result);
  return `${words}${numberText(result)}, ReLU makes it ${numberText(Math.max(0, result))}`;
}

function backOf({ layer, slope, from, gradients }, { part, row, column }) {
  const k = (row * layer.output.width + column) * layer.bank.count + part;
  if (!slope[k] && from[k]) {
    return `the sum is ${numberText(layer.sums[k])}, so ReLU was shut and of ${numberText(from[k])} nothing flows back`;
  }
  const g = numberText(slope[k]);
  return (
    `${g} from above. Times each weight it is added to the image, times each number to the ` +
    `filter, and as it is to the bias, whose gradient is ${numberText(gradients.bias[part])} so far`
  );
}

function pixelInWords(convolved, here) {
  const { layer, slope, backward } = convolved,
    { bank, image } = layer,
    pixel = here.row * image.width + here.column,
    index = pixel * image.channels + here.part,
    outputs = counted(layer.fedBy(pixel).length, "output");
  if (!layer.fedBy(pixel).length) return "no window reaches it";
  if (!backward) {
    const maps = bank.count > 1 ? ` in each of ${bank.count} maps` : "";
    return `${numberText(image.values[index])} feeds ${outputs}${maps}, each by another weight`;
  }
  const sums = tablesOf(convolved, here).map(({ rows }) => total(rows));
  const value = numberText(layer.gathered(index, slope));
  return sums.length > 1 ? `gets ${added(sums)} = ${value}` : `gets ${value} from ${outputs}`;
}

function weightInWords({ layer, slope, backward }, here, chosen) {
  const { bank, image } = layer,
    index = weightAt(bank, here, chosen),
    products = layer.productsOf(index),
    weight = numberText(bank.weights[index]);
  const over = products.filter(({ pixel }) => pixel >= 0);
  const pads = products.length - over.length;
  if (!backward) {
    const zeros = pads ? `, in ${pads} of them with a zero of the padding` : "";
    return `${weight} is in ${counted(products.length, "product")}, one for every output${zeros}`;
  }
  const terms = over.map(
    ({ position, pixel }) => slope[position * bank.count + chosen] * image.values[pixel],
  );
  return `gets ${added(terms)} = ${numberText(terms.reduce((sum, one) => sum + one, 0))}`;
}

/** The central difference beside the gradient of one number. */
export function checkOf({ layer, from, gradients }, here, chosen) {
  if (!here || here.side === "output") return "";
  const [kind, index] =
    here.side === "weight"
      ? ["filters", weightAt(layer.bank, here, chosen)]
      : ["image", (here.row * layer.image.width + here.column) * layer.image.channels + here.part];
  const [difference] = layer.differences(from, kind, [index]);
  const gradient = gradients[kind][index];
  return (
    `Gradient ${numberText(gradient, 5)}, central difference ${numberText(difference, 5)}, ` +
    `relative error ${errorText(relativeError(gradient, difference))}.`
  );
}

/** The loss, and how far all gradients are from their central differences. */
export function lossInWords({ layer, from, gradients }, differences) {
  const loss = `Loss (every output times its gradient, added up): ${numberText(layer.loss(from))}. `;
  if (!differences) return loss;
  const errors = Object.entries(differences).flatMap(([kind, numbers]) =>
    Array.from(numbers, (one, k) => relativeError(one, gradients[kind][k])),
  );
  const worst = errors.reduce((most, one) => Math.max(most, one), 0);
  const kink =
    worst > 1e-4 && layer.how.activation === "relu"
      ? " A sum lies so near to zero that the step crosses the kink of ReLU."
      : "";
  return (
    `${loss}Each number moved up and down by ${numberText(STEP, 6)}: of ${errors.length} ` +
    `gradients the largest relative error is ${errorText(worst)}.${kink}`
  );
}

function errorText(error) {
  return error < 1e-12 ? "0" : error.toExponential(0).replace("e-", "e−");
}

/** The place that a step is about. */
export function placeOfStep(step, { layer, gathering }) {
  const { image, output, positions } = layer;
  const [size, width, side] = gathering
    ? [image.height * image.width, image.width, "image"]
    : [positions, output.width, "output"];
  return { side, part: Math.floor(step / size), ...placeOf(step % size, width) };
}
