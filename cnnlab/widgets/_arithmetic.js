// The browser's own twin of functional.conv2d, F.relu and the colour steps of display.py, for pages
// without a kernel. Axes: row, column, channel; one image, one filter. With a kernel alive its
// numbers are shown, not these.

export const NAN_LEVEL = 255;

/** Zeros before and after, so that ceil(size / stride) pixels come out (shapes.same_padding). */
export function samePadding(size, window, stride, dilation) {
  const outputs = Math.ceil(size / stride);
  const total = Math.max(0, (outputs - 1) * stride + dilation * (window - 1) + 1 - size);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/** One side of an image with a window sliding along it, every number resolved (shapes.Window). */
export function resolveSide(size, window, stride, padding, dilation) {
  const [before, after] =
    padding === "same" ? samePadding(size, window, stride, dilation)
    : padding === "valid" ? [0, 0]
    : [padding, padding];
  const reach = dilation * (window - 1) + 1;
  const outputs = Math.floor((before + size + after - reach) / stride) + 1;
  return { before, after, reach, outputs };
}

/**
 * Slide one filter over one image.
 *
 * image: {height, width, channels, values: Float32Array}; filter: {height, width, channels,
 * weights: Float32Array}, row by row, channels side by side. Returns {height, width, values}, or
 * null if the filter does not fit in the padded image.
 */
export function convolve(image, filter, { bias = 0, stride = 1, padding = 0, dilation = 1 } = {}) {
  const down = resolveSide(image.height, filter.height, stride, padding, dilation);
  const across = resolveSide(image.width, filter.width, stride, padding, dilation);
  const height = down.outputs, width = across.outputs, channels = image.channels;
  if (height < 1 || width < 1) return null;
  // One weight at a time, walking along whole rows: the sums of a row stay in doubles until all
  // weights have been added, so that the only rounding is the last one.
  const values = new Float32Array(height * width), sums = new Float64Array(width);
  for (let row = 0; row < height; row++) {
    sums.fill(bias);
    for (let i = 0; i < filter.height; i++) {
      const y = row * stride - down.before + i * dilation;
      if (y < 0 || y >= image.height) continue; // a row of zeros
      for (let j = 0; j < filter.width; j++) {
        const shift = j * dilation - across.before;
        const first = Math.max(0, Math.ceil(-shift / stride));
        const last = Math.min(width - 1, Math.floor((image.width - 1 - shift) / stride));
        for (let c = 0; c < channels; c++) {
          const weight = filter.weights[(i * filter.width + j) * channels + c];
          let at = (y * image.width + first * stride + shift) * channels + c;
          for (let column = first; column <= last; column++, at += stride * channels) {
            sums[column] += weight * image.values[at];
          }
        }
      }
    }
    values.set(sums, row * width);
  }
  return { height, width, values };
}

/** Negative numbers become zero; what is not a number stays so. */
export function relu(values) {
  return values.map((value) => (value <= 0 ? 0 : value));
}

/** The smallest and the largest number. */
export function rangeOf(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [NaN, NaN];
}

/** The number that gets the strongest colour (display.limit_of). */
export function limitOf(values) {
  const step = Math.floor(values.length / 4096) | 1, found = [];
  for (let k = 0; k < values.length; k += step) {
    if (Number.isFinite(values[k])) found.push(Math.abs(values[k]));
  }
  if (!found.length) return 1;
  const sizes = Float32Array.from(found).sort();
  const limit = sizes[Math.ceil(0.99 * (sizes.length - 1))] || sizes[sizes.length - 1];
  return limit > 1e-30 ? limit : 1;
}

/** Numbers as steps of a palette (display.levels); every operation rounded to float32, as there. */
export function levelsOf(values, limit, signed) {
  const scale = Math.fround((signed ? 127 : 254) / Math.fround(limit)), middle = signed ? 127.5 : 0.5;
  const steps = new Uint8Array(values.length);
  for (let k = 0; k < values.length; k++) {
    const step = Math.fround(Math.fround(values[k] * scale) + middle);
    steps[k] = step >= 254 ? 254 : step > 0 ? step : step <= 0 ? 0 : NAN_LEVEL;
  }
  return steps;
}

/**
 * What one output pixel is made of: for every channel the pixels under the filter, the products and
 * their sum; then bias, result, activation.
 */
export function explainPixel(image, filter, { bias, stride, padding, dilation, activation }, row, column) {
  const down = resolveSide(image.height, filter.height, stride, padding, dilation);
  const across = resolveSide(image.width, filter.width, stride, padding, dilation);
  const top = row * stride - down.before, left = column * stride - across.before;
  const channels = [];
  let result = bias;
  for (let c = 0; c < image.channels; c++) {
    const pixels = [], products = [];
    let sum = 0;
    for (let i = 0; i < filter.height; i++) {
      pixels.push([]);
      products.push([]);
      for (let j = 0; j < filter.width; j++) {
        const y = top + i * dilation, x = left + j * dilation;
        const inside = y >= 0 && y < image.height && x >= 0 && x < image.width;
        const pixel = inside ? image.values[(y * image.width + x) * image.channels + c] : 0;
        const product = pixel * filter.weights[(i * filter.width + j) * image.channels + c];
        pixels[i].push(inside ? pixel : null); // null: a zero of the padding
        products[i].push(product);
        sum += product;
      }
    }
    channels.push({ pixels, products, sum });
    result += sum;
  }
  const activated = activation === "relu" && result <= 0 ? 0 : result;
  return { row, column, top, left, channels, bias, result, activated };
}
