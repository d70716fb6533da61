// How often which numbers occur: the browser's twin of shared/histogram.py.

/** The least and the largest finite number of all arrays together; never an empty range. */
export function commonRange(...arrays) {
  let low = Infinity,
    high = -Infinity;
  for (const values of arrays) {
    for (let k = 0; k < values.length; k++) {
      const value = values[k];
      if (value < low && value !== -Infinity) low = value;
      if (value > high && value !== Infinity) high = value;
    }
  }
  if (!(low <= high)) return [0, 1];
  return low < high ? [low, high] : [low, low + 1];
}

/** How many numbers lie in each of `bins` bins of one width; what is not finite is left out. */
export function counts(values, low, high, bins) {
  const found = new Array(bins).fill(0),
    scale = bins / (high - low);
  for (let k = 0; k < values.length; k++) {
    const bin = (values[k] - low) * scale;
    if (bin - bin === 0) found[bin >= bins ? bins - 1 : bin > 0 ? Math.floor(bin) : 0] += 1;
  }
  return found;
}

/** The share of numbers that are exactly zero. */
export function zeroShare(values) {
  let zeros = 0;
  for (let k = 0; k < values.length; k++) if (values[k] === 0) zeros += 1;
  return zeros / values.length;
}
