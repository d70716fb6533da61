// FilterTrainer on the page: numbers that walk to the filter whose map is wished for.

import { choice, oneOf } from "./page/controls.js";
import { Plot } from "./page/curves.js";
import { button, make, put } from "./page/dom.js";
import { FilterPanel, presetNames, sameFilter } from "./page/filter_panel.js";
import { MapFigure } from "./page/map_figure.js";
import { MapTile } from "./page/map_tile.js";
import { largestOf, numberText } from "./page/numbers.js";
import { signedPalette } from "./page/paint.js";
import { PhotoPanel } from "./page/photo_source.js";
import { widgetOf } from "./page/session.js";
import { slider } from "./page/slider.js";
import { TrainerSession } from "./page/trainer_session.js";
import { WidgetView } from "./page/view.js";
import { WishBrush } from "./page/wish_brush.js";

const DRAWN = 300; // points of the curve
const SPOKEN_EVERY = 3000; // milliseconds while it plays

class TrainerView extends WidgetView {
  constructor(session) {
    super(session, "FilterTrainer", "A filter that learns");
  }

  build() {
    const { session } = this;
    const part = (name, ...children) => make("div", { class: name }, ...children);
    this.photo = new PhotoPanel(session);
    this.panel = new FilterPanel(session, { bias: null });
    this.gradient = new MapTile("Gradient", { role: "img" });
    this.wish = new MapFigure("Wish", "wish");
    this.map = new MapFigure("Map", "map");
    this.difference = new MapFigure("Difference", "difference");
    for (const { picture } of [this.wish, this.map, this.difference]) {
      picture.canvas.setAttribute("role", "img");
      picture.canvas.removeAttribute("tabindex");
      picture.canvas.removeAttribute("aria-roledescription");
    }
    const across = "steps; upwards the logarithm of the loss: −2 is 0.01";
    this.curve = new Plot("Loss", { ratio: 2.2, across });
    this.start = button("Play", {
      "data-control": "play",
      onclick: () => (session.playing ? session.pause() : session.play()),
    });
    const one = button("One step", { "data-control": "step", onclick: () => session.one() });
    const again = button("New random numbers", {
      "data-control": "restart",
      onclick: () => session.restart(),
    });
    this.rate = this.#rate();
    this.now = make("p", { class: "cnnlab-trainer-now", "data-role": "now" });
    this.rule = make("p", { class: "cnnlab-hint", "data-role": "rule" });
    this.brush = new WishBrush(session, this.wish);
    this.brush.listen(this.listeners.signal);
    const palette = oneOf(session, "palette", "Colours");
    const group = { class: "cnnlab-controls", role: "group", "aria-label": "Training" };
    const hint =
      "Slope of the loss by each weight. The arrow on a weight shows which way lessens the loss.";
    const walk = part(
      "cnnlab-trainer-walk",
      this.panel.element,
      part(
        "cnnlab-trainer-gradient",
        this.gradient.element,
        make("p", { class: "cnnlab-hint" }, hint),
      ),
      part("cnnlab-trainer-curve", this.now, this.curve.element, this.rule),
    );
    return {
      toolbar: this.photo.controls,
      parts: [
        make(
          "div",
          group,
          this.start,
          one,
          again,
          this.bound(this.#wishList()),
          this.rate,
          this.bound(palette),
        ),
        this.brush.element,
        part(
          "cnnlab-trainer-stage",
          this.photo.figure,
          this.wish.element,
          this.map.element,
          this.difference.element,
        ),
        walk,
      ],
    };
  }

  /** Whose map is wished for: a filter's of the catalogue, one's own, or one that is painted. */
  #wishList() {
    const { session } = this,
      { filters } = session.facts;
    const own = [
      ["", "Your own filter"],
      ["painted", "Painted"],
    ];
    const choose = (name) => {
      const preset = filters.find((one) => one.name === name);
      if (preset) session.change({ wish: preset.weights, painted: [] });
      else if (name === "painted") this.brush.start();
      else session.change({ painted: [] });
    };
    const list = choice("Wish", [...own, ...presetNames(filters)], choose, {
      "data-control": "wish",
    });
    const chosen = () => {
      const { painted, wish } = session.settings;
      if (painted.length) return "painted";
      return filters.find((one) => sameFilter(one.weights, wish))?.name ?? "";
    };
    return { element: list.element, show: () => put(list.select, "value", chosen()) };
  }

