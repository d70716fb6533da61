// Maps on the wire and in a saved notebook: what they are, and their bytes (shared/looking.py).

/** The maps of a message: all ranges come first, then all steps. */
export function partsOf({ parts }, { buffer, byteOffset, byteLength }) {
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  let at = 0;
  const ranges = parts.map(({ count }) => {
    const part = bytes.slice(at, at + 8 * count); // a copy begins where float32 may
    at += 8 * count;
    return new Float32Array(part.buffer);
  });
  return parts.map((part, k) => {
    const size = part.count * part.height * part.width * (part.channels ?? 1);
    const steps = bytes.subarray(at, at + size);
    at += size;
    return { ...part, ranges: ranges[k], steps };
  });
}

/** Parts as they came: what is told of them, and all their bytes. */
export function packed(parts) {
  const size = parts.reduce((sum, { ranges, steps }) => sum + ranges.byteLength + steps.length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const { ranges } of parts) {
    bytes.set(new Uint8Array(ranges.buffer), at);
    at += ranges.byteLength;
  }
  for (const { steps } of parts) {
    bytes.set(steps, at);
    at += steps.length;
  }
  const told = parts.map(({ ranges: _, steps: __, ...about }) => about);
  return { told, view: new DataView(bytes.buffer) };
}
