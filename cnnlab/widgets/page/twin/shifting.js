// Pooling of a picture shifted in a circle, at every shift: the browser's twin of functional on a
// rolled picture.
//
// A window over the shifted picture sees what a window elsewhere, beyond the border if need be, sees
// of the picture itself. So the picture is pooled once at every pixel; a shift then only picks.

/**
 * @typedef {{height: number, width: number, values: Float32Array}} Grid
 * @typedef {{down: number, right: number}} Shift
 * @typedef {{changed: number, cells: number, by: number}} Counts
 */

const around = (at, size) => ((at % size) + size) % size;

/** A picture shifted in a circle. */
export function rolled({ height, width, values }, { down, right }) {
  const moved = new Float32Array(values.length);
  const first = around(right, width);
  for (let row = 0; row < height; row++) {
    const line = values.subarray(row * width, (row + 1) * width),
      to = around(row + down, height) * width;
    moved.set(line.subarray(0, width - first), to + first);
    moved.set(line.subarray(width - first), to);
  }
  return { height, width, values: moved };
}

/** Along one axis, the largest or the sum of `window` numbers from each place on, in a circle. */
function gathered(values, { size, apart, lines, next }, window, largest) {
  const found = new Float64Array(values.length);
  for (let line = 0; line < lines; line++) {
    const start = line * next;
    for (let at = 0; at < size; at++) {
      let one = values[start + at * apart];
      for (let k = 1; k < window; k++) {
        const place = at + k < size ? at + k : at + k - size,
          value = values[start + place * apart];
        if (!largest) one += value;
        else if (value > one) one = value;
      }
      found[start + at * apart] = one;
    }
  }
  return found;
}

/** Pooling without padding of one picture, for any shift. */
export class ShiftedPooling {
  /**
   * @param {Grid} image
   * @param {"max" | "average"} kind
   * @param {{window: number, stride: number}} how
   */
  constructor(image, kind, { window, stride }) {
    const { height, width, values } = image;
    Object.assign(this, { image, stride });
    this.fits = window <= height && window <= width;
    if (!this.fits) return;
    this.rows = Math.floor((height - window) / stride) + 1;
    this.columns = Math.floor((width - window) / stride) + 1;
    const across = { size: width, apart: 1, lines: height, next: width },
      down = { size: height, apart: width, lines: width, next: 1 },
      largest = kind === "max";
    const both = gathered(gathered(values, across, window, largest), down, window, largest);
    const share = largest ? 1 : window * window;
    this.everywhere = Float32Array.from(both, (value) => value / share);
  }

  /**
   * What comes out of the shifted picture.
   * @param {Shift} shift
   * @returns {Grid}
   */
  at({ down, right }) {
    const { image, rows, columns, stride, everywhere } = this,
      { height, width } = image,
      values = new Float32Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const from = around(row * stride - down, height) * width;
      for (let column = 0; column < columns; column++) {
        values[row * columns + column] = everywhere[from + around(column * stride - right, width)];
      }
    }
    return { height: rows, width: columns, values };
  }
}

/** One window over the whole picture. */
export function globalPool({ values }, kind) {
  const one = kind === "max" ? (a, b) => Math.max(a, b) : (a, b) => a + b;
  const whole = values.reduce(one) / (kind === "max" ? 1 : values.length);
  return { height: 1, width: 1, values: Float32Array.of(whole) };
}

/**
 * What differs between two grids of one size, by more than `nothing`.
 * @returns {{change: Grid, changed: number[], counts: Counts}} changed cells by their index
 */
export function compared(before, after, nothing) {
  const cells = before.values.length,
    values = new Float32Array(cells),
    changed = [];
  let sum = 0;
  for (let k = 0; k < cells; k++) {
    values[k] = after.values[k] - before.values[k];
    const apart = Math.abs(values[k]);
    sum += apart;
    if (apart > nothing) changed.push(k);
  }
  const counts = { changed: changed.length, cells, by: sum / cells };
  return { change: { ...before, values }, changed, counts };
}
