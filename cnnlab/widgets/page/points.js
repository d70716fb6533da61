// The curve of a training, as it comes bit by bit: step, loss and accuracy of each point.

/** The bytes of a view, whatever it is a part of. */
export function bytesOf({ buffer, byteOffset, byteLength }) {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The points that are known up to `from`, and behind them those that came (float32). */
export function grown(known, from, bytes) {
  const points = known.length === from ? known : known.slice(0, from);
  const numbers = new Float32Array(bytesOf(bytes).slice().buffer);
  for (let i = 0; i < numbers.length; i += 3) points.push([...numbers.subarray(i, i + 3)]);
  return points;
}
