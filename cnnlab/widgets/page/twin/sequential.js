// A stack of layers, counted: the browser's twin of sequential.py and of layers/pattern.py.

import { chainOf, pairOf } from "./layers.js";

const KINDS = {
  MaxPool2D: "MaxPooling2D",
  AvgPool2D: "AveragePooling2D",
  GlobalAvgPool2D: "GlobalAveragePooling2D",
  BatchNorm: "BatchNormalization",
};
const HANDED_ON = new Set(["Flatten", "Dropout"]); // what goes in comes out, outside training

/** @typedef {{name: string, kind: string, shape: number[], parameters: number,
 *   nonTrainable: number, multiplyAdds: number, values: number, field: number[]}} Row */

export function product(numbers) {
  return numbers.reduce((all, one) => all * one, 1);
}

/** What the table calls a layer (Layer.kind). */
function kindOf({ layer }) {
  return KINDS[layer] ?? layer;
}

function stemOf(kind) {
  return kind.replace(/(?<=[a-z0-9])(?=[A-Z][a-z])/g, "_").toLowerCase();
}

/** Weights, without biases, of a layer on an input of a shape. */
function weightsOf(entry, shape) {
  if (entry.layer === "Conv2D")
    return product([...pairOf(entry.kernel_size), shape.at(-1), entry.filters]);
  return entry.layer === "Dense" ? shape[0] * entry.units : 0;
}

/** How many numbers a layer learns and keeps, and how many of them no gradient changes. */
function parametersOf(entry, shape) {
  const channels = shape.at(-1);
  if (entry.layer === "BatchNorm") return [4 * channels, 2 * channels];
  const biases = entry.bias ? (entry.filters ?? entry.units) : 0;
  return [weightsOf(entry, shape) + biases, 0];
}

/**
 * Lay layers out and count them, as far as they fit.
 * @returns {{rows: Row[], error: string}} error says why the layer behind the rows does not fit
 */
export function stackOf(inputShape, layers) {
  const counts = {},
    chain = chainOf(inputShape, layers),
    error = chain.at(-1)?.error ?? "",
    fitting = error ? chain.slice(0, -1) : chain;
  const rows = fitting.map(({ shape, field, sides }, k) => {
    const entry = layers[k],
      before = k ? fitting[k - 1].shape : inputShape,
      kind = kindOf(entry),
      stem = stemOf(kind),
      [parameters, nonTrainable] = parametersOf(entry, before);
    counts[stem] = (counts[stem] ?? 0) + 1;
    const places = entry.layer === "Conv2D" ? shape[0] * shape[1] : 1;
    return {
      name: `${stem}_${counts[stem]}`,
      kind,
      shape,
      parameters,
      nonTrainable,
      multiplyAdds: places * weightsOf(entry, before),
      values: HANDED_ON.has(entry.layer) ? 0 : product(shape),
      field,
      sides,
    };
  });
  return { rows, error };
}

/**
 * The layers of [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC (layers/pattern.py).
 * @param {Object<string, Object>} like - what a Conv2D, MaxPool2D, Dense is where nothing is said
 */
export function patternOf({ N, M, K, pool, filters, units, classes }, like) {
  const relu = { layer: "ReLU" },
    he = { initializer: "he_normal" },
    times = (count, make) => Array.from({ length: count }, (_, k) => make(k)).flat();
  const block = (number) => {
    const depth = pool ? filters * 2 ** number : filters;
    const convolution = { ...like.Conv2D, ...he, filters: depth, kernel_size: 3, padding: "same" };
    const pooling = pool ? [{ ...like.MaxPool2D, window: 2 }] : [];
    return [...times(N, () => [convolution, relu]), ...pooling];
  };
  return [
    ...times(M, block),
    { layer: "Flatten" },
    ...times(K, () => [{ ...like.Dense, ...he, units }, relu]),
    { ...like.Dense, units: classes },
  ];
}
