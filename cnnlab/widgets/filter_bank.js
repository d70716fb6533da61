// FilterBank on the page: a picture, up to sixteen filters, and the map of each.

import { oneOf, wholeNumber } from "./page/controls.js";
import { fields, make, put } from "./page/dom.js";
import { FilterPanel, flatFilter, resized, sameFilter, titleOf } from "./page/filter_panel.js";
import { Gallery, mapOf } from "./page/gallery.js";
import { Inspector } from "./page/inspector.js";
import { MapFigure } from "./page/map_figure.js";
import { counted } from "./page/numbers.js";
import { frameOver } from "./page/overlay.js";
import { COLOURS } from "./page/paint.js";
import { PhotoSession } from "./page/photo.js";
import { PhotoPanel } from "./page/photo_source.js";
import { pointing } from "./page/pointing.js";
import { Scene } from "./page/scene.js";
import { widgetOf } from "./page/session.js";
import { relu } from "./page/twin/activation.js";
import { levelsOf, limitOf, rangeOf } from "./page/twin/colour.js";
import { Convolution, explain } from "./page/twin/convolution.js";
import { shrunk } from "./page/twin/shrinking.js";
import { WidgetView } from "./page/view.js";

const UNFIT = "The filters do not fit in the picture; try smaller filters or a larger picture.";
const COLUMNS = 4;
const HINT =
  "Below each map: the three slices of its filter, for red, green and blue. Click a map, or go there " +
  "with Tab and the arrow keys, and its filter can be changed.";

class BankSession extends PhotoSession {
  constructor(model) {
    super(model);
    this.chosen = 0;
    this.point = null; // {row, column} of the chosen map
    this.convolutions = [];
    this.spares = [null, null];
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.asking(),
      read: (...answer) => this.#read(...answer),
      twin: () => this.#frame(),
    });
    this.scene.changed();
  }

  /** The picture as the filters see it: in few pixels (FilterBank.image). */
  image() {
    const seen = super.image();
    if (this.seen !== seen) {
      const { height, width } = seen,
        most = this.facts.largestSide;
      const factor = Math.min(Math.ceil(Math.max(height, width) / most), height, width);
      this.seen = seen;
      this.small = shrunk(seen, factor);
    }
    return this.small;
  }

  emit(topic, detail) {
    if (topic === "settings") {
      this.chosen = Math.min(this.chosen, this.settings.filters.length - 1);
    }
    super.emit(topic, detail);
  }

  /** What the kernel would send. */
  #frame() {
    const { filters, bias, activation, palette, scale } = this.settings,
      image = this.image();
    const maps = filters.map((filter, k) => {
      this.convolutions[k] ??= new Convolution();
      return this.convolutions[k].run(image, seenBy(filter, image), { bias: bias[k] });
    });
    if (maps.some((map) => !map)) return { error: UNFIT };
    const [{ height, width }] = maps,
      size = height * width;
    if (activation === "relu") for (const { values } of maps) relu(values, values);
    const limits = maps.map(({ values }) => limitOf(values)),
      shared = Math.max(...limits);
    const steps = this.#spare(maps.length * size),
      { signed } = COLOURS[palette];
    const told = maps.map(({ values }, k) => {
      const limit = scale === "shared" ? shared : limits[k],
        [low, high] = rangeOf(values);
      levelsOf(values, limit, signed, steps.subarray(k * size, (k + 1) * size));
      return { low, high, limit };
    });
    return { height, width, maps: told, steps, palette };
  }

  /** Memory for the next picture; the last one stays, to be compared with the kernel's. */
  #spare(size) {
    this.spares.reverse();
    if (this.spares[0]?.length !== size) this.spares[0] = new Uint8Array(size);
    return this.spares[0];
  }

  #read(message, [{ buffer, byteOffset, byteLength }], asked) {
    this.arrived(asked);
    const steps = new Uint8Array(buffer, byteOffset, byteLength);
    return { ...message, steps, palette: asked.body.settings.palette };
  }

  /** Turn to another filter and its map. */
  choose(number) {
    this.chosen = number;
    this.pointing = false;
    this.emit("chosen");
  }

  /** Take a pixel of the chosen map apart; null is the one in the middle. */
  pointAt(point) {
    this.point = point;
    this.pointing = true;
    this.emit("point");
  }

  /** The filter that is chosen, as it meets the picture, with all that its map depends on. */
  get shown() {
    const { filters, bias, activation, palette } = this.settings,
      { chosen } = this;
    const { height, width, channels, weights } = seenBy(filters[chosen], this.image());
    const filter = Array.from({ length: height }, (_, i) =>
      Array.from({ length: width }, (__, j) => {
        const at = (i * width + j) * channels;
        return Array.from(weights.subarray(at, at + channels));
      }),
    );
    return { filter, bias: bias[chosen], activation, palette };
  }

  /** The pixel that is pointed at, taken apart; null if there is no such map. */
  pixel() {
    const image = this.image(),
      { filters } = this.settings;
    const flat = seenBy(filters[this.chosen], image);
    const [height, width] = [image.height - flat.height + 1, image.width - flat.width + 1];
    const there = this.point?.row < height && this.point.column < width;
    const middle = { row: Math.floor(height / 2), column: Math.floor(width / 2) };
    const { row, column } = there ? this.point : middle;
    const { bias, activation } = this.shown;
    const pixel = explain(image, flat, { bias }, row, column);
    if (pixel && activation === "relu") [pixel.activated] = relu([pixel.result]);
    if (pixel && !there) this.point = middle; // from where arrow keys go on
    return pixel;
  }

  /** What a filter is called: as the preset that it is, with zeros around it or not. */
  nameOf(filter) {
    const size = Math.max(filter.length, filter[0].length);
    const same = ({ weights }) =>
      weights.length <= size && sameFilter(deep(weights, filter), filter);
    const preset = this.facts.filters.find(same);
    return preset ? titleOf(preset.name) : "your own";
  }

  /** So many filters: new ones are those of the stock that are not there yet, cut ones can be undone. */
  setCount(count) {
    const { filters, bias } = this.settings;
    const stock = this.facts.filters.filter(({ name }) => this.facts.stock.includes(name));
    const unused = stock.filter(({ weights }) => !filters.some((one) => sameFilter(weights, one)));
    const added = [...unused, ...stock].map(({ weights }) => deep(weights, filters[0]));
    const more = Math.max(0, count - filters.length);
    this.change({
      filters: [...filters, ...added.slice(0, more)].slice(0, count),
      bias: [...bias, ...new Array(more).fill(0)].slice(0, count),
    });
  }

  /** All filters of a layer have one size. */
  resize(size, filters = this.settings.filters) {
    this.change({ filters: filters.map((one) => resized(one, size)) });
  }
}

