// The middle of a picture, cut to a square and brought to the size that a network takes.

import { make } from "./dom.js";
import { coloursOf, greysOf } from "./photo.js";

export class Square {
  /** @param {[number, number, number]} shape - rows, columns and channels */
  constructor([side, , channels]) {
    Object.assign(this, { side, channels });
    const canvas = make("canvas", { width: side, height: side });
    this.context = canvas.getContext("2d", { willReadFrequently: true });
    this.context.imageSmoothingQuality = "high";
  }

  /**
   * @param {CanvasImageSource} source
   * @param {boolean} mirrored - as a mirror would show it
   * @returns {Uint8Array} row by row
   */
  take(source, width, height, mirrored) {
    const { context, side } = this,
      cut = Math.min(width, height);
    context.setTransform(mirrored ? -1 : 1, 0, 0, 1, mirrored ? side : 0, 0);
    context.fillStyle = "#fff"; // below what is transparent
    context.fillRect(0, 0, side, side);
    context.drawImage(source, (width - cut) / 2, (height - cut) / 2, cut, cut, 0, 0, side, side);
    const image = context.getImageData(0, 0, side, side);
    return this.channels === 3 ? coloursOf(image) : greysOf(image);
  }
}

/** Paint such pixels on a canvas of their size. */
export function paintSquare(canvas, [rows, columns, channels], pixels) {
  if (canvas.width !== columns || canvas.height !== rows) {
    Object.assign(canvas, { width: columns, height: rows });
  }
  const context = canvas.getContext("2d"),
    image = context.createImageData(columns, rows);
  for (let k = 0; k < rows * columns; k++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * k + c] = pixels[k * channels + (channels === 3 ? c : 0)];
    }
    image.data[4 * k + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}
