// A window that slides along one side of an image: the browser's twin of shapes.py.

/** Zeros before and after, so that ceil(size / stride) pixels come out (shapes.same_padding). */
function samePadding(size, window, stride, dilation) {
  const outputs = Math.ceil(size / stride);
  const total = Math.max(0, (outputs - 1) * stride + dilation * (window - 1) + 1 - size);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

/**
 * One side of an image with a window sliding along it, every number resolved (shapes.Window).
 * @returns {{before: number, after: number, reach: number, outputs: number}}
 */
export function sideOf(size, window, stride, padding, dilation = 1) {
  let [before, after] = [padding, padding];
  if (padding === "same") [before, after] = samePadding(size, window, stride, dilation);
  if (padding === "valid") [before, after] = [0, 0];
  const reach = dilation * (window - 1) + 1;
  const outputs = Math.floor((before + size + after - reach) / stride) + 1;
  return { before, after, reach, outputs };
}