/** A filter as it meets a picture: grey is the same in all three channels, so slices add up. */
function seenBy(filter, { channels }) {
  const flat = flatFilter(filter);
  if (channels === 3) return flat;
  const weights = new Float32Array(flat.weights.length / 3);
  for (const k of weights.keys()) {
    weights[k] = flat.weights[3 * k] + flat.weights[3 * k + 1] + flat.weights[3 * k + 2];
  }
  return { ...flat, channels: 1, weights };
}

/** The weights of a preset as three slices, in the size of a filter that is there. */
function deep(weights, like) {
  const slices = weights.map((line) =>
    line.map((one) => (Array.isArray(one) ? one : [one, one, one])),
  );
  return resized(slices, Math.max(like.length, like[0].length, weights.length));
}

/** The filter that is chosen, as its panel edits one. */
class Chosen {
  constructor(session) {
    this.session = session;
  }

  get facts() {
    return this.session.facts;
  }

  get settings() {
    const { filters, bias, palette } = this.session.settings,
      { chosen } = this.session;
    return { filter: filters[chosen], bias: bias[chosen], palette };
  }

  change(patch, gesture) {
    const { session } = this,
      { chosen } = session,
      { filters, bias } = session.settings;
    const put = (list, one) => list.map((other, k) => (k === chosen ? one : other));
    if ("bias" in patch) session.change({ bias: put(bias, patch.bias) }, gesture);
    if (!patch.filter) return;
    const [rows, columns, tall, wide] = [filters[chosen], patch.filter].flatMap((one) => [
      one.length,
      one[0].length,
    ]);
    const changed = put(filters, patch.filter);
    if (rows === tall && columns === wide) session.change({ filters: changed }, gesture);
    else session.resize(Math.max(rows, columns, tall, wide), changed);
  }
}

class BankView extends WidgetView {
  constructor(session) {
    super(session, "FilterBank", "Filter bank");
  }

