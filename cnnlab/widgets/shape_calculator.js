// ShapeCalculator on the page: one window along each axis, or a chain of layers.

import { buttons, choice, wholeNumber } from "./page/controls.js";
import { make, put, space } from "./page/dom.js";
import { levelsOf } from "./page/field_drawing.js";
import { FieldFigure } from "./page/field_figure.js";
import { layerText, shapeText } from "./page/layer_editor.js";
import { LayerList } from "./page/layer_list.js";
import { NumberGrid } from "./page/number_grid.js";
import { counted } from "./page/numbers.js";
import { Scene } from "./page/scene.js";
import { Session, widgetOf } from "./page/session.js";
import { paddingField, sidesField } from "./page/sides.js";
import { Steps } from "./page/stepping.js";
import { StripFigure } from "./page/strip_figure.js";
import { chainOf, pairOf } from "./page/twin/layers.js";
import { laidAlong, sumsOf, untouched } from "./page/twin/shapes.js";
import { WidgetView } from "./page/view.js";

const SIDES = ["size", "window", "stride", "padding", "dilation"];
const PLAIN = () => ({ background: "var(--paper)", ink: "currentcolor" });

class ShapeSession extends Session {
  constructor(model) {
    super(model);
    this.axes = [0, 1].map(() => ({ steps: new Steps(() => this.emit("steps")) }));
    this.traced = null; // the number of the last layer that is traced; null is the middle one
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: ({ axes, symmetric, chain }) => ({ axes, symmetric, chain }),
      twin: () => this.frame(),
      distance: apartBy,
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    super.emit(topic, detail);
  }

  /** Whether height and width are set one by one. */
  get apart() {
    return SIDES.some((name) => Array.isArray(this.settings[name]));
  }

  along(axis) {
    const { settings } = this,
      named = typeof settings.padding === "string";
    const found = Object.fromEntries(SIDES.map((name) => [name, pairOf(settings[name])[axis]]));
    return named ? { ...found, padding: settings.padding } : found;
  }

  #follow() {
    const { settings } = this,
      pad = settings.pad_value;
    for (const [axis, one] of this.axes.entries()) {
      const along = this.along(axis),
        given = settings[["column", "row"][axis]];
      one.values = Array.from({ length: along.size }, (_, pixel) => given[pixel] ?? pixel + 1);
      const ruler = (title, how) => {
        const laid = laidAlong(how);
        return { title, laid, sums: sumsOf(laid, one.values, pad) };
      };
      const half = Math.floor((along.dilation * (along.window - 1) + 1) / 2);
      const own = ruler("TensorFlow’s “same”", along);
      one.symmetric = ruler("Symmetric", { ...along, padding: half });
      one.rulers = along.padding === "same" ? [own, one.symmetric] : [own];
      one.steps.resize(Math.max(...one.rulers.map(({ laid }) => laid.outputs)));
    }
    this.chain = chainOf(this.inputShape, settings.layers);
  }

  get inputShape() {
    return [...pairOf(this.settings.size), this.settings.channels];
  }

  /** What the kernel would send (answer_frame). */
  frame() {
    const chain = this.chain.map(({ shape, field, error }) =>
      error ? { error } : { shape, field },
    );
    return {
      axes: this.axes.map(({ rulers }) => framed(rulers[0])),
      symmetric: this.axes.map(({ symmetric }) => framed(symmetric)),
      chain,
    };
  }

  /** Trace another number of the last layer through the chain. */
  trace(place) {
    this.traced = place;
    this.emit("traced");
  }

  setNumber(axis, pixel, value, gesture) {
    const name = ["column", "row"][axis],
      { values } = this.axes[axis],
      given = this.settings[name]; // what a smaller size hides stays in it
    const length = Math.max(pixel + 1, given.length);
    const numbers = Array.from({ length }, (_, k) =>
      k === pixel ? value : (given[k] ?? values[k]),
    );
    this.change({ [name]: numbers }, gesture);
  }

  setApart(apart) {
    const part = (value) => {
      if (typeof value === "string") return value;
      return apart ? pairOf(value) : pairOf(value)[1];
    };
    const patch = Object.fromEntries(SIDES.map((name) => [name, part(this.settings[name])]));
    this.change(patch);
  }

  /** The layers of the chain that have a window, along one axis, up to the first without a volume. */
  levels(axis) {
    const steps = this.chain.flatMap(({ sides, field, shape }, k) => {
      if (!sides || shape.length < 3) return [];
      const title = layerText(this.settings.layers[k]);
      return [{ laid: sides[axis], title, sees: field[axis] }];
    });
    return levelsOf(this.inputShape[axis], steps);
  }

  dispose() {
    for (const { steps } of this.axes) steps.dispose();
    super.dispose();
  }
}

