// FilterLab on the page: the filter, the picture and its feature map, one pixel taken apart.

import { convolve, explainPixel, levelsOf, limitOf, rangeOf, relu, resolveSide } from "./_arithmetic.js";
import {
  Announcer, button, choice, colourOf, COLOURS, frame, make, numberText, NumberGrid, Picture, put,
  segments, Session, sessionOf,
} from "./_common.js";

const CHANNELS = ["red", "green", "blue"];
const PAD_SIDE = 128; // pixels of the drawing pad
const FIRST_PICTURE = 300; // milliseconds after which an unanswered page paints its first map itself
const NUMBERS_UP_TO = 20; // pixels a side up to which the numbers are written on the picture

// --- The session: what all views of one lab share ------------------------------------------------

class LabSession extends Session {
  constructor(model) {
    super(model);
    this.picture = this.first = this.#stored();
    this.point = null;
    this.frames = this.line.lane("frame", {
      onanswer: (message, buffers, asked) => this.#painted(message, buffers, asked),
      alone: () => this.#paintAlone(),
    });
    this.pixels = this.line.lane("pixel", {
      onanswer: (message) => this.#explained(message),
      alone: () => this.#explainAlone(),
    });
    this.opening = this.line.lane("open", {
      onanswer: (message) => this.emit("notice", message.error ?? ""),
      alone: ({ body, buffers }) => this.#openAlone(body, buffers),
    });
    this.coding = this.line.lane("code", {
      onanswer: (message) => this.emit("code", message.code),
      alone: () => this.emit("notice", "The code is written by the kernel, and no kernel answers."),
    });
    this.pictureHeard = () => this.#hearPicture();
    model.on("change:_picture", this.pictureHeard);
    this.ask();
    this.waiting = setTimeout(() => this.frame ?? this.#paintAlone(), FIRST_PICTURE);
  }

  // The picture: {about, bytes, source, grey, known}; the source as it was opened, image() as the
  // filter sees it. What the kernel does not know yet travels with every request until one of them
  // has been answered.

  #stored() {
    const about = this.model.get("_picture"), bytes = this.model.get("_pixels");
    const { height, width, channels, kind } = about, count = height * width * channels;
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const values = kind === "float32" ? new Float32Array(buffer)
      : Float32Array.from(new Uint8Array(buffer), (byte) => byte / 255);
    const source = { height, width, channels, values: values.subarray(0, count) };
    return { about, bytes: new Uint8Array(buffer), source, known: true };
  }

  /** The picture as the filter sees it: in colour, or its colours weighed as the eye does. */
  image() {
    const { source } = this.picture;
    if (source.channels === 1 || this.settings.colour) return source;
    this.picture.grey ??= greyOf(source);
    return this.picture.grey;
  }

  situation() {
    return { settings: this.settings, picture: this.picture };
  }

  restore({ settings, picture }) {
    this.settings = settings;
    if (picture !== this.picture) this.#turnTo(picture);
    this.changed();
  }

  reset() {
    if (this.picture !== this.first) {
      this.history.remember(this.situation(), null);
      this.restore({ settings: structuredClone(this.model.get("_initial")), picture: this.first });
    } else {
      super.reset();
    }
  }

