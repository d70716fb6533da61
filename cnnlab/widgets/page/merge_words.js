// What the difference between two filters and the one says, in words.

import { numberText } from "./numbers.js";

function share(part) {
  const percent = 100 * part;
  return percent > 0 && percent < 0.1 ? "less than 0.1\u00a0%" : `${numberText(percent, 1)}\u00a0%`;
}

/**
 * @param {{largest: number, differing: number, rounding: number, zeroed: number}} frame
 * @param {{between: string}} settings
 * @param {number[][]} [merged] - the one filter, where it is shown
 */
export function verdictOn({ largest, differing, rounding, zeroed }, { between }, merged) {
  if (!merged) {
    return "Two filters, one after the other. Which one filter does the work of both?";
  }
  const size = `${merged.length}\u00a0×\u00a0${merged[0].length}`;
  const least = numberText(largest, 4);
  if (between === "none" && !differing) {
    return (
      `One ${size} filter does the work of both: the same map. The largest difference is ` +
      `${least}, which is rounding: it alone may make ${numberText(rounding, 4)}.`
    );
  }
  const apart = `${share(differing)} of the pixels differ, by up to ${least}.`;
  if (between === "none") return `The numbers are too large to be added up: ${apart}`;
  if (!zeroed) {
    return (
      "With a ReLU between, merging is gone. On this picture it happens to change nothing: the " +
      "first map has no number below zero. Try a first filter that finds edges."
    );
  }
  const lost = `With a ReLU between, merging is gone: it sets ${share(zeroed)} of the map between to zero`;
  if (!differing) return `${lost}, but the second filter makes nothing of it here.`;
  return `${lost}, and what is lost does not come back. With the ${size} filter ${apart}`;
}
