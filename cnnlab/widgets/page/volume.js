// Numbers in several channels: cut, extended, changed by hand in a grid for each slice.

import { wholeNumber } from "./controls.js";
import { make } from "./dom.js";
import { figure } from "./figure.js";
import { NumberGrid } from "./number_grid.js";

/** Nested rows cut or extended to a shape; `otherwise` is what is new. */
export function resizedVolume(nested, [length, ...deeper], otherwise = 0) {
  return Array.from({ length }, (_, k) => {
    const part = nested?.[k];
    return deeper.length ? resizedVolume(part, deeper, otherwise) : (part ?? otherwise);
  });
}

/** Lengths of all axes of nested rows. */
export function shapeOf(nested) {
  return Array.isArray(nested) ? [nested.length, ...shapeOf(nested[0])] : [];
}

/** A shape with one axis of another length. */
export function withAxis(shape, axis, length) {
  return shape.map((size, k) => (k === axis ? length : size));
}

/** The rows and columns of one slice: `slice` are its indices on the further axes. */
export function sliceOf(nested, slice) {
  return nested.map((line) => line.map((cell) => slice.reduce((part, k) => part[k], cell)));
}

/** Every so manyth number of those whose channels lie side by side, what is null included. */
export function pick(numbers, first, apart) {
  return Array.from({ length: numbers.length / apart }, (_, k) => numbers[k * apart + first]);
}

/** A grid with a title over it. */
export function titled(grid) {
  const title = make("strong", {});
  return { grid, title, element: figure([title], {}, grid.element) };
}

/** A grid that writes one slice of a setting; slice() says which, `read` gives all that is shown. */
export function sliceOn(session, name, label, slice, read = () => session.settings[name]) {
  const set = (row, column, value, gesture) => {
    const changed = structuredClone(read()),
      at = [row, column, ...slice()],
      last = at.pop();
    at.reduce((part, k) => part[k], changed)[last] = value;
    session.change({ [name]: changed }, gesture);
  };
  const describe = (row, column) => `row ${row}, column ${column}`;
  return titled(new NumberGrid(label, set, { step: 1, describe }));
}

/** A field for the length of one axis; change(shape) says what else changes with it. */
export function axisOf(session, name, words, axis, change) {
  const most = session.facts.settings[name].most[axis];
  const shape = () => shapeOf(session.settings[name]);
  const write = (length, gesture = `size ${name} ${axis}`) =>
    session.change(change(withAxis(shape(), axis, length)), gesture);
  const control = `${name}-${words.toLowerCase()}`;
  return wholeNumber(control, words, { least: 1, most }, () => shape()[axis], write);
}
