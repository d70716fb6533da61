// A straight line and a row of bends, added up, and the weights with which they follow a curve: the
// browser's twin of what BendFitter computes by NumPy.

const SAMPLES = 101;
const UPRIGHT = 1e-14; // what upright columns may share, compared with all of them and the larger
const CUT = 1e-7; // the share of the longest direction below which there is none (BendFitter)
const SWEEPS = 40;

/** Where a curve is compared (BendFitter.x). */
export const X = Array.from({ length: SAMPLES }, (_, k) => -1 + k * (2 / (SAMPLES - 1)));

/** One bend: zero up to its position, then as far as one has gone. */
export function bend(x, [position, facing]) {
  return Math.max(0, facing * (x - Math.fround(position)));
}

/** What is multiplied and added up (BendFitter.parts), column by column. */
export function partsOf(units) {
  const ones = X.map(() => 1);
  return [ones, X, ...units.map((unit) => X.map((x) => bend(x, unit)))];
}

/** Multiply each part by its number and add up. */
export function sumOf(parts, numbers) {
  return X.map((_, row) => parts.reduce((sum, part, k) => sum + part[row] * numbers[k], 0));
}

/** The largest difference of two curves, and where it is. */
function gapOf(curve, fit) {
  const apart = curve.map((value, k) => Math.abs(Math.fround(value) - fit[k]));
  const size = Math.max(...apart);
  return { size, at: apart.indexOf(size) };
}

function dot(one, other) {
  let sum = 0;
  for (let k = 0; k < one.length; k++) sum += one[k] * other[k];
  return sum;
}

/** Turn two columns by an angle. */
function turn(one, other, cosine, sine) {
  for (let k = 0; k < one.length; k++) {
    const a = one[k],
      b = other[k];
    one[k] = cosine * a - sine * b;
    other[k] = sine * a + cosine * b;
  }
}

/**
 * Write columns as upright ones of length 1, which are not needed again, times a triangle; and say
 * how much of each the target has (Gram and Schmidt).
 * @returns {{triangle: Float64Array[], shares: Float64Array}} the triangle column by column
 */
function triangleOf(columns, target) {
  const size = columns.length,
    upright = [];
  const triangle = columns.map(() => new Float64Array(size));
  const left = [...columns, target].map((column) => Float64Array.from(column));
  const shares = new Float64Array(size);
  for (let k = 0; k < size; k++) {
    const length = Math.sqrt(dot(left[k], left[k]));
    triangle[k][k] = length;
    if (length <= CUT * Math.sqrt(dot(columns[k], columns[k]))) {
      triangle[k][k] = 0; // it is a sum of those before it
      continue;
    }
    upright[k] = left[k].map((value) => value / length);
    for (let j = k + 1; j <= size; j++) {
      const share = dot(upright[k], left[j]);
      if (j < size) triangle[j][k] = share;
      else shares[k] = share;
      for (let row = 0; row < target.length; row++) left[j][row] -= share * upright[k][row];
    }
  }
  return { triangle, shares };
}

/**
 * Least squares (numpy.linalg.lstsq): the numbers with which columns, added up, come nearest to a
 * target; of several such rows of numbers the smallest one. By singular values: pairs of columns are
 * turned until all are upright on each other (Hestenes 1958, one-sided Jacobi).
 * @param {number[][]} columns
 * @param {number[]} target
 */
function leastSquares(columns, target) {
  const size = columns.length;
  const { triangle: turned, shares } = triangleOf(columns, target);
  const turns = turned.map((_, k) => new Float64Array(size).fill(1, k, k + 1));
  const most = UPRIGHT * Math.sqrt(turned.reduce((sum, column) => sum + dot(column, column), 0));
  for (let sweep = 0, moved = true; moved && sweep < SWEEPS; sweep++) {
    moved = false;
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) {
        const alpha = dot(turned[p], turned[p]),
          beta = dot(turned[q], turned[q]),
          gamma = dot(turned[p], turned[q]);
        if (Math.abs(gamma) <= most * Math.sqrt(Math.max(alpha, beta))) continue;
        moved = true;
        const zeta = (beta - alpha) / (2 * gamma);
        const tangent = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const cosine = 1 / Math.sqrt(1 + tangent * tangent);
        turn(turned[p], turned[q], cosine, cosine * tangent);
        turn(turns[p], turns[q], cosine, cosine * tangent);
      }
    }
  }
  const lengths = turned.map((column) => Math.sqrt(dot(column, column)));
  const least = CUT * Math.max(...lengths);
  const found = new Float64Array(size);
  for (const [k, column] of turned.entries()) {
    if (lengths[k] <= least) continue; // a direction that the columns do not have
    const share = dot(column, shares) / lengths[k] ** 2;
    for (let row = 0; row < size; row++) found[row] += share * turns[k][row];
  }
  return Array.from(found);
}

/**
 * All that BendFitter tells.
 * @param {{curve: number[], units: [number, number][], by_hand: number[]}} settings
 */
export function bending({ curve, units, by_hand: byHand }) {
  const parts = partsOf(units),
    target = curve.map(Math.fround);
  const fitted = leastSquares(parts, target);
  const numbers = byHand.length ? byHand.map(Math.fround) : fitted;
  const fit = sumOf(parts, numbers);
  const { size: gap, at } = gapOf(curve, fit);
  return { parts, numbers, fit, gap, at, best: gapOf(curve, sumOf(parts, fitted)).size };
}
