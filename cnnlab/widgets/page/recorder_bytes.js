// Pictures on the wire, one after another; and a training as it is told bit by bit.

import { bytesOf, grown } from "./points.js";

/** Join pictures of one size. @param {Uint8Array[]} pictures */
export function joined(pictures) {
  const size = pictures[0].length,
    bytes = new Uint8Array(size * pictures.length);
  for (const [k, pixels] of pictures.entries()) bytes.set(pixels, k * size);
  return new DataView(bytes.buffer);
}

/** Part what was joined. @returns {Uint8Array[]} */
export function parted(view, count) {
  const bytes = bytesOf(view),
    size = bytes.length / count;
  return Array.from({ length: count }, (_, k) => bytes.slice(k * size, (k + 1) * size));
}

/** What is known of a training: what it was before, and what came. */
export function trained(known, about, points) {
  const before = known?.about.attempt === about.attempt ? known : null;
  const confusion = about.confusion ?? before?.about.confusion;
  const of = about.of ?? before?.about.of;
  return {
    about: { ...about, kept: [], confusion, of },
    points: grown(before?.points ?? [], about.from, points),
  };
}