  /** Take another picture; it is stored unless it came from Python or lives for a moment only. */
  #turnTo(picture, { known = false, store = true } = {}) {
    this.picture = picture;
    picture.known = known;
    this.point = null;
    if (store && !known) {
      const about = { ...picture.about, from: this.line.client, seq: this.line.seq };
      delete about.revision;
      this.save({ _picture: about, _pixels: new DataView(picture.bytes.buffer) });
    }
    this.emit("picture");
  }

  /** A picture from this page: drawn, filmed, or decoded here. Kept for good when `rest` is set. */
  show(height, width, channels, bytes, { file, gesture = null, rest = true, colour = channels === 3 } = {}) {
    this.history.remember(this.situation(), gesture);
    const about = { height, width, channels, kind: "uint8", white: 1, ...(file && { file }) };
    const values = Float32Array.from(bytes, (byte) => byte / 255);
    this.settings = { ...this.settings, colour, filter: withChannels(this.settings.filter, colour ? 3 : 1) };
    this.#turnTo({ about, bytes, source: { height, width, channels, values } }, { store: rest });
    if (rest) this.changed();
    else this.emit("settings");
  }

  #hearPicture() {
    const about = this.model.get("_picture");
    if (about.from === this.line.client) return;
    this.history.remember(this.situation(), "Python");
    this.#turnTo(this.#stored(), { known: true });
    const { channels } = this.picture.source;
    if (channels === 1 && this.settings.colour) {
      this.settings = { ...this.settings, colour: false, filter: withChannels(this.settings.filter, 1) };
    }
    this.emit("notice", "");
    this.emit("settings");
  }

  // Asking and painting.

  emit(topic, detail) {
    if (topic === "settings" && this.frames) this.ask();
    super.emit(topic, detail);
  }

  ask() {
    const { settings, picture: { about, bytes, known } } = this;
    if (known) this.frames.ask({ settings });
    else this.frames.ask({ settings, picture: about }, about.sample ? [] : [new DataView(bytes.buffer)]);
  }

  pointAt(point) {
    if (!this.frame || !point) return;
    const row = Math.max(0, Math.min(this.frame.height - 1, point.row));
    const column = Math.max(0, Math.min(this.frame.width - 1, point.column));
    this.point = { row, column };
    this.pixels.ask({ settings: this.settings, row, column });
    this.emit("point");
  }

  #painted(message, buffers, asked) {
    if (asked.body.picture === this.picture.about) this.picture.known = true;
    if (message.error) return this.emit("notice", message.error);
    const { buffer, byteOffset, byteLength } = buffers[0];
    this.#take(message, new Uint8Array(buffer, byteOffset, byteLength), "kernel");
  }

  #take({ height, width, low, high, limit, numbers }, steps, source) {
    this.frame = { height, width, low, high, limit, numbers, steps, source, palette: this.settings.palette };
    this.emit("frame");
    if (this.point) this.pointAt(this.point);
  }

  #paintAlone() {
    const { palette, limit: fixed, bias, stride, padding, dilation, activation } = this.settings;
    const map = convolve(this.image(), flatFilter(this.settings.filter), { bias, stride, padding, dilation });
    if (!map) return this.emit("notice", "The filter does not fit in the picture; try more padding or a smaller filter.");
    const values = activation === "relu" ? relu(map.values) : map.values;
    const limit = fixed ?? limitOf(values), [low, high] = rangeOf(values);
    const { height, width } = map, numbers = values.length <= NUMBERS_UP_TO ** 2 ? Array.from(values) : undefined;
    this.#take({ height, width, low, high, limit, numbers }, levelsOf(values, limit, COLOURS[palette].signed), "browser");
  }

  #explained(message) {
    if (!message.error) this.emit("pixel", message);
  }

  #explainAlone() {
    if (!this.point) return;
    const filter = flatFilter(this.settings.filter);
    this.emit("pixel", explainPixel(this.image(), filter, this.settings, this.point.row, this.point.column));
  }

  async #openAlone({ file }, buffers) {
    if (!file) return this.emit("notice", "The samples are opened by the kernel, and no kernel answers.");
    try {
      const bitmap = await createImageBitmap(new Blob(buffers));
      const scale = Math.min(1, 1024 / Math.max(bitmap.width, bitmap.height));
      const width = Math.max(1, Math.round(bitmap.width * scale)), height = Math.max(1, Math.round(bitmap.height * scale));
      const context = make("canvas", { width, height }).getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      context.drawImage(bitmap, 0, 0, width, height);
      this.show(height, width, 3, coloursOf(context.getImageData(0, 0, width, height)), { file });
    } catch {
      this.emit("notice", `${file} is not a picture that this browser can open; try a PNG or a JPEG.`);
    }
  }

  dispose() {
    clearTimeout(this.waiting);
    this.model.off("change:_picture", this.pictureHeard);
    super.dispose();
  }
}

/** Rows of weights, or of channels of weights, as _arithmetic.js takes them. */
function flatFilter(rows) {
  const weights = rows.flat(2);
  return { height: rows.length, width: rows[0].length, channels: weights.length / rows.length / rows[0].length,
    weights: Float32Array.from(weights) };
}

/** The same filter for one channel or for three (FilterLab._fit_filter). */
function withChannels(rows, channels) {
  const deep = Array.isArray(rows[0][0]);
  if (deep === (channels === 3)) return rows;
  return rows.map((line) => line.map((weight) =>
    deep ? Math.fround(weight.reduce((sum, one) => sum + one, 0) / weight.length) : [weight, weight, weight]));
}

function greyOf({ height, width, values }) {
  const grey = new Float32Array(height * width);
  for (let k = 0; k < grey.length; k++) {
    grey[k] = 0.2125 * values[3 * k] + 0.7154 * values[3 * k + 1] + 0.0721 * values[3 * k + 2];
  }
  return { height, width, channels: 1, values: grey };
}

function coloursOf({ data }) {
  const bytes = new Uint8Array((data.length / 4) * 3);
  for (let k = 0, at = 0; k < data.length; k += 4) {
    bytes[at++] = data[k];
    bytes[at++] = data[k + 1];
    bytes[at++] = data[k + 2];
  }
  return bytes;
}

function greysOf({ data }) {
  const bytes = new Uint8Array(data.length / 4);
  for (let k = 0; k < bytes.length; k++) {
    bytes[k] = Math.round(0.2125 * data[4 * k] + 0.7154 * data[4 * k + 1] + 0.0721 * data[4 * k + 2]);
  }
  return bytes;
}

