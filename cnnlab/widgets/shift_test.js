// ShiftTest on the page: a picture dragged by whole pixels, and what changes after pooling.

import { buttons, count, oneOf } from "./page/controls.js";
import { average, CountTable, percent, portion } from "./page/count_table.js";
import { button, make, put } from "./page/dom.js";
import { figure } from "./page/figure.js";
import { MapFigure, mapFrame, readMap } from "./page/map_figure.js";
import { numbersOver, placeOf } from "./page/overlay.js";
import { Picture } from "./page/paint.js";
import { PhotoSession } from "./page/photo.js";
import { PhotoPanel } from "./page/photo_source.js";
import { Scene } from "./page/scene.js";
import { widgetOf } from "./page/session.js";
import { changesOver, dragging, FlashVeil, flash, ShiftPad, WAYS } from "./page/shifting.js";
import { rangeOf } from "./page/twin/colour.js";
import { compared, globalPool, rolled, ShiftedPooling } from "./page/twin/shifting.js";
import { WidgetView } from "./page/view.js";

const UNFIT = "The window does not fit in the picture; try a smaller window.";
const MARKED_UP_TO = 400; // cells that are framed one by one

class ShiftSession extends PhotoSession {
  constructor(model) {
    super(model);
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.asking(),
      read: (message, buffers, asked) => {
        this.arrived(asked);
        return message.height ? readMap(message, buffers, asked) : message;
      },
      twin: () => this.#frame(),
    });
    this.scene.changed();
  }

  /** Where the picture stands: less than zero is up and left. */
  get place() {
    const { down, right } = this.settings;
    return { down, right };
  }

  /** Move the picture; what lies a whole picture apart is the same. */
  shiftTo({ down, right }, gesture = null) {
    const { height, width } = super.image();
    const place = { down: centred(down, height), right: centred(right, width) };
    if (place.down === this.settings.down && place.right === this.settings.right) return;
    this.change(place, gesture);
  }

  shift({ down, right }) {
    const { place } = this;
    this.shiftTo({ down: place.down + down, right: place.right + right });
  }

  /** A picture that is new begins where it is. */
  fitted() {
    return { colour: false, down: 0, right: 0 };
  }

  /** The picture as it stands: what leaves on one side comes in on the other. */
  image() {
    const image = super.image(),
      { down, right } = this.place;
    if (this.rolledFrom !== image || this.rolledBy !== `${down} ${right}`) {
      this.rolledFrom = image;
      this.rolledBy = `${down} ${right}`;
      this.rolled = { ...rolled(image, this.place), channels: 1 };
    }
    return this.rolled;
  }

  /** What pooling makes of the picture, at every shift, and what the eight shifts change. */
  get pooled() {
    const image = super.image(),
      { kind, window, stride } = this.settings,
      how = `${kind} ${window} ${stride}`;
    if (this.pooling?.image === image && this.how === how) return this;
    this.how = how;
    this.pooling = new ShiftedPooling(image, kind, { window, stride: stride ?? window });
    this.limit = Math.max(...rangeOf(image.values).map(Math.abs)) || 1;
    this.nothing = this.facts.nothing * this.limit;
    if (!this.pooling.fits) return this;
    this.before = this.pooling.at({ down: 0, right: 0 });
    this.eight = WAYS.map(
      (way) => compared(this.before, this.pooling.at(way), this.nothing).counts,
    );
    return this;
  }

  get fits() {
    return this.pooled.pooling.fits;
  }

  /** What comes out where the picture stands now. */
  get outcome() {
    const { pooling, before, nothing, place } = this.pooled;
    if (this.found?.before === before && this.found.now === this.image()) return this.found;
    const after = pooling.at(place);
    this.found = { before, after, now: this.image(), ...compared(before, after, nothing) };
    return this.found;
  }

  #frame() {
    if (!this.fits) return { error: UNFIT };
    const { palette, kind } = this.settings,
      { limit, nothing, eight } = this,
      { change, counts: cells } = this.outcome,
      [image, now] = [super.image(), this.image()];
    const { counts: pixels } = compared(image, now, nothing);
    const { counts: whole } = compared(globalPool(image, kind), globalPool(now, kind), nothing);
    return { ...mapFrame(change, { palette, limit }), counts: { pixels, cells, whole, eight } };
  }

  /** Open a sample, or one of the small pictures, for which no kernel is needed. */
  async openSample(name) {
    const rows = this.facts.patterns[name];
    if (!rows) {
      await super.openSample(name);
      return;
    }
    const bytes = Uint8Array.from(rows.flat(), (value) => Math.round(255 * value));
    const size = { height: rows.length, width: rows[0].length, channels: 1 };
    this.showPicture({ ...size, bytes }, { pattern: name });
  }
}

