// Shapes of layers: the browser's twin of output_shape in layers/, its messages too.

import { laidAlong, receptiveField } from "./shapes.js";

/** One number for both axes, or one for each. */
export function pairOf(value) {
  return Array.isArray(value) ? value : [value, value];
}

/** A shape as Python writes it. */
function written(shape) {
  return `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;
}

function volume(shape, noun) {
  if (shape.length === 3) return shape;
  throw new Error(
    `${noun} needs a volume (height, width, channels), got ${written(shape)}; ` +
      "put it before Flatten()",
  );
}

/** Lay a window down and across (shapes.Window.over). */
function laidOver([height, width], { window, stride, padding, dilation }, noun) {
  const named = typeof padding === "string";
  const sides = [height, width].map((size, axis) =>
    laidAlong({
      size,
      window: pairOf(window)[axis],
      stride: pairOf(stride)[axis],
      padding: named ? padding : pairOf(padding)[axis],
      dilation: pairOf(dilation)[axis],
    }),
  );
  if (sides.some((side) => side.error)) throw new Error(unfit(sides, noun));
  return sides;
}

function unfit(sides, noun) {
  const by = (name) => sides.map((side) => side[name]).join("x");
  const needed = Math.max(
    ...sides.map(({ before, reach, padded }) =>
      Math.max(before, before + Math.ceil((reach - padded) / 2)),
    ),
  );
  const largest = sides.map(({ padded, dilation }) => Math.floor((padded - 1) / dilation) + 1);
  const spread = sides.some((side) => side.dilation > 1) ? ` with dilation ${by("dilation")}` : "";
  const padded = by("padded") === by("size") ? "" : ` padded to ${by("padded")}`;
  const smaller = Math.min(...largest) ? ` or a ${noun} of ${largest.join("x")} or less` : "";
  return (
    `a ${by("window")} ${noun}${spread} does not fit in a ${by("size")} image${padded}; ` +
    `use padding >= ${needed}${smaller}`
  );
}

function pooled(shape, { layer, window, stride, padding }) {
  const how = { window, stride: stride ?? window, padding, dilation: 1 };
  const sides = laidOver(volume(shape, layer), how, "pooling window");
  if (sides.every(({ before, window: size }) => 2 * before <= size)) return sides;
  const by = (read) => sides.map(read).join("x");
  throw new Error(
    `a padding of ${by((one) => one.before)} is more than half of the ` +
      `${by((one) => one.window)} pooling window, so that some windows would lie in ` +
      `nothing but padding; use a padding of at most ${by((one) => Math.floor(one.window / 2))}`,
  );
}

/** The windows of a layer, down and across; null for a layer without one (sliding_window). */
export function sidesOf(entry, shape) {
  const { layer } = entry;
  if (layer === "Conv2D") {
    const { kernel_size: window, stride, padding, dilation } = entry;
    return laidOver(volume(shape, layer), { window, stride, padding, dilation }, "filter");
  }
  if (layer === "MaxPool2D" || layer === "AvgPool2D") return pooled(shape, entry);
  if (layer !== "GlobalAvgPool2D") return null;
  const whole = { stride: 1, padding: 0, dilation: 1 };
  return volume(shape, layer)
    .slice(0, 2)
    .map((size) => laidAlong({ size, window: size, ...whole }));
}

/** What comes out of a layer (output_shape). */
function outputShape(entry, shape) {
  const sides = sidesOf(entry, shape),
    channels = shape.at(-1);
  switch (entry.layer) {
    case "Conv2D":
      return [...sides.map((side) => side.outputs), entry.filters];
    case "MaxPool2D":
    case "AvgPool2D":
      return [...sides.map((side) => side.outputs), channels];
    case "GlobalAvgPool2D":
      return [channels];
    case "Flatten":
      return [shape.reduce((product, one) => product * one, 1)];
    case "Dense":
      if (shape.length === 1) return [entry.units];
      throw new Error(`Dense needs a flat vector, got ${written(shape)}; put Flatten() before it`);
    case "Maxout":
      if (channels % entry.pieces === 0) return [...shape.slice(0, -1), channels / entry.pieces];
      throw new Error(
        `${channels} channels do not divide into groups of ${entry.pieces}; ` +
          `give the layer before a multiple of ${entry.pieces}`,
      );
    default:
      return shape;
  }
}

/**
 * Lay layers out one after the other. The first that does not fit says why; those behind it are
 * left out.
 * @returns {({shape: number[], field: number[], sides: Laid[] | null} | {error: string})[]}
 */
export function chainOf(shape, layers) {
  const walked = [[], []],
    entries = [],
    whole = shape.length === 3 ? shape.slice(0, 2) : [shape[0], 1];
  let seesAll = false;
  for (const entry of layers) {
    try {
      const sides = sidesOf(entry, shape);
      shape = outputShape(entry, shape);
      sides?.forEach((side, axis) => {
        walked[axis].push(side);
      });
      seesAll ||= entry.layer === "Dense";
      entries.push({ shape, sides, field: seesAll ? whole : walked.map(receptiveField) });
    } catch (error) {
      entries.push({ error: error.message });
      break;
    }
  }
  return entries;
}
