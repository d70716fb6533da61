// ActivationExplorer on the page: value and slope on curves, the same on a feature map, softmax.

import { ActivationCurves } from "./page/activation_curves.js";
import { buttons, oneOf } from "./page/controls.js";
import { biasRange, deadInWords } from "./page/dead_words.js";
import { make, put } from "./page/dom.js";
import { flatFilter, presetOf, withChannels } from "./page/filter_panel.js";
import { HistogramFigure, roomOver } from "./page/histogram_figure.js";
import { MapFigure, mapFrame, readMap } from "./page/map_figure.js";
import { numberText } from "./page/numbers.js";
import { frameOver } from "./page/overlay.js";
import { PhotoSession } from "./page/photo.js";
import { PhotoPanel } from "./page/photo_source.js";
import { pointing } from "./page/pointing.js";
import { Scene } from "./page/scene.js";
import { widgetOf } from "./page/session.js";
import { sliding } from "./page/slider.js";
import { SoftmaxPanel } from "./page/softmax_panel.js";
import { SquashTable } from "./page/squash_table.js";
import { activate, clearRounding, probabilitiesOf, Room } from "./page/twin/activating.js";
import { limitOf, rangeOf } from "./page/twin/colour.js";
import { Convolution } from "./page/twin/convolution.js";
import { commonRange, counts, zeroShare } from "./page/twin/histogram.js";
import { WidgetView } from "./page/view.js";
import { startHelper } from "./page/worker.js";

const UNFIT = "The filter does not fit in the picture; try a smaller filter or a larger picture.";
const PASSES = 30; // over a map: what the function, two pictures and two histograms cost
const OF_THE_MAP = ["function", "filter", "bias", "slope", "alpha", "lines", "colour"];

