// The recorders of a page: one whose kernel is gone still has its pictures here, for the next.

// One set for all of them, each of which is a module of its own.
const name = Symbol.for("cnnlab: recorders of this page");
globalThis[name] ??= new Set();

/** @type {Set<RecorderSession>} */
export const RECORDERS = globalThis[name];

/** The newest other one with pictures of the same size that nobody sees, or that has no kernel. */
export function leftFor(recorder) {
  const fits = (one) =>
    one !== recorder &&
    (!one.views || one.line.alive === false) &&
    String(one.shape) === String(recorder.shape) &&
    one.pictures.some(({ pixels }) => pixels);
  return [...RECORDERS].findLast(fits) ?? null;
}

/** Its classes and pictures, with new keys: a kernel may know other pictures by the old ones. */
export function copied(recorder, newKey) {
  const keys = new Map(recorder.classes.map(([key]) => [key, newKey()]));
  const recordings = new Map();
  const pictures = recorder.pictures.filter(({ pixels }) => pixels);
  for (const { recording } of pictures) {
    if (!recordings.has(recording)) recordings.set(recording, newKey());
  }
  return {
    classes: recorder.classes.map(([key, words]) => [keys.get(key), words]),
    pictures: pictures.map(({ of, recording, pixels }) => {
      return { key: newKey(), of: keys.get(of), recording: recordings.get(recording), pixels };
    }),
  };
}
