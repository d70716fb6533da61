// Drawings over pictures: numbers, frames, what no window reaches.

import { make } from "./dom.js";
import { FACTS } from "./facts.js";
import { numberText } from "./numbers.js";

/** Numbers on the pixels of a small picture in grey; null is not a number. */
export function numbersOver(picture, values, channels, digits) {
  const large = Math.max(picture.width, picture.height) > FACTS.numbersUpTo;
  if (!values || channels > 1 || large) return [];
  return Array.from(values, (value, k) => {
    const text = value === null ? "nan" : numberText(value, digits);
    const place = {
      x: (k % picture.width) + 0.5,
      y: Math.floor(k / picture.width) + 0.5,
      "font-size": Math.min(0.34, 1.4 / text.length),
      fill: picture.inkAt(k),
    };
    return make("text", place, text);
  });
}

/** A frame that is seen on any picture, and never smaller than a fingertip's dot. */
export function frameOver(picture, { top, left, height, width }) {
  const grown = (size) => Math.max(size, 7 / picture.scale);
  const box = {
    x: left - (grown(width) - width) / 2,
    y: top - (grown(height) - height) / 2,
    width: grown(width),
    height: grown(height),
  };
  return ["cnnlab-over-halo", "cnnlab-over-line"].map((name) =>
    make("rect", { ...box, class: name }),
  );
}

/** Rows and columns at the far end that no window reaches; sides as in twin/window.js. */
export function droppedOver(image, down, across, stride) {
  const seen = (side) => (side.outputs - 1) * stride + side.reach - side.before;
  const rows = seen(down),
    columns = seen(across),
    { height, width } = image;
  const boxes = [];
  if (rows < height) boxes.push({ x: 0, y: rows, width, height: height - rows });
  if (columns < width) {
    boxes.push({ x: columns, y: 0, width: width - columns, height: Math.min(rows, height) });
  }
  return boxes.map((box) => make("rect", { ...box, class: "cnnlab-over-dropped" }));
}

/** Row and column of an index, row by row. */
export function placeOf(index, width) {
  return { row: Math.floor(index / width), column: index % width };
}

/** Marks on some cells of a picture or a grid, by their index. */
export function cellsOver(indices, width, look) {
  return indices.map((k) => {
    const { row, column } = placeOf(k, width);
    return make("rect", { x: column, y: row, width: 1, height: 1, class: look });
  });
}

/** Frames within some cells, a little smaller, so that one in the corner of a window is seen too. */
export function framesOver(picture, indices, width) {
  return indices.flatMap((k) => {
    const { row, column } = placeOf(k, width);
    return frameOver(picture, { top: row + 0.05, left: column + 0.05, height: 0.9, width: 0.9 });
  });
}