function framed({ laid, sums }) {
  if (laid.error) return { error: laid.error };
  const { before, after, outputs, dropped } = laid;
  return { zeros: [before, after], outputs, dropped, untouched: untouched(laid), sums };
}

/** 0 where two frames say the same; the kernel adds up with fewer digits. */
function apartBy(ours, theirs) {
  const written = (frame) =>
    JSON.stringify(frame, (_, one) => (typeof one === "number" ? Number(one.toPrecision(4)) : one));
  return written(ours) === written(theirs) ? 0 : Infinity;
}

class ShapeView extends WidgetView {
  constructor(session) {
    super(session, "ShapeCalculator", "Sizes, step by step");
  }

  build() {
    const { session } = this;
    const view = this.bound(buttons(session, "view", "What is shown"));
    this.figures = [0, 1].map((axis) => new StripFigure(session, axis));
    this.weights = make("p", { "data-role": "weights" });
    this.window = make(
      "div",
      { "data-role": "window" },
      this.#group("Window", ...this.#windowControls()),
      this.weights,
      ...this.figures.map((one) => one.element),
    );
    this.list = new LayerList(session);
    this.fields = [0, 1].map((axis) => new FieldFigure(axis, (place) => session.trace(place)));
    this.flat = make("p", { class: "cnnlab-hint", "data-role": "flat" });
    this.chain = make(
      "div",
      { "data-role": "chain" },
      this.#group("Image and presets", ...this.#chainControls()),
      make(
        "div",
        { class: "cnnlab-shape-chain" },
        this.list.element,
        make("div", {}, ...this.fields.map((one) => one.element), this.flat),
      ),
    );
    this.stage = make("div", { class: "cnnlab-shape" }, this.window, this.chain);
    return { toolbar: [view], parts: [this.stage] };
  }

