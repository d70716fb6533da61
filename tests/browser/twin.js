// Runs what page/twin/ holds on cases handed over as JSON. `twin` is all that those files export.
async ([module, cases]) => {
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const twin = (await import(address)).default;
  return cases.map(({ image, filter, how, relu }) => {
    const pixels = { ...image, values: Float32Array.from(image.values) };
    const convolution = new twin.Convolution();
    const bank = (weights) => ({ ...filter, weights: Float32Array.from(weights) });
    // The hand changes one weight after another; the last map is made of the changes.
    const moving = new Float32Array(filter.weights.length);
    for (let k = 0; k < moving.length; k += Math.ceil(moving.length / 3)) {
      moving.set(filter.weights.slice(0, k), 0);
      convolution.run(pixels, bank(moving), how);
    }
    const map = new twin.Convolution().run(pixels, bank(filter.weights), how);
    const followed = convolution.run(pixels, bank(filter.weights), how);
    const values = relu ? twin.relu(map.values) : map.values,
      limit = twin.limitOf(values);
    const row = map.height - 1,
      column = Math.floor(map.width / 2);
    return {
      height: map.height,
      width: map.width,
      values: Array.from(values),
      followed: Array.from(followed.values),
      limit,
      range: twin.rangeOf(values),
      pixel: twin.explain(pixels, bank(filter.weights), how, row, column),
      signed: Array.from(twin.levelsOf(values, limit, true)),
      grey: Array.from(twin.levelsOf(values, limit, false)),
    };
  });
};