  open() {
    const element = super.open();
    pointing(this.map.picture, this.session, this.listeners.signal);
    // The frames drawn over the pictures have a width in screen pixels.
    this.onResize(this.map.picture.canvas, () => this.#showPixel());
    return element;
  }

  build() {
    const { session } = this;
    this.photo = new PhotoPanel(session);
    this.map = new MapFigure("Map");
    this.panel = new FilterPanel(new Chosen(session), {}, (size) => session.resize(size));
    this.inspector = new Inspector();
    this.heading = make("strong", { class: "cnnlab-bank-heading" });
    this.counted = make("p", { "data-role": "counted" });
    const label = "Feature maps, one for each filter";
    this.gallery = new Gallery(label, COLUMNS, (number) => session.choose(number));
    const count = wholeNumber(
      "filters",
      "Filters",
      session.facts.settings.filters,
      () => session.settings.filters.length,
      (value) => session.setCount(value),
    );
    const controls = [
      count,
      oneOf(session, "activation", "Activation"),
      oneOf(session, "scale", "Colour scale"),
      oneOf(session, "palette", "Colours"),
    ].map((control) => this.bound(control));
    const part = (name, ...children) => make("div", { class: name }, ...children);
    const chosen = part("cnnlab-bank-chosen", this.heading, this.panel.element);
    const pictures = part("cnnlab-bank-pictures", this.photo.figure, this.map.element);
    const hint = make("p", { class: "cnnlab-hint" }, HINT);
    const maps = part("cnnlab-bank-maps", this.gallery.element, hint);
    const above = part("cnnlab-bank-above", fields(...controls), this.counted);
    return {
      toolbar: this.photo.controls,
      parts: [above, part("cnnlab-bank-stage", chosen, pictures, maps, this.inspector.element)],
    };
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "chosen") this.#showChosen();
    else if (topic === "point") this.#showPixel();
  }

  #showSettings() {
    const { session } = this,
      { filters, palette } = session.settings;
    this.photo.show();
    this.inspector.reserve(session.image().channels);
    const named = filters.map((filter) => ({ name: session.nameOf(filter), filter }));
    this.gallery.update(named, session.chosen, palette);
    put(this.heading, "textContent", `Filter ${session.chosen}: three slices`);
    this.panel.show();
  }

  #showChosen() {
    this.#showSettings();
    this.#showMap(this.session.scene);
    this.announcer.say(this.gallery.words);
  }

  #showFrame({ frame, source }) {
    const { session } = this,
      { filters } = session.settings;
    this.gallery.fade(Boolean(frame.error));
    if (frame.error) this.map.fade();
    if (frame.error || frame.maps.length !== filters.length) return;
    this.gallery.paint(frame, source);
    this.#showMap({ frame, source });
    const [n, rows, columns] = [filters.length, filters[0].length, filters[0][0].length];
    const made = `${n === 1 ? "makes" : "make"} ${counted(n, "feature map")}`;
    const words =
      `${counted(n, "filter")} of ${rows} × ${columns} × 3 ${made} of ${frame.height} × ` +
      `${frame.width}. Parameters: (${rows} · ${columns} · 3 + 1) · ${n} = ` +
      `${(rows * columns * 3 + 1) * n}.`;
    this.announcer.say(this.counted.textContent === words ? this.gallery.words : words);
    put(this.counted, "textContent", words);
  }

  /** The chosen map, large. */
  #showMap({ frame, source }) {
    const { chosen } = this.session;
    if (!frame?.maps?.[chosen]) return;
    this.map.show({ ...mapOf(frame, chosen), same: false }, source);
    put(this.map.heading, "textContent", `Map ${chosen}`);
    this.#showPixel();
  }

  #showPixel() {
    const { session } = this,
      { picture, settings } = session;
    const pixel = session.pixel();
    const words = this.inspector.show(pixel, session.shown, picture.about.white);
    if (words && session.pointing) this.announcer.say(words);
    const over = [...(this.photo.numbers ?? [])],
      overMap = [...(this.map.numbers ?? [])];
    if (pixel) {
      const [height, width] = [settings.filters[0].length, settings.filters[0][0].length];
      const { row, column, top, left } = pixel;
      over.push(...frameOver(this.photo.picture, { top, left, height, width }));
      overMap.push(...frameOver(this.map.picture, { top: row, left: column, height: 1, width: 1 }));
    }
    this.photo.picture.overlay.replaceChildren(...over);
    this.map.picture.overlay.replaceChildren(...overMap);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(BankSession, BankView);