  #group(words, ...controls) {
    const attributes = { class: "cnnlab-controls", role: "group", "aria-label": words };
    return make("div", attributes, ...controls);
  }

  #sides(name, words) {
    const { session } = this;
    const read = () => {
      const value = session.settings[name];
      return session.apart ? pairOf(value) : value;
    };
    const write = (value, gesture) => session.change({ [name]: value }, gesture ?? `side ${name}`);
    return this.bound(
      sidesField(name, words, session.facts.settings[name], read, write, (told) =>
        session.emit("notice", told),
      ),
    );
  }

  #windowControls() {
    const { session } = this;
    const padding = paddingField("padding", "p padding", session.facts.settings.padding, {
      read: () => {
        const { padding: value } = session.settings;
        return session.apart && typeof value === "number" ? pairOf(value) : value;
      },
      write: (value, gesture) => session.change({ padding: value }, gesture ?? "side padding"),
      none: () => (session.apart ? [0, 0] : 0),
      refuse: (told) => session.emit("notice", told),
    });
    const value = new NumberGrid(
      "Value of the padding",
      (_, __, number, gesture) => session.change({ pad_value: number }, gesture),
      { step: 1, describe: () => "value of the padding" },
    );
    const box = make("input", {
      type: "checkbox",
      "data-control": "apart",
      onchange: () => session.setApart(box.checked),
    });
    this.controls.push(
      { show: () => value.update([[session.settings.pad_value]], PLAIN) },
      { show: () => put(box, "checked", session.apart) },
    );
    return [
      this.#sides("size", "n pixels"),
      this.#sides("window", "f window"),
      this.#sides("stride", "s stride"),
      this.bound(padding),
      this.#sides("dilation", "d dilation"),
      space(),
      make(
        "span",
        { class: "cnnlab-field" },
        make("span", {}, "value of the padding"),
        value.element,
      ),
      make("label", { class: "cnnlab-field" }, box, make("span", {}, "height and width apart")),
    ];
  }

  #chainControls() {
    const { session } = this,
      { presets } = session.facts;
    const options = [["", "choose…"], ...presets.map(({ title }) => [title, title])];
    const preset = choice(
      "Preset",
      options,
      (title) => {
        const found = presets.find((one) => one.title === title);
        if (!found) return;
        const { size, channels, layers } = found;
        session.change({ size, channels, layers });
      },
      { "data-control": "preset" },
    );
    const now = () => {
      const { size, channels, layers } = session.settings;
      const same = presets.find(
        (one) =>
          JSON.stringify([one.size, one.channels, one.layers]) ===
          JSON.stringify([size, channels, layers]),
      );
      put(preset.select, "value", same?.title ?? "");
    };
    const channels = wholeNumber(
      "channels",
      "channels",
      session.facts.settings.channels,
      () => session.settings.channels,
      (value, gesture) => session.change({ channels: value }, gesture ?? "channels"),
      (told) => session.emit("notice", told),
    );
    this.controls.push({ show: now });
    return [preset.element, this.#sides("size", "n pixels"), this.bound(channels)];
  }

  show(topic) {
    if (topic === "frame") put(this.stage.dataset, "source", this.session.scene.source);
    else if (topic === "settings" || topic === "steps") this.#showAll();
    else if (topic === "traced") this.announcer.say(this.#showFields());
  }

  #showAll() {
    const { session } = this,
      chained = session.settings.view === "chain";
    put(this.window, "hidden", chained);
    put(this.chain, "hidden", !chained);
    const words = chained ? this.#showChain() : this.#showWindow();
    if (words !== this.said) this.announcer.say(words);
    this.said = words;
  }

  #showWindow() {
    const { session } = this,
      alone = !session.apart;
    put(this.figures[0].element, "hidden", alone);
    const [height, width] = pairOf(session.settings.window);
    const [down, across] = session.axes.map(({ rulers }) => rulers[0].laid);
    put(
      this.weights,
      "textContent",
      `One filter: ${height} × ${width} = ${counted(height * width, "weight")} a channel, ` +
        `over ${down.reach} × ${across.reach} pixels. ` +
        (down.error || across.error
          ? "It does not fit."
          : `${session.inputShape[0]} × ${session.inputShape[1]} → ${down.outputs} × ${across.outputs}.`),
    );
    return this.figures
      .slice(alone ? 1 : 0)
      .map((one) => one.show(alone))
      .join(" ");
  }

  #showChain() {
    const { session } = this;
    this.list.show(session.inputShape);
    const last = session.chain.at(-1);
    const told = last
      ? (last.error ?? `Behind all layers ${shapeText(last.shape)}.`)
      : "No layer yet. Add one below, or choose a preset.";
    return `${told} ${this.#showFields()}`;
  }

  #showFields() {
    const { session } = this;
    const both = [0, 1].map((axis) => session.levels(axis));
    const alike = JSON.stringify(both[0]) === JSON.stringify(both[1]);
    const words = this.fields.map((one, axis) => one.show(both[axis], session.traced, alike));
    const flat = session.chain.some(({ shape }) => shape?.length === 1);
    put(this.flat, "hidden", !flat);
    put(
      this.flat,
      "textContent",
      "Behind Flatten the numbers have no place any more; a number of a dense layer sees the whole image.",
    );
    return alike ? words[1] : words.join(" ");
  }

  dispose() {
    for (const one of [...this.figures, ...this.fields]) one.dispose();
    super.dispose();
  }
}

export default widgetOf(ShapeSession, ShapeView);