  /** The rate as powers of two times the one that suits the picture. */
  #rate() {
    const { session } = this;
    this.slide = slider({
      min: -6,
      max: 2,
      step: 0.25,
      "data-control": "learning_rate",
      oninput: () => {
        const { chosen } = this.frame ?? {},
          power = Number(this.slide.value);
        if (!chosen) return;
        const rate = power ? Number((chosen * 2 ** power).toPrecision(3)) : null;
        session.change({ learning_rate: rate }, "slide learning_rate");
      },
    });
    this.written = make("output", { class: "cnnlab-written" });
    const slid = make("span", { class: "cnnlab-slid" }, this.slide, this.written);
    return make("label", { class: "cnnlab-field" }, make("span", {}, "Learning rate"), slid);
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "play") this.#showPlay();
  }

  #showPlay() {
    const words = this.session.playing ? "Pause" : "Play";
    put(this.start, "textContent", words);
    this.spoken = 0;
    this.#tell();
  }

  #showSettings() {
    this.photo.show();
    this.panel.show();
    this.brush.show();
    this.#showRate();
  }

  #showRate() {
    const { chosen, runaway } = this.frame ?? {},
      rate = this.session.settings.learning_rate ?? chosen;
    if (!rate) return;
    put(this.slide, "value", String(Math.log2(rate / chosen)));
    put(this.written, "textContent", numberText(rate));
    put(this.slide, "ariaValueText", numberText(rate));
    const away = rate >= runaway ? ` From ${numberText(runaway)} on they run away.` : "";
    const kept = numberText(this.frame.momentum, 2);
    const rule = `Each step: velocity = ${kept} × velocity − ${numberText(rate)} × gradient; weights = weights + velocity.${away}`;
    put(this.rule, "textContent", rule);
  }

  #showFrame({ frame, source }) {
    if (frame.error) {
      for (const one of [this.wish, this.map, this.difference]) one.fade();
      return;
    }
    for (const [one, shown] of [
      [this.map, frame],
      [this.wish, frame.wish],
      [this.difference, frame.difference],
    ]) {
      one.show(shown, source);
      one.picture.overlay.replaceChildren(...one.numbers);
    }
    this.loss = frame.loss;
    if (!frame.gradient) {
      this.#tell();
      return; // all else comes with the kernel's answer
    }
    this.frame = frame;
    this.#showGradient(frame, source);
    this.#showCurve(frame);
    this.#showRate();
    this.#tell();
  }

  #showGradient({ gradient, palette }, source) {
    const { filter } = this.session.settings;
    const grid = { height: gradient.length, width: gradient[0].length, values: gradient.flat() };
    this.gradient.show(grid, {
      title: "Gradient",
      limit: largestOf(gradient) || 1,
      palette: signedPalette(palette),
      source,
      digits: 4,
    });
    if (filter.length !== gradient.length || filter[0].length !== gradient[0].length) return;
    const signs = grid.values.map((slope) => (slope ? (slope > 0 ? "↓" : "↑") : ""));
    this.panel.grid.mark(
      signs.map(() => ""),
      signs,
    );
  }

  #showCurve({ loss }) {
    const all = [...this.session.losses, loss],
      every = Math.ceil(all.length / DRAWN);
    const points = all
      .map((one, k) => [k, one > 0 ? Math.log10(one) : Number.NaN])
      .filter(([k]) => k % every === 0 || k === all.length - 1);
    const heights = points.map(([, y]) => y).filter(Number.isFinite);
    const [low, high] = heights.length ? [Math.min(...heights), Math.max(...heights)] : [-1, 0];
    const reach = 10 ** Math.floor(Math.log10(Math.max(20, all.length)));
    const x = [0, Math.max(20, Math.ceil(all.length / reach) * reach)];
    const y = [Math.floor(low), Math.max(Math.floor(low) + 1, Math.ceil(high))];
    this.curve.show({ x, y, curves: [{ points }] });
  }

  /** Steps and loss in words; those who listen hear it now and then while it plays. */
  #tell() {
    if (this.loss === undefined) return;
    const { playing, losses } = this.session;
    const steps = `${losses.length} ${losses.length === 1 ? "step" : "steps"}`;
    const words = `${steps}, loss ${numberText(this.loss, 6)}`;
    put(this.now, "textContent", words);
    const time = performance.now();
    if (playing && time - (this.spoken ?? 0) < SPOKEN_EVERY) return;
    this.spoken = time;
    this.announcer.say(words);
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(TrainerSession, TrainerView);