class ActivationSession extends PhotoSession {
  constructor(model) {
    super(model);
    this.point = null;
    this.convolution = new Convolution();
    this.helper = startHelper();
    this.room = new Room();
    this.spares = new Map();
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.asking(),
      read: (message, buffers, asked) => this.#read(message, buffers, asked),
      twin: () => this.#frame(),
      work: () => this.#work(),
      apart: async () => {
        const { values } = this;
        if (!this.isSoftmax) await this.#computeApart(values);
        return this.#frame(values, this.done?.maps);
      },
    });
    this.scene.changed();
  }

  fitted(colour) {
    return { colour, filter: withChannels(this.settings.filter, colour ? 3 : 1) };
  }

  get isSoftmax() {
    return this.settings.function === "softmax";
  }

  #task() {
    const { filter, bias } = this.settings;
    return [this.image(), flatFilter(filter), { bias }];
  }

  /** What the map is made of: as long as it stays, so do the numbers. */
  #key(values = this.values) {
    return JSON.stringify(OF_THE_MAP.map((name) => values[name]));
  }

  #work() {
    const { height, width } = this.image();
    const known = this.done?.key === this.#key() && this.done.image === this.image();
    if (this.isSoftmax || known) return 0;
    return this.convolution.work(...this.#task()) + PASSES * height * width;
  }

  /** The map before and after the function, and the slopes; null if the filter does not fit. */
  maps() {
    const key = this.#key(),
      image = this.image();
    if (this.done?.key !== key || this.done.image !== image) {
      this.#keep(key, image, this.convolution.run(...this.#task()), this.values);
    }
    return this.done.maps;
  }

  async #computeApart(values) {
    const image = this.image();
    const before = await this.convolution.runApart(this.helper, ...this.#task());
    this.#keep(this.#key(values), image, before, values);
  }

  #keep(key, image, before, values) {
    if (before) clearRounding(before.values, this.#noise(values));
    const maps = before && {
      before,
      ...activate(values.function, before.values, values, this.room),
    };
    this.done = { key, image, maps };
  }

  /** Up to what size a sum may be rounding and nothing else (_noise). */
  #noise({ filter, bias }) {
    const all = filter.flat(2).reduce((sum, one) => sum + Math.abs(one), 0);
    const largest = all * this.picture.about.white + Math.abs(bias);
    return Number((this.facts.rounding * largest).toPrecision(2));
  }

  /** Memory for a picture; the last one stays, to be compared with the kernel's. */
  #spare(name, size) {
    const two = (this.spares.get(name) ?? [null, null]).reverse();
    if (two[0]?.length !== size) two[0] = new Uint8Array(size);
    this.spares.set(name, two);
    return two[0];
  }

  /** What the kernel would send (answer_frame). */
  #frame(values = this.values, known = null) {
    if (values.function === "softmax") {
      const rows = probabilitiesOf(values),
        map = { height: rows.length, width: rows[0].length };
      map.values = Float32Array.from(rows.flatMap((row) => [...row]));
      const frame = mapFrame(map, { palette: values.palette, limit: 1 });
      return { ...frame, numbers: [...map.values] };
    }
    const { palette, view } = values,
      maps = known ?? this.maps();
    if (!maps) return { error: UNFIT };
    const { before, output, slopes } = maps,
      size = output.length;
    const look = `${palette} ${view}`;
    if (maps.frame?.look === look) return { ...maps.frame, same: true };
    const limit = Math.max(limitOf(before.values), limitOf(output));
    const shown = view === "output" ? { values: output, limit } : { values: slopes, limit: null };
    const range = commonRange(before.values, output),
      { bins } = this.facts;
    const [low, high] = range;
    maps.frame = {
      ...mapFrame(
        { ...before, values: shown.values },
        { palette, limit: shown.limit },
        this.#spare("after", size),
      ),
      before: mapFrame(before, { palette, limit }, this.#spare("before", size)),
      histogram: {
        low,
        high,
        before: counts(before.values, low, high, bins),
        after: counts(output, low, high, bins),
      },
      zero: zeroShare(output),
      dead: zeroShare(slopes),
      slopes: rangeOf(slopes),
      look,
    };
    return maps.frame;
  }

  #read(message, [after, before], asked) {
    this.arrived(asked);
    const frame = readMap(message, [after], asked);
    return before ? { ...frame, before: readMap(message.before, [before], asked) } : frame;
  }

  pictureChanged() {
    this.point = null;
  }

  pointAt(point) {
    this.point = point;
    this.emit("point");
  }

  /** The pixel that is pointed at, if it is there: number before and after, slope. */
  get pixel() {
    const { point } = this,
      maps = this.done?.key === this.#key() && this.done.maps;
    if (!maps || !point || point.row >= maps.before.height || point.column >= maps.before.width)
      return null;
    const k = point.row * maps.before.width + point.column;
    return {
      ...point,
      before: maps.before.values[k],
      output: maps.output[k],
      slope: maps.slopes[k],
    };
  }

  dispose() {
    this.helper.stop();
    super.dispose();
  }
}

class ActivationView extends WidgetView {
  constructor(session) {
    super(session, "ActivationExplorer", "Activation functions");
  }

  open() {
    const element = super.open(),
      { signal } = this.listeners;
    for (const { picture } of [this.before, this.after]) pointing(picture, this.session, signal);
    return element;
  }

