// Runs _arithmetic.js on cases handed over as JSON.
async ([module, cases]) => {
  const twin = await import(URL.createObjectURL(new Blob([module], { type: "text/javascript" })));
  return cases.map(({ image, filter, bias, stride, padding, dilation, relu }) => {
    const pixels = { ...image, values: Float32Array.from(image.values) };
    const weights = { ...filter, weights: Float32Array.from(filter.weights) };
    const map = twin.convolve(pixels, weights, { bias, stride, padding, dilation });
    const values = relu ? twin.relu(map.values) : map.values, limit = twin.limitOf(values);
    const row = map.height - 1, column = Math.floor(map.width / 2);
    const how = { bias, stride, padding, dilation, activation: relu ? "relu" : "none" };
    return { height: map.height, width: map.width, values: Array.from(values), limit,
      range: twin.rangeOf(values), pixel: twin.explainPixel(pixels, weights, how, row, column),
      signed: Array.from(twin.levelsOf(values, limit, true)),
      grey: Array.from(twin.levelsOf(values, limit, false)) };
  });
}
