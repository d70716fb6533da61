// FilterLab on the page: the filter, the picture and its feature map, one pixel taken apart.

import { count, oneOf } from "./page/controls.js";
import { fields, make } from "./page/dom.js";
import { FilterPanel, flatFilter, withChannels } from "./page/filter_panel.js";
import { Inspector } from "./page/inspector.js";
import { colourControls, MapFigure, mapFrame, readMap } from "./page/map_figure.js";
import { droppedOver, frameOver } from "./page/overlay.js";
import { COLOURS } from "./page/paint.js";
import { PhotoSession } from "./page/photo.js";
import { PhotoPanel } from "./page/photo_source.js";
import { pointing } from "./page/pointing.js";
import { Scene } from "./page/scene.js";
import { widgetOf } from "./page/session.js";
import { sliderOf } from "./page/slider.js";
import { relu } from "./page/twin/activation.js";
import { Convolution, explain } from "./page/twin/convolution.js";
import { sideOf } from "./page/twin/window.js";
import { WidgetView } from "./page/view.js";
import { startHelper } from "./page/worker.js";

const UNFIT = "The filter does not fit in the picture; try more padding or a smaller filter.";

const TELLING = 60; // steps of a palette from zero: an answer that is worth taking apart
const SMALL = 27; // weights whose arithmetic is drawn quickly

class LabSession extends PhotoSession {
  constructor(model) {
    super(model);
    this.point = null;
    this.convolution = new Convolution();
    this.helper = startHelper();
    this.spares = [null, null];
    this.pixels = this.line.lane("pixel", (message) => this.#explained(message));
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.#request(),
      read: (message, buffers, asked) => this.#read(message, buffers, asked),
      twin: () => this.#frameOf(this.convolution.run(...this.#task()), this.values),
      work: () => this.convolution.work(...this.#task()),
      apart: async () => {
        const { values } = this;
        return this.#frameOf(await this.convolution.runApart(this.helper, ...this.#task()), values);
      },
    });
    this.scene.changed();
  }

  fitted(colour) {
    return { colour, filter: withChannels(this.settings.filter, colour ? 3 : 1) };
  }

  #task() {
    return [this.image(), flatFilter(this.settings.filter), this.settings];
  }

  #request() {
    const { body, buffers } = this.asking();
    return { body: { ...body, point: this.point }, buffers };
  }

  #read(message, buffers, asked) {
    this.arrived(asked);
    return readMap(message, buffers, asked);
  }

  /** What the kernel would send for a map. */
  #frameOf(map, settings) {
    if (!map) return { error: UNFIT };
    if (settings.activation === "relu") relu(map.values, map.values);
    return mapFrame(map, settings, this.#spare(map.values.length));
  }

  /** Memory for the next picture; the last one stays, to be compared with the kernel's. */
  #spare(size) {
    this.spares.reverse();
    if (this.spares[0]?.length !== size) this.spares[0] = new Uint8Array(size);
    return this.spares[0];
  }

  emit(topic, detail) {
    super.emit(topic, detail);
    if (topic !== "frame") return;
    this.pointing = false;
    if (detail.frame.pixel) this.#explained(detail.frame);
    this.#explainSoon();
  }

  /** The arithmetic follows a little after the picture, which never waits for it. */
  #explainSoon() {
    const later = this.settings.filter.flat(2).length > SMALL ? 150 : 60; // milliseconds
    this.explaining ??= setTimeout(() => {
      const { frame, source } = this.scene;
      this.explaining = undefined;
      if (frame.error) return;
      const tells = this.#tells(frame);
      if (!tells) this.point = tellingPixel(frame);
      if (!tells) this.emit("point");
      if (!tells || source === "browser" || !frame.pixel) this.#explainAlone();
    }, later);
  }

  pictureChanged() {
    this.point = null;
    this.chosen = false;
  }

  /** Whether the pixel may stay: the hand chose it, or its answer is strong; and it is there. */
  #tells(frame) {
    const { point } = this;
    if (!point || point.row >= frame.height || point.column >= frame.width) return false;
    const { steps, palette } = frame;
    const zero = COLOURS[palette].signed ? 127 : 0;
    return this.chosen || Math.abs(steps[point.row * frame.width + point.column] - zero) > TELLING;
  }

  /** Take a pixel apart, or a telling one: here at once, then by the kernel. */
  pointAt(point) {
    const { frame } = this.scene;
    this.pointing = true;
    this.chosen = Boolean(point);
    this.point = point ?? (frame && !frame.error ? tellingPixel(frame) : null);
    this.emit("point");
    this.#explainAlone();
    if (!this.point || !this.picture.known) return;
    this.pixels.spacing = this.scene.lane.spacing;
    this.pixels.ask({ settings: this.values, point: this.point });
  }

  #explainAlone() {
    const { point } = this;
    const pixel = point && explain(...this.#task(), point.row, point.column);
    if (pixel && this.settings.activation === "relu") [pixel.activated] = relu([pixel.result]);
    this.emit("pixel", pixel);
  }

  #explained({ pixel }) {
    const { point } = this;
    if (pixel && point?.row === pixel.row && point.column === pixel.column) {
      this.emit("pixel", pixel);
    }
  }

  dispose() {
    clearTimeout(this.explaining);
    this.helper.stop();
    super.dispose();
  }
}

