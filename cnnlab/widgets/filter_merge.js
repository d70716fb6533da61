// FilterMerge on the page: two filters, what is between, the one filter for both, the difference.

import { buttons, choice } from "./page/controls.js";
import { button, fields, make, motionWanted, put } from "./page/dom.js";
import { FilterPanel } from "./page/filter_panel.js";
import { colourControls, MapFigure, mapFrame } from "./page/map_figure.js";
import { verdictOn } from "./page/merge_words.js";
import { largestOf, numberText } from "./page/numbers.js";
import { frameOver } from "./page/overlay.js";
import { signedPalette } from "./page/paint.js";
import { PhotoSession } from "./page/photo.js";
import { PhotoPanel } from "./page/photo_source.js";
import { pointing } from "./page/pointing.js";
import { Scene } from "./page/scene.js";
import { widgetOf } from "./page/session.js";
import { limitOf } from "./page/twin/colour.js";
import { Merging, merge, pixelOf } from "./page/twin/merging.js";
import { WidgetView } from "./page/view.js";
import { startHelper } from "./page/worker.js";

const UNFIT = "The two filters do not fit in the picture; try smaller filters or a larger picture.";
const LONGEST = 40; // milliseconds: for a worker three maps are a long way
const MAPS = ["middle", "two", "one", "difference"];
const GLIDE = [
  { opacity: 0, transform: "translateY(-40%) scale(0.6)" },
  { opacity: 1, transform: "none" },
];

class MergeSession extends PhotoSession {
  constructor(model) {
    super(model);
    this.point = null;
    this.merging = new Merging();
    this.helper = startHelper();
    this.spares = [null, null];
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.asking(),
      read: (message, buffers, asked) => this.#read(message, buffers, asked),
      twin: () => this.#frameOf(this.merging.run(...this.#task()), this.values),
      longest: LONGEST,
      work: () => this.merging.work(...this.#task()),
      apart: async () => {
        const { values } = this;
        return this.#frameOf(await this.merging.runApart(this.helper, ...this.#task()), values);
      },
    });
    this.scene.changed();
  }

  /** Whether the one filter is shown beside the two (FilterMerge._both). */
  get both() {
    return this.settings.merging || this.settings.between === "relu";
  }

  get merged() {
    return merge(this.settings.first, this.settings.second);
  }

  #task() {
    return [this.image(), this.settings, this.both];
  }

  #read(message, [{ buffer, byteOffset, byteLength }], asked) {
    this.arrived(asked);
    const steps = new Uint8Array(buffer, byteOffset, byteLength);
    const maps = {};
    let from = 0;
    for (const [name, about] of Object.entries(message.maps)) {
      const size = about.height * about.width;
      const palette = paletteOf(name, asked.body.settings.palette);
      maps[name] = { ...about, palette, steps: steps.subarray(from, from + size) };
      from += size;
    }
    return { ...message, maps, steps, limit: maps.two.limit };
  }

  /** What the kernel would send (FilterMerge.answer_frame). */
  #frameOf(found, { palette, limit: fixed }) {
    if (!found) return { error: UNFIT };
    const names = MAPS.filter((name) => found[name]);
    const seen = [found.two, found.one].filter(Boolean);
    const limit = fixed ?? Math.max(...seen.map(({ values }) => limitOf(values)));
    const sizes = names.map((name) => found[name].values.length);
    const steps = this.#spare(sizes.reduce((total, size) => total + size, 0));
    const maps = {};
    let from = 0;
    for (const [k, name] of names.entries()) {
      const how = {
        palette: paletteOf(name, palette),
        limit: name === "middle" ? null : limit,
      };
      maps[name] = mapFrame(found[name], how, steps.subarray(from, from + sizes[k]));
      from += sizes[k];
    }
    const { largest, differing, rounding, zeroed } = found;
    return { maps, steps, limit, largest, differing, rounding, zeroed };
  }

  /** Memory for the next pictures; the last ones stay, to be compared with the kernel's. */
  #spare(size) {
    this.spares.reverse();
    if (this.spares[0]?.length !== size) this.spares[0] = new Uint8Array(size);
    return this.spares[0];
  }

  pictureChanged() {
    this.point = null;
  }

  /** Point at a pixel of the maps; the keyboard begins in the middle. */
  pointAt(point) {
    this.point = point;
    this.emit("point");
  }

  start() {
    const map = this.scene.frame?.maps?.two;
    if (this.point || !map) return;
    this.pointAt({ row: Math.floor(map.height / 2), column: Math.floor(map.width / 2) });
  }

  dispose() {
    this.helper.stop();
    super.dispose();
  }
}

