// Numbers as people write and read them.

/** Write a number with a true minus and at most `digits` decimals. */
export function numberText(value, digits = 3) {
  if (value === null || Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 0.5 * 10 ** -digits)) {
    return value.toExponential(1).replace("e+", "e").replaceAll("-", "−");
  }
  const text = String(Number(size.toFixed(size >= 100 ? Math.min(digits, 1) : digits)));
  return (value < 0 ? "−" : "") + text;
}

/** Read what a person types: 0.5, ,5, −1, 1/9, 1e-3. Returns null for anything else. */
export function readNumber(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll(",", ".");
  const number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)";
  const parts = plain.match(new RegExp(`^${number}(?:\\s*/\\s*${number})?$`, "i"));
  if (!parts) return null;
  const value = Number(parts[1]) / (parts[2] === undefined ? 1 : Number(parts[2]));
  return Number.isFinite(value) ? value : null;
}

/** The largest by size in rows of numbers, or of channels, for the strongest colour; 1 if all are zero. */
export function largestOf(rows) {
  return Math.max(...rows.flat(2).map(Math.abs)) || 1;
}

/** A share in percent; what is not all or nothing is never rounded to it. */
export function percent(share) {
  if (share > 0 && share < 0.0005) return "under 0.1 %";
  if (share < 1 && share > 0.9995) return "over 99.9 %";
  return `${numberText(100 * share, 1)} %`;
}

/** So many of something: 1 window, 2 windows. */
export function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Rows of numbers cut or extended to a size; `otherwise` is what is new. */
export function resized(rows, height, width, otherwise = 0) {
  const line = (row) =>
    Array.from({ length: width }, (_, column) => rows[row]?.[column] ?? otherwise);
  return Array.from({ length: height }, (_, row) => line(row));
}