/** A pixel with a strong answer, of those the one nearest to the middle. */
function tellingPixel(frame) {
  const { height, width, steps, palette } = frame;
  const zero = COLOURS[palette].signed ? 127 : 0;
  let best = { strength: -1, distance: Infinity };
  for (let k = 0; k < steps.length; k++) {
    const strength = Math.abs(steps[k] - zero);
    if (strength < best.strength) continue;
    const row = Math.floor(k / width);
    const column = k % width;
    const distance = (row - height / 2) ** 2 + (column - width / 2) ** 2;
    if (strength > best.strength || distance < best.distance) {
      best = { strength, distance, row, column };
    }
  }
  return { row: best.row, column: best.column };
}

class LabView extends WidgetView {
  constructor(session) {
    super(session, "FilterLab", "Filter laboratory");
  }

  open() {
    const element = super.open();
    pointing(this.map.picture, this.session, this.listeners.signal);
    // The frames drawn over the pictures have a width in screen pixels.
    this.onResize(this.map.picture.canvas, () => this.#drawOver());
    return element;
  }

  build() {
    const { session } = this;
    this.panel = new FilterPanel(session);
    this.photo = new PhotoPanel(session);
    this.map = new MapFigure();
    this.inspector = new Inspector();
    const bound = (...controls) => controls.map((control) => this.bound(control));
    const pad = sliderOf(session, "pad_value", "Pad with", () => session.picture.about.white);
    this.pad = pad.element;
    const convolution = bound(
      count(session, "stride", "Stride"),
      oneOf(session, "padding", "Padding"),
      pad,
      count(session, "dilation", "Dilation"),
      oneOf(session, "activation", "Activation"),
    );
    this.map.element.append(fields(...bound(...colourControls(session))));
    const group = { class: "cnnlab-lab-controls", role: "group", "aria-label": "Convolution" };
    const part = (name, ...children) => make("div", { class: name }, ...children);
    const settings = make("div", group, ...convolution);
    const side = part("cnnlab-lab-side", this.panel.element, settings);
    const pictures = part("cnnlab-lab-pictures", this.photo.figure, this.map.element);
    return {
      toolbar: this.photo.controls,
      parts: [part("cnnlab-lab-stage", side, pictures, this.inspector.element)],
    };
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "point") this.#drawOver();
    else if (topic === "pixel") this.#showPixel(detail);
  }

  #showSettings() {
    this.photo.show();
    this.panel.show();
    const { down, across } = this.#places();
    this.pad.hidden = !(down.before + down.after + across.before + across.after);
    this.inspector.reserve(Math.min(3, this.session.settings.filter.length));
    this.#drawOver();
  }

  /** How the filter lies over both sides of the picture. */
  #places() {
    const { filter, stride, padding, dilation } = this.session.settings;
    const { height, width } = this.session.image();
    return {
      down: sideOf(height, filter.length, stride, padding, dilation),
      across: sideOf(width, filter[0].length, stride, padding, dilation),
    };
  }

  #showFrame({ frame, source }) {
    if (frame.error) {
      this.map.fade();
      return;
    }
    this.announcer.say(this.map.show(frame, source));
    this.#drawOver();
  }

  #showPixel(pixel) {
    const { settings, picture } = this.session;
    const words = this.inspector.show(pixel, settings, picture.about.white);
    if (words && this.session.pointing) this.announcer.say(words);
  }

  #drawOver() {
    const { session } = this,
      image = session.image(),
      { point } = session;
    const { stride } = session.settings;
    const { down, across } = this.#places();
    // A drawing that stays as it is costs no layout of the page.
    const { scale } = this.map.picture;
    const drawing = JSON.stringify([point, down, across, stride, image.height, image.width, scale]);
    const over = [...(this.photo.numbers ?? []), ...droppedOver(image, down, across, stride)];
    const overMap = [...(this.map.numbers ?? [])];
    if (drawing === this.drawing && !over.length && !overMap.length) return;
    this.drawing = drawing;
    if (point) {
      const top = point.row * stride - down.before,
        left = point.column * stride - across.before;
      const window = { top, left, height: down.reach, width: across.reach };
      const pixel = { top: point.row, left: point.column, height: 1, width: 1 };
      over.push(...frameOver(this.photo.picture, window));
      overMap.push(...frameOver(this.map.picture, pixel));
    }
    this.photo.picture.overlay.replaceChildren(...over);
    this.map.picture.overlay.replaceChildren(...overMap);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(LabSession, LabView);