/** The nearest to zero of all places that are a whole picture apart. */
function centred(at, size) {
  const found = ((at % size) + size) % size;
  return found > size / 2 ? found - size : found;
}

/** A shift in words: "2 right, 1 up". */
function wayOf({ down, right }) {
  const words = [
    right && `${Math.abs(right)} ${right > 0 ? "right" : "left"}`,
    down && `${Math.abs(down)} ${down > 0 ? "down" : "up"}`,
  ];
  return words.filter(Boolean).join(", ") || "where it was";
}

class ShiftView extends WidgetView {
  constructor(session) {
    super(session, "ShiftTest", "Shift test");
  }

  open() {
    const element = super.open();
    const { canvas } = this.photo.picture,
      still = () => canvas.classList.contains("cnnlab-drawing");
    const { session } = this;
    const hand = {
      still,
      get place() {
        return session.place;
      },
      shiftTo: (place, gesture) => session.shiftTo(place, gesture),
    };
    dragging(this.photo.picture, hand, this.listeners.signal);
    return element;
  }

  build() {
    const { session } = this;
    this.photo = new PhotoPanel(session);
    const { canvas } = this.photo.picture;
    canvas.classList.add("cnnlab-draggable");
    canvas.setAttribute("data-lm-suppress-shortcuts", "true");
    canvas.setAttribute("aria-description", "Drag it, or use the arrow keys; Shift: ten pixels.");
    [this.before, this.after] = ["before", "after"].map((when) => {
      const picture = new Picture(when, `After pooling, ${when} the shift`);
      const size = make("span", {});
      const title = make("strong", {}, `Pooled, ${when}`);
      const attributes = { "data-role": `${when}-figure` };
      return { picture, size, element: figure([title, " ", size], attributes, picture.element) };
    });
    this.veil = new FlashVeil();
    this.after.picture.element.append(this.veil.element);
    this.change = new MapFigure("Change", "change");
    const [kind, right, down, ...controls] = [
      buttons(session, "kind", "Kind of pooling"),
      count(session, "right", "Right"),
      count(session, "down", "Down"),
      count(session, "window", "Window"),
      oneOf(session, "stride", "Stride"),
      oneOf(session, "palette", "Colours"),
    ].map((control) => this.bound(control));
    const part = (name, ...children) => make("div", { class: name }, ...children);
    const home = button("Put back", { onclick: () => session.shiftTo({ down: 0, right: 0 }) });
    this.where = make("span", { "data-role": "where" });
    const said = ["It stands ", this.where, ". What leaves on one side comes in on the other."];
    const hint = make("p", { class: "cnnlab-hint" }, "Drag the picture. ", ...said);
    const numbers = part("cnnlab-shift-numbers", right, down, home);
    const pad = new ShiftPad((way) => session.shift(way), "Shift the picture by one pixel");
    const hand = part("cnnlab-shift-hand", pad.element, part("cnnlab-shift-place", numbers, hint));
    const heads = ["changed", "share", "by, on average"];
    const now = ["Pixels of the picture", "Cells after pooling", "Global pooling: one cell"];
    this.now = new CountTable("What this shift changes", ["This shift", ...heads], now);
    const ways = WAYS.map(({ sign, words, down: below, right: beyond }) => {
      const go = () => session.shiftTo({ down: below, right: beyond });
      return button(words, { onclick: go, "aria-label": `Shift one pixel ${words}` }, sign);
    });
    for (const [k, one] of ways.entries()) one.prepend(`${WAYS[k].sign} `);
    this.eight = new CountTable("The eight shifts by one pixel", ["One pixel", ...heads], ways);
    this.harmless = make("p", { "data-role": "harmless" });
    this.stage = part(
      "cnnlab-shift-stage",
      this.photo.figure,
      this.before.element,
      this.after.element,
      this.change.element,
    );
    const group = { class: "cnnlab-controls", role: "group", "aria-label": "Window and colours" };
    return {
      toolbar: [kind, ...this.photo.controls],
      parts: [
        make("div", group, ...controls),
        this.stage,
        part(
          "cnnlab-shift-counts",
          part("cnnlab-shift-now", hand, this.now.element),
          part("cnnlab-shift-eight", this.harmless, this.eight.element),
        ),
      ],
    };
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showPicture();
    else if (topic === "frame") this.#showFrame(detail);
  }