  build() {
    const { session } = this;
    this.photo = new PhotoPanel(session);
    this.curves = new ActivationCurves(session);
    this.before = new MapFigure("Before");
    this.after = new MapFigure("After");
    this.histograms = [
      new HistogramFigure("Histogram before"),
      new HistogramFigure("Histogram after", "second"),
    ];
    this.verdict = make("p", { class: "cnnlab-verdict-of-map", "data-role": "verdict" });
    this.pixel = make("p", { class: "cnnlab-hint", "data-role": "pixel" });
    this.softmax = new SoftmaxPanel(session);
    this.squash = new SquashTable(session);
    this.preset = presetOf(session);
    const [functions, bias, view, palette] = [
      buttons(session, "function", "Activation function"),
      sliding(session, "bias", "Bias", { range: () => biasRange(session.settings.filter) }),
      buttons(session, "view", "What is shown after the function"),
      oneOf(session, "palette", "Colours"),
    ].map((control) => this.bound(control));
    this.before.element.append(this.histograms[0].element);
    this.after.element.append(this.histograms[1].element);
    const part = (name, ...children) => make("div", { class: name }, ...children);
    this.purpose = make("p", { class: "cnnlab-hint" });
    this.photo.figure.append(part("cnnlab-fields", this.bound(this.preset)), this.purpose);
    const controls = { class: "cnnlab-controls", role: "group", "aria-label": "Bias and view" };
    this.onMap = part(
      "cnnlab-explorer-map",
      make("div", controls, bias, view, palette),
      part("cnnlab-explorer-pictures", this.photo.figure, this.before.element, this.after.element),
      this.verdict,
      this.pixel,
    );
    this.stage = part("cnnlab-explorer-stage", this.curves.element, this.onMap);
    this.sources = part("cnnlab-fields", ...this.photo.controls);
    const choose = part("cnnlab-explorer-functions", functions);
    return {
      toolbar: [this.sources],
      parts: [choose, this.stage, this.softmax.element, this.squash.element],
    };
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "point") this.#showPixel(true);
  }

  #showSettings() {
    const { isSoftmax } = this.session;
    put(this.stage, "hidden", isSoftmax);
    put(this.sources, "hidden", isSoftmax);
    put(this.softmax.element, "hidden", !isSoftmax);
    put(this.purpose, "textContent", this.preset.chosen()?.purpose ?? "A filter of your own.");
    this.photo.show();
    this.squash.show();
    // At once, not with the next frame: else keys pressed meanwhile would start from older scores.
    if (isSoftmax) this.softmax.show(probabilitiesOf(this.session.settings), "browser");
    else this.#showCurves();
  }

  #showCurves() {
    const { scene, pixel } = this.session;
    const before = scene.frame?.before;
    const words = this.curves.show(
      before ? [before.low, before.high] : null,
      pixel?.before ?? null,
    );
    if (words !== this.told) this.announcer.say(words);
    this.told = words;
  }

  #showFrame({ frame, source }) {
    if (frame.error) {
      this.before.fade();
      this.after.fade();
      return;
    }
    if (!frame.before) {
      if (this.session.isSoftmax) this.announcer.say(this.softmax.show(rowsOf(frame), source));
      return;
    }
    const { session } = this,
      { settings, picture } = session;
    if (session.isSoftmax) return; // the answer to an older question
    const { low, high, before, after } = frame.histogram,
      top = roomOver(before);
    // The scene compares the picture after: the kernel's before may differ, and is painted.
    this.before.show({ ...frame.before, same: frame.same && source === "browser" }, source);
    this.after.rename(settings.view === "output" ? "After" : "Slope");
    this.after.show(frame, source);
    this.histograms[0].show(before, [low, high], top);
    this.histograms[1].show(after, [low, high], top);
    const words = deadInWords(frame, settings, session.image(), picture.about.white);
    if (words !== this.verdict.textContent) this.announcer.say(words);
    put(this.verdict, "textContent", words);
    put(this.verdict.dataset, "dead", String(frame.dead === 1));
    this.#showCurves();
    this.#showPixel(false);
  }

  #showPixel(moved) {
    const { session } = this,
      { pixel } = session;
    const over = (figure) => [
      ...(figure.numbers ?? []),
      ...(pixel
        ? frameOver(figure.picture, { top: pixel.row, left: pixel.column, height: 1, width: 1 })
        : []),
    ];
    for (const one of [this.before, this.after]) {
      one.picture.overlay.replaceChildren(...over(one));
    }
    const words = pixel
      ? `Pixel in row ${pixel.row}, column ${pixel.column}: ${numberText(pixel.before)} before, ` +
        `${numberText(pixel.output)} after, slope ${numberText(pixel.slope)}.`
      : "Point at a pixel of the maps: its number is shown on the curve.";
    put(this.pixel, "textContent", words);
    if (!moved) return;
    this.#showCurves();
    if (pixel) this.announcer.say(words);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

/** The numbers of a small map, row by row. */
function rowsOf({ height, width, numbers }) {
  return Array.from({ length: height }, (_, row) => numbers.slice(row * width, (row + 1) * width));
}

export default widgetOf(ActivationSession, ActivationView);
