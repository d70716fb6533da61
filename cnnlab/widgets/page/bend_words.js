// A row of bends in words: the sum as a formula, and how near it comes to its curve.

import { counted, numberText } from "./numbers.js";

const EXACT = 1e-6; // what is smaller is rounding
const WRITTEN = 6; // bends that a formula writes out

/** The sum: `units` are position and facing of each bend, `numbers` offset, slope and weights. */
export function formulaOf(units, numbers) {
  const tidy = numbers.map((number) => (Math.abs(number) < EXACT ? 0 : number));
  const signed = (number) =>
    `${number < 0 ? "" : "+ "}${numberText(number, 2).replace(/^−/, "− ")}`;
  const inside = ([position, facing]) => {
    if (!position) return facing > 0 ? "x" : "−x";
    return facing > 0 ? `x ${signed(-position)}` : `${numberText(position, 2)} − x`;
  };
  const terms = units
    .slice(0, WRITTEN)
    .map((unit, k) => ` ${signed(tidy[k + 2])}·relu(${inside(unit)})`);
  const more = units.length > WRITTEN ? ` + ${units.length - WRITTEN} more` : "";
  return `Sum = ${numberText(tidy[0], 2)} ${signed(tidy[1])}·x${terms.join("")}${more}`;
}

/** How near the sum comes: `gap` is the largest, at `x`; `best` what least squares would leave. */
export function nearness({ units, by_hand: byHand }, { gap, best }, x) {
  const bends = counted(units.length, "bend");
  const where = `The largest gap is ${numberText(gap)}, at x = ${numberText(x, 2)}.`;
  if (byHand.length) {
    return `By hand, ${bends}. ${where} Least squares leaves ${numberText(best)}.`;
  }
  if (gap < EXACT) return `${bends}: the sum follows the curve exactly.`;
  if (!units.length) return `Without a bend every sum is a straight line. ${where}`;
  return `${bends}. ${where}`;
}