/** A difference goes below zero (FilterMerge._palette). */
function paletteOf(name, palette) {
  return name === "difference" ? signedPalette(palette) : palette;
}

class MergeView extends WidgetView {
  constructor(session) {
    super(session, "FilterMerge", "Two filters and the one that does their work");
  }

  open() {
    const element = super.open(),
      { signal } = this.listeners;
    for (const name of ["two", "one", "difference"]) {
      pointing(this.maps[name].picture, this.session, signal);
    }
    // The frames drawn over the pictures have a width in screen pixels.
    this.onResize(this.maps.two.picture.canvas, () => this.#drawOver());
    return element;
  }

  build() {
    const { session } = this;
    this.photo = new PhotoPanel(session);
    this.panels = ["first", "second"].map((filter) => {
      const title = `${filter[0].toUpperCase()}${filter.slice(1)} filter`;
      return new FilterPanel(session, { filter, bias: null, title });
    });
    this.maps = {
      middle: new MapFigure("Map between"),
      two: new MapFigure("Two filters"),
      one: new MapFigure("One filter"),
      difference: new MapFigure("Difference"),
    };
    this.merged = new MapFigure("Merged filter");
    this.merged.element.classList.add("cnnlab-merged");
    this.merged.picture.canvas.removeAttribute("tabindex");
    this.maps.middle.picture.canvas.removeAttribute("tabindex");
    this.pairs = choice(
      "Example",
      [["", "Your own"], ...session.facts.pairs.map(([words], k) => [String(k), words])],
      (k) => this.#choose(k),
      { "data-control": "pair" },
    );
    const between = this.bound(buttons(session, "between", "Between the filters"));
    const label = make("span", { class: "cnnlab-hint" }, "Between the filters");
    this.maps.middle.element.append(make("div", { class: "cnnlab-merge-between" }, label, between));
    this.press = button("Merge", { onclick: () => this.#merge(), "data-control": "merge" });
    this.words = make("p", { "data-role": "words" });
    this.pixel = make("p", { class: "cnnlab-hint", "data-role": "pixel" });
    this.told = make("div", { class: "cnnlab-merge-words" }, this.press, this.words, this.pixel);
    const [first, second] = this.panels.map(({ element }) => element);
    const { middle, two, one, difference } = this.maps;
    this.photo.figure.append(
      fields(...colourControls(session).map((control) => this.bound(control))),
    );
    const parts = { photo: this.photo.figure, first, middle: middle.element, second };
    Object.assign(parts, { two: two.element, words: this.told, merged: this.merged.element });
    Object.assign(parts, { difference: difference.element, one: one.element });
    for (const [name, part] of Object.entries(parts)) part.style.gridArea = name;
    this.stage = make("div", { class: "cnnlab-merge-stage" }, ...Object.values(parts));
    return { toolbar: [this.pairs.element, ...this.photo.controls], parts: [this.stage] };
  }

  #choose(k) {
    const [, first, second] = this.session.facts.pairs[k] ?? [];
    if (first) this.session.change({ first, second });
  }

  #merge() {
    const { session } = this,
      merging = !session.settings.merging;
    session.change({ merging });
    if (merging && motionWanted()) {
      this.merged.element.animate(GLIDE, { duration: 450, easing: "ease-out" });
    }
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "point") this.#showPoint();
  }