  #showPicture() {
    const { session, photo } = this;
    photo.show();
    photo.picture.overlay.replaceChildren(...photo.numbers, ...this.#windows());
    put(photo.picture.canvas, "tabIndex", 0); // the drawing pad took it away
    put(this.where, "textContent", wayOf(session.place));
  }

  /** On a picture of numbers, the windows, where they do not lie over each other. */
  #windows() {
    const { session } = this,
      { window, stride } = session.settings;
    if (!this.photo.numbers.length || !session.fits || (stride ?? window) < window) return [];
    const { rows, columns } = session.pooling;
    return Array.from({ length: rows * columns }, (_, k) => {
      const { row, column } = placeOf(k, columns);
      const corner = { x: column * (stride ?? window), y: row * (stride ?? window) };
      return make("rect", {
        ...corner,
        width: window,
        height: window,
        class: "cnnlab-shift-window",
      });
    });
  }

  #showFrame({ frame, source }) {
    const { session } = this;
    this.stage.classList.toggle("cnnlab-shift-unfit", Boolean(frame.error));
    if (frame.error || !session.fits) {
      this.change.fade();
      return;
    }
    this.#showPooled();
    this.change.show(frame, source);
    this.change.picture.overlay.replaceChildren(...this.change.numbers);
    const { pixels, cells, whole, eight } = frame.counts,
      { place } = session;
    this.now.show([pixels, cells, whole]);
    const here = ({ down, right }) => down === place.down && right === place.right;
    this.eight.show(eight, WAYS.findIndex(here));
    const harmless = eight.filter(({ changed }) => !changed).length;
    const words = `Of these 8 shifts, ${harmless} change${harmless === 1 ? "s" : ""} nothing.`;
    put(this.harmless, "textContent", words);
    const news =
      `${wayOf(place)}: ${portion(cells)} cells changed, ${percent(cells)}, ` +
      `by ${average(cells)} on average. ${words}`;
    if (news !== this.news) this.announcer.say(news);
    this.news = news;
  }

  /** Before and after, the cells that changed marked where they are few, and flashed. */
  #showPooled() {
    const { session, after: shown } = this,
      { outcome } = session;
    if (outcome === this.outcome) return;
    const flashing = this.outcome?.before === outcome.before; // a shift, and nothing else
    this.outcome = outcome;
    const { before, after, changed } = outcome,
      { white } = session.picture.about;
    for (const [{ picture, size }, grid] of [
      [this.before, before],
      [shown, after],
    ]) {
      picture.paintPhotograph({ ...grid, channels: 1 }, white);
      put(size, "textContent", `${grid.height} × ${grid.width}`);
      picture.overlay.replaceChildren(...numbersOver(picture, grid.values, 1, 2));
    }
    const marks = after.values.length > MARKED_UP_TO ? [] : changesOver(changed, after.width);
    shown.picture.overlay.append(...marks);
    if (!flashing) return;
    if (marks.length) flash(marks);
    else this.veil.flash(after, changed);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(ShiftSession, ShiftView);
