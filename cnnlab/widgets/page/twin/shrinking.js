// A picture brought to fewer pixels: the browser's twin of functional.avg_pool2d, window for window.

/** Average squares of `factor` pixels a side; rows and columns left over at the end are dropped. */
export function shrunk(image, factor) {
  if (factor === 1) return image;
  const { channels, values } = image;
  const height = Math.floor(image.height / factor),
    width = Math.floor(image.width / factor);
  const sums = new Float64Array(height * width * channels);
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width * channels;
    let from = y * image.width * channels;
    for (let x = 0; x < width * factor; x++) {
      const to = row + Math.floor(x / factor) * channels;
      for (let c = 0; c < channels; c++) sums[to + c] += values[from++];
    }
  }
  return { height, width, channels, values: Float32Array.from(sums, (sum) => sum / factor ** 2) };
}
