// Numbers as steps of a palette: the browser's twin of display.py.

export const NAN_LEVEL = 255;

/** The smallest and the largest number. */
export function rangeOf(values) {
  let low = Infinity,
    high = -Infinity;
  for (let k = 0; k < values.length; k++) {
    const value = values[k];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [NaN, NaN];
}

/** The number that gets the strongest colour (display.limit_of). */
export function limitOf(values) {
  const step = Math.floor(values.length / 4096) | 1,
    found = [];
  for (let k = 0; k < values.length; k += step) {
    if (Number.isFinite(values[k])) found.push(Math.abs(values[k]));
  }
  if (!found.length) return 1;
  const sizes = Float32Array.from(found).sort();
  const limit = sizes[Math.ceil(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1];
  return limit > 1e-30 ? limit : 1;
}

/**
 * Numbers as steps of a palette (display.levels); every operation rounded to float32, as there.
 * `steps` is where they may be written.
 */
export function levelsOf(values, limit, signed, steps = new Uint8Array(values.length)) {
  const scale = Math.fround((signed ? 127 : 254) / Math.fround(limit));
  const middle = signed ? 127.5 : 0.5;
  for (let k = 0; k < values.length; k++) {
    const step = Math.fround(Math.fround(values[k] * scale) + middle);
    steps[k] = step >= 254 ? 254 : step > 0 ? step : step <= 0 ? 0 : NAN_LEVEL;
  }
  return steps;
}
