// Pixels along a side, what is added on both ends, and the edges between them: what they look like.

export const PIXELS = "cnnlab-strip-pixels";
export const PADS = "cnnlab-strip-pads";
export const EDGES = "cnnlab-strip-edges";

/** The frame around such a drawing. */
export const STRIP = "cnnlab-strip";
