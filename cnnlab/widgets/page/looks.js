// What kinds of layers look like: a class, that gives a colour, each.

const LOOKS = {
  Conv2D: "cnnlab-look-conv",
  MaxPool2D: "cnnlab-look-pool",
  AvgPool2D: "cnnlab-look-pool",
  GlobalAvgPool2D: "cnnlab-look-pool",
  Dense: "cnnlab-look-dense",
};

export const PLAIN = "cnnlab-look-plain";

/** The class of a layer; what is none of these is plain. */
export function lookOf({ layer }) {
  return LOOKS[layer] ?? PLAIN;
}