// --- The filter ---------------------------------------------------------------------------------

/** Presets, size, channels, weights, bias. */
class FilterPanel {
  constructor(session, choices) {
    this.session = session;
    this.channel = "all";
    this.presets = choices.filters;
    this.preset = choice("Filter", [["", "Your own"], ...this.presets.map(({ name }) => [name, titleOf(name)])],
      (name) => this.#choose(name), { "data-control": "preset" });
    this.size = choice("Size", Array.from({ length: 7 }, (_, k) => [k + 1, `${k + 1} × ${k + 1}`]),
      (size) => session.change({ filter: resized(session.settings.filter, Number(size)) }), { "data-control": "size" });
    this.tabs = segments("Channel of the filter",
      [["all", "All", "Change all three slices at once"], ["red", "R", "Red"], ["green", "G", "Green"], ["blue", "B", "Blue"]],
      (channel) => { this.channel = channel; this.show(); });
    this.grid = new NumberGrid("Weights of the filter", (row, column, value, gesture) => this.#set(row, column, value, gesture));
    this.bias = new NumberGrid("Bias", (_row, _column, value, gesture) => session.change({ bias: value }, gesture),
      { describe: () => "Bias" });
    this.purpose = make("p", { class: "cnnlab-hint" });
    this.element = make("section", { class: "filter-panel", "aria-label": "Filter" },
      make("div", { class: "cnnlab-fields" }, this.preset.element, this.size.element),
      this.tabs.element, this.grid.element,
      make("div", { class: "filter-bias" }, make("span", {}, "Bias"), this.bias.element,
        make("span", { class: "filter-sum", "data-tip": "The sum of all weights: what an even area of 1 becomes, without the bias" })),
      this.purpose);
    this.total = this.element.querySelector(".filter-sum");
  }

  #choose(name) {
    const preset = this.presets.find((one) => one.name === name);
    if (preset) {
      const deep = Array.isArray(this.session.settings.filter[0][0]);
      this.session.change({ filter: deep ? withChannels(preset.weights, 3) : preset.weights });
    }
  }

  #set(row, column, value, gesture) {
    const only = CHANNELS.indexOf(this.channel);
    const filter = this.session.settings.filter.map((line, i) => line.map((weight, j) => {
      if (i !== row || j !== column) return weight;
      if (!Array.isArray(weight)) return value;
      return weight.map((one, c) => (only < 0 || c === only ? value : one));
    }));
    this.session.change({ filter }, gesture);
  }

  /** The weights to show: null where the slices differ. */
  #slice() {
    const only = CHANNELS.indexOf(this.channel);
    return this.session.settings.filter.map((line) => line.map((weight) => {
      if (!Array.isArray(weight)) return weight;
      if (only >= 0) return weight[only];
      return weight.every((one) => one === weight[0]) ? weight[0] : null;
    }));
  }

  show() {
    const { filter, bias, palette } = this.session.settings;
    const deep = Array.isArray(filter[0][0]), weights = filter.flat(2);
    const limit = Math.max(...weights.map(Math.abs)) || 1;
    const colours = signedPalette(palette);
    this.grid.update(this.#slice(), (value) => colourOf(value, limit, colours));
    this.bias.update([[bias]], (value) => colourOf(value, Math.max(limit, Math.abs(bias)), colours));
    put(this.tabs.element, "hidden", !deep);
    this.tabs.show(this.channel);
    const sum = weights.reduce((total, one) => total + one, 0);
    put(this.total, "textContent", `Sum ${numberText(Math.abs(sum) < 1e-5 ? 0 : sum, 2)}`); // what rounding left is no sum
    const size = filter.length === filter[0].length ? filter.length : 0;
    put(this.size.select, "value", size ? String(size) : "");
    const preset = this.presets.find((one) => sameFilter(one.weights, filter));
    put(this.preset.select, "value", preset?.name ?? "");
    put(this.purpose, "textContent", preset?.purpose ?? "Type, drag sideways, or press the arrow keys to change a weight.");
  }
}

function titleOf(name) {
  return (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");
}

function signedPalette(palette) {
  return COLOURS[palette].signed ? palette : "blue_red";
}

function sameFilter(weights, filter) {
  return weights.length === filter.length && weights[0].length === filter[0].length &&
    weights.every((line, i) => line.every((weight, j) =>
      [filter[i][j]].flat().every((one) => Math.fround(one) === Math.fround(weight))));
}

/** Keep the middle of the filter where it is; what is new is zero. */
function resized(filter, size) {
  const zero = Array.isArray(filter[0][0]) ? filter[0][0].map(() => 0) : 0;
  const up = Math.floor((size - 1) / 2) - Math.floor((filter.length - 1) / 2);
  const left = Math.floor((size - 1) / 2) - Math.floor((filter[0].length - 1) / 2);
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) => filter[i - up]?.[j - left] ?? zero));
}

