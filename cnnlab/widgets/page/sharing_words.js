// What belongs together in a layer that is written as a matrix, and what came of a shift, in words.

import { counted, numberText } from "./numbers.js";
import { placeOf } from "./overlay.js";

const MOST_TERMS = 9;

function placeText(index, width) {
  const { row, column } = placeOf(index, width);
  return `row ${row}, column ${column}`;
}

function number(value) {
  const text = numberText(value, 2);
  return value < 0 ? `(${text})` : text;
}

/** What a session points at, in words; "" where it points at nothing. */
export function pointedWords(session) {
  const { here, layer } = session;
  if (!here) return "Point at an entry of the matrix, a pixel, a weight or an output.";
  return { matrix: entry, image: pixel, filter: weight, output: sum }[here.side](
    session,
    here,
    layer,
  );
}

function entry({ matrix, weights, settings }, { index, output, pixel: at }, kind) {
  const { columns, taps, width } = matrix;
  const place = `Row ${output}, column ${at} of the matrix`;
  const both = `pixel ${placeText(at, settings.image[0].length)} with output ${placeText(output, width)}`;
  const tap = taps[output * columns + at];
  if (tap < 0 && kind !== "dense") return `${place}: empty. Nothing joins ${both}.`;
  const value = numberText(weights[kind][index], 3);
  if (kind === "convolution") {
    const times = taps.filter((one) => one === tap).length;
    const own = placeText(tap, settings.filter[0].length);
    return (
      `${place}: the weight ${value} of the filter, ${own}, joins ${both}. ` +
      `It stands in ${counted(times, "row")} of the matrix and is learned once.`
    );
  }
  const idle = weights[kind][index] === 0 ? " It is 0: nothing was there to learn from." : "";
  return `${place}: a weight of its own, ${value}, joins ${both}.${idle}`;
}

function pixel(session, { pixel: at }, kind) {
  const { matrix, settings, picture } = session,
    { columns, rows } = matrix;
  const outputs = Array.from({ length: rows }, (_, row) => row * columns + at).filter((k) =>
    session.joined(k, kind),
  ).length;
  const across = settings.image[0].length,
    { row, column } = placeOf(at, across);
  return (
    `Pixel row ${row}, column ${column}, ${numberText(picture[at], 3)}: ` +
    `column ${row} · ${across} + ${column} = ${at} of the matrix, joined with ${outputs} of ${counted(rows, "output")}.`
  );
}

function weight({ matrix, settings }, { tap }, kind) {
  const times = matrix.taps.filter((one) => one === tap).length;
  const { row, column } = placeOf(tap, settings.filter[0].length);
  const place = `Filter, row ${row}, column ${column}: `;
  if (kind === "convolution") {
    const value = numberText(settings.filter[row][column], 3);
    const entries = times === 1 ? "1 entry" : `${times} entries`;
    return `${place}the weight ${value} is one number to learn and stands in ${entries} of the matrix.`;
  }
  const own = times === 1 ? "1 weight" : `${times} weights`;
  return `${place}where the convolution has one weight, this layer has ${own}, each learned by itself.`;
}

function sum(session, { output, kind: pointed }, shown) {
  const { matrix, picture, weights, outputs } = session;
  const kind = pointed ?? shown,
    { columns, width } = matrix;
  const entries = Array.from({ length: columns }, (_, k) => k).filter((k) =>
    session.joined(output * columns + k, kind),
  );
  const terms = entries
    .filter((k) => picture[k] && weights[kind][output * columns + k])
    .map((k) => `${number(weights[kind][output * columns + k])} · ${number(picture[k])}`);
  const more = terms.length > MOST_TERMS ? " + …" : "";
  const added = terms.slice(0, MOST_TERMS).join(" + ") || "only products with 0";
  return (
    `Output ${placeText(output, width)}: row ${output} of the matrix, ` +
    `${counted(entries.length, "pixel")}: ${added}${more} = ${numberText(outputs[kind][output], 2)}.`
  );
}

const ABOUT = {
  convolution:
    "The same few weights stand in every row, further along: equal weights have equal colours.",
  local:
    "Every place has weights of its own. They have learned this map from the picture where it stood " +
    "at first. A dot is a weight of 0: it saw nothing there.",
  dense:
    "Every output has a weight for every pixel. They have learned this map from the picture where it " +
    "stood at first. A dot is a weight of 0: it saw nothing there.",
};

/** What is to be seen in the matrix of a layer. */
export function aboutWords(layer) {
  return ABOUT[layer];
}

/** What came of a shift for one layer. */
export function movedWords(kind, { along, places }, { down, right, stride }) {
  if (!down && !right) return "";
  if (!places) {
    return down % stride || right % stride
      ? `No place to compare: the shift is no whole step of stride ${stride}.`
      : "Only zeros are left to compare.";
  }
  const rim = kind === "convolution" && along < places;
  const why = " The others lie at the rim, where pixels have left the picture.";
  return `${along} of ${places} moved along.${rim ? why : ""}`;
}

/** Where the picture stands, in words. */
export function shiftText({ down, right }) {
  const parts = [
    right && `${Math.abs(right)} ${right > 0 ? "right" : "left"}`,
    down && `${Math.abs(down)} ${down > 0 ? "down" : "up"}`,
  ].filter(Boolean);
  return parts.length ? `Shifted: ${parts.join(", ")}.` : "Where the layers have learned it.";
}

/** When the three layers are one. */
export function sameWords({ image, filter, padding }, { rows, columns }) {
  if (rows === 1 && columns === filter.flat().length && !padding) {
    return "The filter is as large as the picture: convolution and fully connected layer are the same.";
  }
  if (filter.flat().length === 1 && !padding && image.length * image[0].length === rows) {
    return (
      "A filter of 1 × 1 joins each output with one pixel: only the diagonal is left. A dense layer " +
      "on a map that was not flattened is such a layer."
    );
  }
  return "";
}