  #showSettings() {
    const { session } = this,
      { settings, both } = session;
    this.photo.show();
    for (const panel of this.panels) panel.show();
    const same = ([, first, second]) =>
      JSON.stringify([first, second]) === JSON.stringify([settings.first, settings.second]);
    const pair = session.facts.pairs.findIndex(same);
    put(this.pairs.select, "value", pair < 0 ? "" : String(pair));
    const bent = settings.between === "relu";
    put(this.press, "disabled", bent);
    put(this.press, "textContent", settings.merging && !bent ? "Take apart" : "Merge");
    put(this.press, "ariaPressed", String(settings.merging && !bent));
    for (const { element } of [this.merged, this.maps.one, this.maps.difference]) {
      put(element, "hidden", !both);
    }
    put(this.stage.dataset, "both", String(both));
    put(this.merged.element.dataset, "gone", String(bent));
    if (both) this.#showMerged();
    this.#showPoint();
  }

  #showMerged() {
    const rows = this.session.merged,
      { palette } = this.session.settings;
    const [height, width] = [rows.length, rows[0].length];
    const how = { palette: signedPalette(palette), limit: largestOf(rows) };
    this.merged.show(
      mapFrame({ height, width, values: Float32Array.from(rows.flat()) }, how),
      "browser",
    );
    this.merged.picture.overlay.replaceChildren(...this.merged.numbers);
    const written = rows.map((line) => line.map((one) => numberText(one)).join(", ")).join("; ");
    const words = `Merged filter, ${height} by ${width}, row by row: ${written}`;
    this.merged.picture.canvas.setAttribute("aria-label", words);
  }

  #showFrame({ frame, source }) {
    if (frame.error) {
      for (const map of Object.values(this.maps)) map.fade();
      put(this.words, "textContent", "");
      return;
    }
    for (const [name, map] of Object.entries(frame.maps)) {
      this.maps[name].show({ ...map, same: frame.same }, source);
    }
    const { session } = this;
    const words = verdictOn(frame, session.settings, frame.maps.one && session.merged);
    if (words !== this.words.textContent) this.announcer.say(words);
    put(this.words, "textContent", words);
    this.#showPoint();
  }

  #showPoint() {
    const { session } = this,
      { point, settings } = session,
      map = session.scene.frame?.maps?.two;
    const there = point && map && point.row < map.height && point.column < map.width;
    let words = "Point at a map: the frame in the picture is what a pixel has seen.";
    if (there) {
      const { two, one } = pixelOf(session.image(), settings, point.row, point.column);
      words = `Row ${point.row}, column ${point.column}: after both filters ${numberText(two)}`;
      if (session.both) words += `, after the one filter ${numberText(one)}`;
      if (this.pixel.textContent !== `${words}.`) this.announcer.say(`${words}.`);
      words += ".";
    }
    put(this.pixel, "textContent", words);
    this.#drawOver(there ? point : null);
  }

  #drawOver(point = this.over) {
    const { settings, merged } = this.session;
    this.over = point;
    const window = (rows) => ({
      top: point.row,
      left: point.column,
      height: rows.length,
      width: rows[0].length,
    });
    const over = { middle: settings.second, two: [[1]], one: [[1]], difference: [[1]] };
    for (const [name, rows] of Object.entries(over)) {
      const { picture, numbers = [] } = this.maps[name];
      const drawn = point ? frameOver(picture, window(rows)) : [];
      picture.overlay.replaceChildren(...numbers, ...drawn);
    }
    const { picture, numbers = [] } = this.photo;
    const drawn = point ? frameOver(picture, window(merged)) : [];
    picture.overlay.replaceChildren(...numbers, ...drawn);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(MergeSession, MergeView);