// --- Drawings over the pictures -------------------------------------------------------------------

/** Numbers on the pixels of a small picture. */
function numbersOver(picture, values, channels, digits) {
  if (!values || channels > 1 || Math.max(picture.width, picture.height) > NUMBERS_UP_TO) return [];
  return Array.from(values, (value, k) => {
    const text = value === null ? "nan" : numberText(value, digits);
    return make("text", { x: (k % picture.width) + 0.5, y: Math.floor(k / picture.width) + 0.5,
      "font-size": Math.min(0.34, 1.4 / text.length), fill: picture.inkAt(k) }, text);
  });
}

/** A frame that is seen on any picture, and never smaller than a fingertip's dot. */
function frameOver(picture, top, left, height, width, name) {
  const least = 7 / picture.scale, grown = (size) => Math.max(size, least);
  const box = { x: left - (grown(width) - width) / 2, y: top - (grown(height) - height) / 2,
    width: grown(width), height: grown(height) };
  return [make("rect", { ...box, class: "over-halo" }), make("rect", { ...box, class: `over-line ${name}` })];
}

// --- The view -----------------------------------------------------------------------------------

class LabView {
  constructor(session, choices) {
    this.session = session;
    this.announcer = new Announcer();
    this.panel = new FilterPanel(session, choices);
    this.input = new Picture("input", "The picture");
    this.map = new Picture("map", "The feature map", { tabindex: 0, "aria-roledescription": "feature map",
      "aria-description": "Arrow keys choose a pixel; with Shift ten pixels at once. Escape lets go." });
    this.source = make("p", { class: "lab-source", "data-role": "source", hidden: true },
      "Computed by your browser: no kernel answers.");
    this.notice = make("p", { class: "cnnlab-notice", role: "alert", "data-role": "notice", hidden: true });
    this.code = make("div", { class: "lab-code", hidden: true });
    this.inspector = make("section", { class: "lab-inspector", "aria-label": "One pixel taken apart", "data-role": "inspector" });
    this.listeners = new AbortController();
    this.element = frame("FilterLab", "Filter laboratory",
      this.#toolbar(choices), this.notice, this.code,
      make("div", { class: "lab-stage" }, this.panel.element, this.#inputFigure(), this.#mapFigure()),
      this.#controls(), this.inspector, this.announcer.element);
    this.#pointing();
    this.unsubscribe = session.subscribe((topic, detail) => this.#hear(topic, detail));
    this.#showPicture();
    this.#showSettings();
    this.#explain(null);
    if (session.frame) this.#showFrame();
    // The frames drawn over the pictures have a width in screen pixels.
    this.resizing = new ResizeObserver(() => this.#drawOver());
    this.resizing.observe(this.map.canvas);
  }

  // Building.

  #toolbar(choices) {
    const { session } = this;
    this.sample = choice("Picture", [["", "Your own"], ...choices.samples.map(({ name, description }) => [name, description])],
      (name) => name && session.opening.ask({ sample: name }), { "data-control": "sample" });
    this.file = make("input", { type: "file", accept: "image/*", hidden: true, "data-control": "file",
      onchange: () => { this.#upload(this.file.files[0]); this.file.value = ""; } });
    this.upload = button("Upload", { picture: "upload", onclick: () => this.file.click() });
    this.webcam = button("Webcam", { picture: "camera", "aria-pressed": "false", onclick: () => this.#film() });
    this.draw = button("Draw", { picture: "pencil", "aria-pressed": "false", onclick: () => this.#startDrawing() });
    this.colour = segments("Channels of the picture", [[false, "Grey"], [true, "Colour"]], (colour) => {
      if (colour !== session.settings.colour) {
        session.change({ colour, filter: withChannels(session.settings.filter, colour ? 3 : 1) });
      }
    });
    this.undo = button("Undo", { picture: "undo", quiet: true, onclick: () => session.undo() });
    this.redo = button("Redo", { picture: "redo", quiet: true, onclick: () => session.redo() });
    this.reset = button("Reset", { picture: "reset", quiet: true, onclick: () => session.reset() });
    this.copy = button("Copy as code", { picture: "code", onclick: () => this.#askCode() });
    return make("div", { class: "lab-toolbar", role: "toolbar", "aria-label": "Picture and history" },
      this.sample.element, this.upload, this.file, this.webcam, this.draw, this.colour.element,
      make("span", { class: "lab-space" }), this.undo, this.redo, this.reset, this.copy);
  }

  #inputFigure() {
    this.inputCaption = make("figcaption", {});
    this.live = make("div", { class: "lab-live", hidden: true });
    return make("figure", { class: "lab-figure lab-input" }, this.inputCaption, this.input.element, this.live);
  }

  #mapFigure() {
    this.low = make("b", {});
    this.high = make("b", {});
    this.range = make("span", { class: "lab-range", "data-role": "range" }, "min ", this.low, " max ", this.high);
    this.mapSize = make("span", { class: "lab-size" });
    this.mapCaption = make("figcaption", {}, make("strong", {}, "Feature map"), " ", this.mapSize,
      make("span", { class: "lab-space" }), this.range);
    this.bar = make("canvas", { class: "lab-bar", width: 255, height: 1, "aria-hidden": "true" });
    this.ticks = [0, 1, 2].map(() => make("span", {}));
    return make("figure", { class: "lab-figure lab-map" }, this.mapCaption, this.map.element,
      make("div", { class: "lab-scale" }, this.bar,
        make("div", { class: "lab-ticks", "aria-hidden": "true" }, ...this.ticks)), this.source);
  }

  #controls() {
    const { session } = this;
    const count = (words, name) => {
      const input = make("input", { type: "number", class: "cnnlab-count", min: 1, max: 8, step: 1, "data-control": name });
      input.addEventListener("input", () => {
        const value = Math.round(Number(input.value));
        if (value >= 1 && value <= 8) session.change({ [name]: value }, `count ${name}`);
      });
      input.addEventListener("blur", () => { input.value = session.settings[name]; });
      this[name] = input;
      return make("label", { class: "cnnlab-field" }, make("span", {}, words), input);
    };
    const zeros = [0, 1, 2, 3, 4, 5, 6].map((zeros) => [String(zeros), zeros ? String(zeros) : "0 (valid)"]);
    this.padding = choice("Padding", [...zeros, ["same", "same"]],
      (value) => session.change({ padding: value === "same" ? value : Number(value) }), { "data-control": "padding" });
    this.activation = choice("Activation", [["none", "None"], ["relu", "ReLU"]],
      (activation) => session.change({ activation }), { "data-control": "activation" });
    this.palette = choice("Colours", Object.entries(COLOURS).map(([name, { title }]) => [name, title]),
      (palette) => session.change({ palette }), { "data-control": "palette" });
    this.limit = choice("Range", [["auto", "Follows the map"], ["keep", "Stays as it is"]], (value) =>
      session.change({ limit: value === "auto" ? null : Math.fround(session.frame?.limit ?? 1) }), { "data-control": "limit" });
    return make("div", { class: "lab-controls", role: "group", "aria-label": "Convolution and colours" },
      count("Stride", "stride"), this.padding.element, count("Dilation", "dilation"), this.activation.element,
      make("span", { class: "lab-space" }), this.palette.element, this.limit.element);
  }

  // What the hand does.

  #pointing() {
    const { signal } = this.listeners, { session, map, input } = this;
    const on = (target, name, act) => target.addEventListener(name, act, { signal });
    on(map.canvas, "pointermove", (event) => this.pinned || session.pointAt(map.at(event)));
    on(map.canvas, "pointerleave", () => { if (!this.pinned && document.activeElement !== map.canvas) this.#letGo(); });
    on(map.canvas, "click", (event) => {
      this.pinned = !this.pinned;
      session.pointAt(map.at(event));
    });
    on(map.canvas, "focus", () => session.point ?? session.pointAt(this.#middle()));
    on(map.canvas, "keydown", (event) => {
      const way = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (event.key === "Escape") this.#letGo();
      if (!way) return;
      event.preventDefault();
      const { row, column } = session.point ?? this.#middle(), far = event.shiftKey ? 10 : 1;
      this.pinned = true;
      session.pointAt({ row: row + far * way[0], column: column + far * way[1] });
    });
    on(input.canvas, "dragover", (event) => event.preventDefault());
    on(input.canvas, "drop", (event) => {
      event.preventDefault();
      this.#upload(event.dataTransfer.files[0]);
    });
    on(this.element, "keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.typing) return;
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      if (key === "y" || event.shiftKey) session.redo();
      else session.undo();
    });
  }

  #middle() {
    return { row: Math.floor(this.map.height / 2), column: Math.floor(this.map.width / 2) };
  }

  #letGo() {
    this.pinned = false;
    this.session.point = null;
    this.#explain(null);
    this.#drawOver();
  }

  async #upload(file) {
    if (!file) return;
    this.#stopLive();
    this.session.opening.ask({ file: file.name }, [await file.arrayBuffer()].map((bytes) => new DataView(bytes)));
  }

  #askCode() {
    if (!this.code.hidden) this.code.hidden = true;
    else this.session.coding.ask({ settings: this.session.settings });
  }

  async #showCode(text) {
    const said = make("span", { role: "status" });
    const again = button("Copy", { onclick: () => this.#clip(text, said) });
    const close = button("Close", { onclick: () => { this.code.hidden = true; this.copy.focus(); } });
    this.code.replaceChildren(make("pre", { tabindex: 0, "aria-label": "Python that makes this picture" }, text),
      make("div", { class: "cnnlab-fields" }, again, close, said));
    this.code.hidden = false;
    await this.#clip(text, said);
  }

  async #clip(text, said) {
    try {
      await navigator.clipboard.writeText(text);
      said.textContent = "Copied.";
    } catch {
      said.textContent = "Select the text and copy it: the browser does not let the page do it.";
    }
  }

  // Live pictures: the webcam and the drawing pad.

  #startLive(words, ...controls) {
    this.#stopLive();
    this.live.replaceChildren(make("span", { class: "cnnlab-hint" }, words), ...controls);
    this.live.hidden = false;
  }

  #stopLive() {
    this.stopLive?.();
    this.stopLive = null;
    this.live.hidden = true;
  }

  async #film() {
    if (this.webcam.getAttribute("aria-pressed") === "true") return this.#stopLive();
    const { session } = this;
    let stream;
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotSupportedError");
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    } catch (error) {
      this.#notice({
        NotAllowedError: "The browser does not let this page use the webcam; allow it beside the address, then try again.",
        NotFoundError: "No webcam was found; plug one in, or upload a picture.",
        NotSupportedError: "A webcam needs a page from https or from this computer; upload a picture instead.",
        NotReadableError: "The webcam is in use by another program; close that, then try again.",
      }[error.name] ?? `The webcam did not start (${error.name}); upload a picture instead.`);
      return;
    }
    if (this.listeners.signal.aborted) return stream.getTracks().forEach((track) => track.stop());
    this.#notice("");
    const video = make("video", { playsinline: true });
    Object.assign(video, { srcObject: stream, muted: true });
    const context = make("canvas", { width: 320, height: 240 }).getContext("2d", { willReadFrequently: true });
    const gesture = { held: true };
    let running = true, next = 0, last = null;
    const show = (rest) => session.show(240, 320, 3, last, { gesture, rest, colour: session.settings.colour });
    const grab = () => {
      if (!running) return;
      next = requestAnimationFrame(grab);
      if (video.readyState < 2 || !session.frames.free || session.frames.want) return;
      context.drawImage(video, 0, 0, 320, 240);
      last = coloursOf(context.getImageData(0, 0, 320, 240));
      show(false);
    };
    this.#startLive("Live from the webcam.", button("Freeze", { onclick: () => this.#stopLive() }));
    this.webcam.setAttribute("aria-pressed", "true");
    this.stopLive = () => {
      running = false;
      cancelAnimationFrame(next);
      stream.getTracks().forEach((track) => track.stop());
      this.webcam.setAttribute("aria-pressed", "false");
      if (last) show(true);
      gesture.held = false;
    };
    await video.play().catch(() => {});
    grab();
  }

  #startDrawing() {
    if (this.draw.getAttribute("aria-pressed") === "true") return this.#stopLive();
    const { session } = this, surface = this.input.canvas, gesture = { held: true };
    const context = make("canvas", { width: PAD_SIDE, height: PAD_SIDE }).getContext("2d", { willReadFrequently: true });
    const pen = { x: PAD_SIDE / 2, y: PAD_SIDE / 2 }, stop = new AbortController();
    Object.assign(context, { lineCap: "round", lineJoin: "round", lineWidth: 6, strokeStyle: "#fff", fillStyle: "#000" });
    const bytes = () => greysOf(context.getImageData(0, 0, PAD_SIDE, PAD_SIDE));
    const send = (rest = false) => session.show(PAD_SIDE, PAD_SIDE, 1, bytes(), { gesture, rest });
    const stroke = (x, y) => {
      context.beginPath();
      context.moveTo(pen.x, pen.y);
      context.lineTo(x, y);
      context.stroke();
      Object.assign(pen, { x, y });
      send();
    };
    const clear = () => {
      context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
      send();
    };
    const place = (event) => {
      const box = surface.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * PAD_SIDE, ((event.clientY - box.top) / box.height) * PAD_SIDE];
    };
    const on = (name, act) => surface.addEventListener(name, act, { signal: stop.signal });
    let down = false;
    on("pointerdown", (event) => {
      event.preventDefault();
      surface.focus();
      surface.setPointerCapture(event.pointerId);
      down = true;
      [pen.x, pen.y] = place(event);
      stroke(pen.x + 0.01, pen.y);
    });
    on("pointermove", (event) => down && stroke(...place(event)));
    on("pointerup", () => { down = false; });
    on("pointercancel", () => { down = false; });
    on("keydown", (event) => {
      const way = { ArrowUp: [0, -2], ArrowDown: [0, 2], ArrowLeft: [-2, 0], ArrowRight: [2, 0] }[event.key];
      if (!way) return;
      event.preventDefault();
      const x = Math.max(0, Math.min(PAD_SIDE, pen.x + way[0])), y = Math.max(0, Math.min(PAD_SIDE, pen.y + way[1]));
      if (event.shiftKey) Object.assign(pen, { x, y }); // move without ink
      else stroke(x, y);
    });
    this.#startLive("Draw on the picture; by keyboard with the arrow keys (Shift moves the pen without ink).",
      button("Clear", { onclick: clear }), button("Done", { onclick: () => this.#stopLive() }));
    this.draw.setAttribute("aria-pressed", "true");
    surface.classList.add("lab-drawing");
    surface.setAttribute("tabindex", 0);
    clear();
    surface.focus();
    this.stopLive = () => {
      stop.abort();
      surface.classList.remove("lab-drawing");
      surface.removeAttribute("tabindex");
      this.draw.setAttribute("aria-pressed", "false");
      send(true);
      gesture.held = false;
    };
  }

  // What is shown.

  #hear(topic, detail) {
    if (topic === "settings") this.#showSettings();
    else if (topic === "frame") this.#showFrame();
    else if (topic === "picture") {
      this.#letGo();
      this.#showPicture();
    }
    else if (topic === "point") this.#drawOver();
    else if (topic === "pixel") this.#explain(detail);
    else if (topic === "alive") this.#showSource();
    else if (topic === "notice") this.#notice(detail);
    else if (topic === "code") this.#showCode(detail);
  }

