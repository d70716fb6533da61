// What happens along one side of an image, said in words.

import { counted, numberText } from "./numbers.js";
import { roundedUp, startOf, tapsOf, untouched } from "./twin/shapes.js";

/** 7; 5 and 6; 1, 2 and 3; of many the first and the last. */
function listed(numbers) {
  if (numbers.length > 6) return `${numbers[0]}, ${numbers[1]}, … and ${numbers.at(-1)}`;
  const rest = numbers.slice(0, -1).join(", ");
  return rest ? `${rest} and ${numbers.at(-1)}` : String(numbers[0]);
}

function some(noun, numbers) {
  return `${noun}${numbers.length > 1 ? "s" : ""} ${listed(numbers)}`;
}

/** What is never looked at, and why. */
function lostInWords(laid, noun) {
  const reached = startOf(laid, laid.outputs - 1) + laid.reach,
    lost = untouched(laid);
  const [behind, between] = [lost.filter((k) => k >= reached), lost.filter((k) => k < reached)];
  const words = [];
  const are = (numbers) => (numbers.length > 1 ? "are" : "is");
  if (behind.length) {
    words.push(
      `${some(noun, behind)} ${are(behind)} dropped: a further jump of ${laid.stride} would leave the row`,
    );
  }
  const pads = laid.dropped - behind.length;
  if (pads > 0)
    words.push(`of the padding behind, ${counted(pads, noun)} ${pads > 1 ? "are" : "is"} dropped`);
  if (between.length) {
    const it = between.length > 1 ? "they lie" : "it lies";
    const why = laid.stride > laid.reach ? "between two windows" : "in the holes of the window";
    words.push(`no weight ever stands on ${some(noun, between)}: ${it} ${why}`);
  }
  if (!words.length) words.push(`every ${noun} is seen`);
  const more = roundedUp(laid);
  if (more !== null) {
    words.push(
      `a pooling that rounds up, as in Caffe, has ${laid.outputs + 1}: the last window stands partly outside`,
    );
  }
  return words;
}

/** How many places there are, what is dropped. */
export function placesInWords(laid, noun) {
  if (laid.error) return sentence(laid.error);
  return [`${counted(laid.outputs, "place")}`, ...lostInWords(laid, noun)].map(sentence).join(" ");
}

/** Where a window stands, and what it adds up. */
export function placeInWords(laid, place, noun, values, pad) {
  const start = startOf(laid, place);
  const from =
    laid.before > 0 ? `${place}·${laid.stride} − ${laid.before}` : `${place}·${laid.stride}`;
  const taps = tapsOf(laid, place);
  const parts = taps.map((pixel) => numberText(values[pixel] ?? pad, 2));
  const total = numberText(
    taps.reduce((sum, pixel) => sum + (values[pixel] ?? pad), 0),
    2,
  );
  const added =
    parts.length > 9 ? `${parts.slice(0, 4).join(" + ")} + … + ${parts.at(-1)}` : parts.join(" + ");
  const outside = start < 0 ? `, ${counted(-start, noun)} before the image` : "";
  return (
    `Place ${place + 1} of ${laid.outputs} begins at ${from} = ${start < 0 ? `−${-start}` : start}${outside}. ` +
    `It adds up ${added.replaceAll("+ −", "− ")} = ${total}.`
  );
}

/** Two kinds of "same" padding over one row, held against each other. */
export function rulersInWords([ours, theirs], sums) {
  const write = (numbers) => `[${numbers.map((one) => numberText(one, 2)).join(", ")}]`;
  const zeros = ({ before, after }) => `${before} + ${after}`;
  if (ours.outputs !== theirs.outputs) {
    return (
      `Half the window on both sides (${zeros(theirs)}) gives ${theirs.outputs}, not ${ours.outputs}: ` +
      `a window of even reach has no middle pixel, so “same” needs ${zeros(ours)}.`
    );
  }
  if (ours.before === theirs.before) return "Both kinds of “same” stand on the same places here.";
  const equal = sums[0].filter((one, k) => one === sums[1][k]).length;
  const many = equal ? `${equal} of ${ours.outputs} agree` : "not one number agrees";
  const found = ours.outputs <= 12 ? `: ${write(sums[0])} and ${write(sums[1])}` : "";
  const lost = theirs.dropped
    ? ` Of the symmetric zeros ${theirs.dropped} behind is not used.`
    : "";
  return `Both give ${counted(ours.outputs, "number")}, from other places${found}; ${many}.${lost}`;
}

function sentence(words) {
  return `${words[0].toUpperCase()}${words.slice(1)}${words.endsWith(".") ? "" : "."}`;
}
