// The picture of a widget: opened, drawn or filmed; undone with all else; seen in colour or as grey.

import { common } from "./common.js";
import { make } from "./dom.js";
import { FACTS } from "./facts.js";
import { Session } from "./session.js";
import { Silent } from "./wire.js";

/**
 * @typedef {Object} About
 * The synced trait `_picture`: what the bytes beside it are.
 * @property {number} height
 * @property {number} width
 * @property {1 | 3} channels
 * @property {"uint8" | "float32"} kind
 * @property {number} white - the number to paint white
 * @property {string} [sample]
 * @property {string} [file]
 * @property {string} [pattern] - a small picture that its widget knows by this name
 * @property {string} [common] - where the bytes of a sample are, which all widgets have in common
 */

const samples = new Map(); // reference -> bytes

/** A session with a picture: {about, bytes, source, known}, the source as it was opened. */
export class PhotoSession extends Session {
  static async prepare(model) {
    for (;;) {
      const reference = model.get("_picture").common;
      if (!reference || samples.has(reference)) return;
      const text = atob(await common(model, reference));
      const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
      samples.set(reference, new DataView(bytes.buffer));
    }
  }

  constructor(model) {
    super(model);
    this.picture = this.first = this.#stored();
    this.pictureHeard = () => this.#hearPicture();
    model.on("change:_picture", this.pictureHeard);
  }