  #notice(words) {
    put(this.notice, "textContent", words);
    put(this.notice, "hidden", !words);
    this.map.element.classList.toggle("cnnlab-stale", Boolean(words) && words.includes("fit"));
  }

  #showPicture() {
    const { about } = this.session.picture, image = this.session.image();
    this.shownImage = image;
    this.input.paintPhotograph(image, about.white);
    this.sample.select.value = about.sample ?? "";
    this.colour.element.hidden = about.channels !== 3;
    this.inputCaption.replaceChildren(make("strong", {}, "Picture"), ` ${image.height} × ${image.width}${image.channels === 3 ? " × 3" : ""}`);
    this.input.canvas.setAttribute("aria-label",
      `The picture${about.sample ? `, ${about.sample}` : ""}: ${image.height} rows, ${image.width} columns, ${image.channels === 3 ? "three channels" : "grey"}`);
    this.inputNumbers = numbersOver(this.input, image.values, image.channels, 2);
    this.#drawOver();
  }

  #showSettings() {
    const { settings, history } = this.session;
    if (this.session.image() !== this.shownImage) this.#showPicture();
    this.panel.show();
    this.colour.show(settings.colour);
    for (const name of ["stride", "dilation"]) {
      if (document.activeElement !== this[name] || Number(this[name].value) !== settings[name]) this[name].value = settings[name];
    }
    const { select } = this.padding, padding = settings.padding === "valid" ? "0" : String(settings.padding);
    if (!Array.from(select.options).some(({ value }) => value === padding)) select.append(make("option", { value: padding }, padding));
    put(select, "value", padding);
    put(this.activation.select, "value", settings.activation);
    put(this.palette.select, "value", settings.palette);
    put(this.limit.select, "value", settings.limit === null ? "auto" : "keep");
    // Room for the arithmetic of a small filter, so that nothing jumps when a pixel is pointed at.
    put(this.inspector.style, "minHeight", `${80 + 25 * Math.min(3, settings.filter.length)}px`);
    put(this.undo, "disabled", !history.past.length);
    put(this.redo, "disabled", !history.future.length);
    if (settings.palette !== this.barPalette) this.#drawBar();
  }

  #showFrame() {
    const { height, width, low, high, limit, steps, source, palette, numbers } = this.session.frame;
    this.map.paint(height, width, steps, palette, source);
    this.#notice("");
    put(this.mapSize, "textContent", `${height} × ${width}`);
    put(this.low, "textContent", numberText(low));
    put(this.high, "textContent", numberText(high));
    this.mapNumbers = numbersOver(this.map, numbers, 1, 2);
    this.map.canvas.setAttribute("aria-label",
      `Feature map: ${height} rows, ${width} columns, from ${numberText(low)} to ${numberText(high)}`);
    this.#markBar(limit);
    this.#showSource();
    this.#drawOver();
    this.announcer.say(`Feature map ${height} by ${width}, from ${numberText(low)} to ${numberText(high)}`);
  }

  #showSource() {
    put(this.source, "hidden", this.session.line.alive !== false);
  }

  #drawBar() {
    const { palette } = this.session.settings, context = this.bar.getContext("2d");
    const image = context.createImageData(255, 1);
    new Uint32Array(image.data.buffer).set(COLOURS[palette].pixels.subarray(0, 255));
    context.putImageData(image, 0, 0);
    this.barPalette = palette;
    this.#markBar(this.session.frame?.limit ?? 1);
  }

  #markBar(limit) {
    const { signed } = COLOURS[this.session.settings.palette], end = numberText(limit);
    const words = signed ? [`−${end}`, "0", `+${end}`] : ["0", "", end];
    words.forEach((word, k) => put(this.ticks[k], "textContent", word));
  }

  #drawOver() {
    const { session } = this, image = session.image();
    const { filter, stride, padding, dilation } = session.settings;
    const down = resolveSide(image.height, filter.length, stride, padding, dilation);
    const across = resolveSide(image.width, filter[0].length, stride, padding, dilation);
    const over = [...(this.inputNumbers ?? [])], overMap = [...(this.mapNumbers ?? [])];
    // Rows and columns at the far end that no window reaches.
    const seen = (side) => (side.outputs - 1) * stride + side.reach - side.before;
    const [rows, columns] = [seen(down), seen(across)];
    if (rows < image.height) over.push(make("rect", { class: "over-dropped", x: 0, y: rows, width: image.width, height: image.height - rows }));
    if (columns < image.width) over.push(make("rect", { class: "over-dropped", x: columns, y: 0, width: image.width - columns, height: Math.min(rows, image.height) }));
    if (session.point) {
      const { row, column } = session.point;
      over.push(...frameOver(this.input, row * stride - down.before, column * stride - across.before, down.reach, across.reach, "over-window"));
      overMap.push(...frameOver(this.map, row, column, 1, 1, "over-pixel"));
    }
    this.input.overlay.replaceChildren(...over);
    this.map.overlay.replaceChildren(...overMap);
  }

  #explain(pixel) {
    if (!pixel) {
      this.inspector.replaceChildren(make("p", { class: "cnnlab-hint" },
        "Point at the feature map, or go there with Tab and the arrow keys, to take one pixel apart. A click holds it."));
      return;
    }
    const { palette, activation, bias } = this.session.settings, { white } = this.session.picture.about;
    const colours = signedPalette(palette), rows = this.session.settings.filter;
    const limit = Math.max(...rows.flat(2).map(Math.abs)) || 1;
    const shade = (value) => (value === null ? null : colourOf(value, white, "grey"));
    const single = pixel.channels.length === 1;
    const lines = pixel.channels.map(({ pixels, products, sum }, c) => {
      const weights = rows.map((line) => line.map((weight) => (single ? [weight].flat()[0] : weight[c])));
      return make("div", { class: "lab-line", role: "group", "aria-label": single ? "Arithmetic" : `Arithmetic of ${CHANNELS[c]}` },
        single ? null : make("span", { class: `lab-channel lab-${CHANNELS[c]}` }, CHANNELS[c]),
        small("Pixels", pixels, shade), sign("×"), small("Weights", weights, (value) => colourOf(value, limit, colours)),
        sign("="), small("Products", products, (value) => colourOf(value, limit * white, colours)), sign("Σ"),
        make("span", { class: "lab-number" }, numberText(sum)));
    });
    const sums = pixel.channels.map(({ sum }) => numberText(sum));
    const parts = [single ? `sum ${sums[0]}` : `sums ${sums.join(" + ").replaceAll("+ −", "− ")}`,
      `${bias < 0 ? "−" : "+"} bias ${numberText(Math.abs(bias))}`, `= ${numberText(pixel.result)}`];
    if (activation === "relu") parts.push(`→ ReLU ${numberText(pixel.activated)}`);
    const formula = parts.join(" ");
    this.inspector.replaceChildren(
      make("div", { class: "lab-inspected" }, make("strong", {}, `Row ${pixel.row}, column ${pixel.column}`),
        make("span", { class: "lab-formula", "data-role": "formula" }, formula)),
      make("div", { class: "lab-lines" }, ...lines));
    this.announcer.say(`Row ${pixel.row}, column ${pixel.column}: ${formula}`);
  }

  dispose() {
    this.#stopLive();
    this.listeners.abort();
    this.resizing.disconnect();
    this.unsubscribe();
    this.announcer.dispose();
    this.element.remove();
  }
}

function sign(text) {
  return make("span", { class: "lab-sign", "aria-hidden": "true" }, text);
}

/** A small table of numbers with colours; hatching stands for a zero of the padding. */
function small(words, rows, colour) {
  const digits = Math.max(...rows.flat().map(Math.abs)) < 0.1 ? 3 : 2;
  const text = (value) => numberText(Number(value.toFixed(digits)), digits);
  return make("table", { class: "lab-small", "aria-label": words, "data-size": Math.max(rows.length, rows[0].length) },
    make("caption", {}, words),
    make("tbody", {}, ...rows.map((line) => make("tr", {}, ...line.map((value) => {
      if (value === null) return make("td", { class: "lab-zero", title: "a zero of the padding" }, "0");
      const { background, ink } = colour(value);
      return make("td", { style: `background:${background};color:${ink}`, title: value }, text(value));
    })))));
}

export default {
  render({ model, el }) {
    const { session, release } = sessionOf(model, LabSession);
    const view = new LabView(session, model.get("_choices"));
    el.append(view.element);
    return () => {
      view.dispose();
      release();
    };
  },
};