  #stored() {
    const about = this.model.get("_picture"),
      bytes = samples.get(about.common) ?? this.model.get("_pixels");
    const { height, width, channels, kind } = about;
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const values =
      kind === "float32" ? new Float32Array(buffer) : unitValues(new Uint8Array(buffer));
    const source = { height, width, channels, values };
    return { about, bytes: new Uint8Array(buffer), source, known: true };
  }

  /** The picture as it is seen: in colour, or its colours weighed as the eye does. */
  image() {
    const { source } = this.picture;
    if (source.channels === 1 || this.settings.colour) return source;
    this.picture.grey ??= greyOf(source);
    return this.picture.grey;
  }

  /** Settings that change with the channels of what is seen; a subclass may add its own. */
  fitted(colour) {
    return { colour };
  }

  /** Forget what belonged to the picture before. */
  pictureChanged() {}

  /** What every request brings: the settings, and the picture until the kernel has it. */
  asking() {
    const { about, bytes, known } = this.picture;
    const body = { settings: this.values };
    if (known) return { body };
    const buffers = about.sample ? [] : [new DataView(bytes.buffer)];
    return { body: { ...body, picture: about }, buffers };
  }

  /** An answer came: the picture that went with its request has arrived. */
  arrived({ body }) {
    if (body.picture === this.picture.about) this.picture.known = true;
  }

  situation() {
    return { values: this.values, picture: this.picture };
  }

  restore({ values, picture }) {
    this.values = values;
    if (picture !== this.picture) this.#turnTo(picture);
    this.changed();
  }

  reset() {
    if (this.picture === this.first) {
      super.reset();
      return;
    }
    this.history.remember(this.situation(), null);
    this.restore({ values: structuredClone(this.model.get("_initial")), picture: this.first });
  }

  /** Take another picture; it is stored unless it came from Python or lives for a moment only. */
  #turnTo(picture, { known = false, store = true } = {}) {
    this.picture = picture;
    picture.known = known;
    this.pictureChanged();
    if (store && !known) {
      const about = { ...picture.about, from: this.line.client, seq: this.line.seq };
      delete about.revision;
      const bytes = about.common ? new ArrayBuffer(0) : picture.bytes.buffer;
      this.save({ _picture: about, _pixels: new DataView(bytes) });
    }
    this.emit("picture");
  }

  /**
   * A picture from this page: drawn, filmed, or decoded here.
   * @param {{height: number, width: number, channels: 1 | 3, bytes: Uint8Array}} picture
   * @param {{file?: string, pattern?: string, gesture?: Object, rest?: boolean, colour?: boolean}}
   *   [how] - kept for good when `rest` is set
   */
  showPicture({ height, width, channels, bytes }, how = {}) {
    const seen = channels === 3 && !this.facts.greyOnly;
    const { file, pattern, gesture = null, rest = true, colour = seen } = how;
    this.history.remember(this.situation(), gesture);
    const origin = { ...(file && { file }), ...(pattern && { pattern }) };
    const about = { height, width, channels, kind: "uint8", white: 1, ...origin };
    this.values = { ...this.values, ...this.fitted(colour) };
    const source = { height, width, channels, values: unitValues(bytes) };
    this.#turnTo({ about, bytes, source }, { store: rest });
    if (rest) this.changed();
    else this.emit("settings");
  }

  async #hearPicture() {
    const about = this.model.get("_picture");
    if (about.from === this.line.client) return;
    if (about.common && !samples.has(about.common)) {
      await PhotoSession.prepare(this.model);
      if (about !== this.model.get("_picture")) return; // a newer one was heard meanwhile
    }
    this.history.remember(this.situation(), "Python");
    this.#turnTo(this.#stored(), { known: true });
    if (this.picture.source.channels === 1 && this.settings.colour) {
      this.values = { ...this.values, ...this.fitted(false) };
    }
    this.emit("notice", "");
    this.emit("settings");
  }

  /** Open a sample by its name. */
  async openSample(sample) {
    try {
      await this.line.commit("open", { sample });
    } catch (error) {
      this.emit("notice", `The samples are opened by the kernel. ${error.message}`);
      this.emit("picture"); // the list goes back to what is shown
    }
  }

  /** Open a file, by the kernel, which knows more kinds; by the browser if it is large, or alone. */
  async openFile(file) {
    if (file.size > FACTS.largestUpload) {
      await this.#openAlone(file);
      return;
    }
    try {
      const bytes = new DataView(await file.arrayBuffer());
      await this.line.commit("open", { file: file.name }, [bytes]);
      this.emit("notice", "");
    } catch (error) {
      if (error instanceof Silent) await this.#openAlone(file);
      else this.emit("notice", error.message);
    }
  }

  async #openAlone(file) {
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, FACTS.largestSide / Math.max(bitmap.width, bitmap.height));
      const width = Math.max(1, Math.round(bitmap.width * scale));
      const height = Math.max(1, Math.round(bitmap.height * scale));
      const context = make("canvas", { width, height }).getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      context.drawImage(bitmap, 0, 0, width, height);
      const bytes = coloursOf(context.getImageData(0, 0, width, height));
      this.showPicture({ height, width, channels: 3, bytes }, { file: file.name });
      this.emit("notice", "");
    } catch {
      const large = file.size > FACTS.largestUpload;
      const size = `It has ${Math.round(file.size / 2 ** 20)} MB, too much to be sent to the kernel.`;
      const how = large ? `${size} Open it in Python, or make it smaller.` : "Try a PNG or a JPEG.";
      this.emit("notice", `${file.name} is not a picture that this browser can open. ${how}`);
    }
  }

  dispose() {
    this.model.off("change:_picture", this.pictureHeard);
    super.dispose();
  }
}

/** Bytes as numbers from 0 to 1. */
function unitValues(bytes) {
  const values = new Float32Array(bytes.length);
  for (let k = 0; k < bytes.length; k++) values[k] = bytes[k] / 255;
  return values;
}

function greyOf({ height, width, values }) {
  const [red, green, blue] = FACTS.greyWeights,
    grey = new Float32Array(height * width);
  for (let k = 0; k < grey.length; k++) {
    grey[k] = red * values[3 * k] + green * values[3 * k + 1] + blue * values[3 * k + 2];
  }
  return { height, width, channels: 1, values: grey };
}

/** The colours of a canvas, without its fourth channel. */
export function coloursOf({ data }) {
  const bytes = new Uint8Array((data.length / 4) * 3);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    bytes[to++] = data[from];
    bytes[to++] = data[from + 1];
    bytes[to++] = data[from + 2];
  }
  return bytes;
}

/** The greys of a canvas. */
export function greysOf({ data }) {
  const [red, green, blue] = FACTS.greyWeights,
    bytes = new Uint8Array(data.length / 4);
  for (let k = 0, from = 0; k < bytes.length; k++, from += 4) {
    bytes[k] = Math.round(red * data[from] + green * data[from + 1] + blue * data[from + 2]);
  }
  return bytes;
}
