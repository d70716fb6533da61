// PoolingStepper on the page: a window steps over a few numbers, forward and backward; shifts.

import { buttons, count, oneOf, sizeOf, switched } from "./page/controls.js";
import { make, put, space } from "./page/dom.js";
import { figure } from "./page/figure.js";
import { MapFigure, mapFrame, readMap } from "./page/map_figure.js";
import { gridOn } from "./page/number_grid.js";
import { largestOf, resized } from "./page/numbers.js";
import { cellsOver, frameOver, framesOver, placeOf } from "./page/overlay.js";
import { colourOf } from "./page/paint.js";
import { pointing, pointingAtNumbers, sideToPoint } from "./page/pointing.js";
import { PoolInspector } from "./page/pool_inspector.js";
import { Scene } from "./page/scene.js";
import { Session, widgetOf } from "./page/session.js";
import { changesOver, flash, ShiftPad, shifted, shiftTest } from "./page/shifting.js";
import { StepBar, Steps } from "./page/stepping.js";
import { cornerOf, gridOf, Pooling } from "./page/twin/pooling.js";
import { WidgetView } from "./page/view.js";

const UNFIT =
  "The window does not fit, or there is more padding than half the window; try a smaller window or " +
  "less padding.";

function poolingOf({ numbers, kind, window, stride, padding }) {
  return new Pooling(gridOf(numbers), kind, { window, stride: stride ?? window, padding });
}

class PoolSession extends Session {
  constructor(model) {
    super(model);
    this.point = null; // {side: "image" or "output", row, column}
    this.steps = new Steps(() => {
      this.point = null; // the step is shown, not what was pointed at before
      this.emit("steps");
    });
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: readMap,
      twin: () => this.frame(),
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    super.emit(topic, detail);
  }

  #follow() {
    this.moved = null; // what the last shift changed
    this.pooling = poolingOf(this.settings);
    this.steps.resize(this.pooling.windows.length);
  }

  get backward() {
    return this.settings.mode === "backward";
  }

  /** What comes back to every output: as set, and 1 where nothing is (_fitted_upstream). */
  get upstream() {
    if (!this.pooling.fits) return this.settings.upstream;
    const { height, width } = this.pooling.output;
    return resized(this.settings.upstream, height, width, 1);
  }

  /** The gradient of the image; with `part`, from the windows that are done. */
  gradient(part = false) {
    const upstream = gridOf(this.upstream);
    if (part) upstream.values = upstream.values.map((one, k) => (this.steps.has(k) ? one : 0));
    return this.pooling.backward(upstream);
  }

  /** The number with the strongest colour: one for what goes in and what comes out (_limit). */
  get limit() {
    const [given, shown] = this.backward
      ? [this.upstream, this.gradient()]
      : [this.settings.numbers, this.pooling.output];
    return largestOf([...given, Array.from(shown.values)]);
  }

  /** What the kernel would send; with `part`, the gradient as far as it is done. */
  frame(part = false) {
    if (!this.pooling.fits) return { error: UNFIT };
    const map = this.backward ? this.gradient(part) : this.pooling.output;
    return mapFrame(map, { palette: this.settings.palette, limit: this.limit });
  }

  /** What belongs together: what is pointed at, else the last step. */
  get here() {
    const { point, pooling, steps } = this,
      grid = pooling[point?.side];
    if (!point || point.row >= grid?.height || point.column >= grid?.width) {
      return { output: steps.last, image: null };
    }
    return { output: null, image: null, [point.side]: point.row * grid.width + point.column };
  }

  shift(way) {
    const { numbers, wrap } = this.settings;
    this.change({ numbers: shifted(numbers, wrap, way) });
    if (!this.pooling.fits) return;
    const compute = (moved) => poolingOf({ ...this.values, numbers: moved }).output.values;
    this.moved = shiftTest(numbers, wrap, way, compute);
    this.emit("moved");
  }

  dispose() {
    this.steps.dispose();
    super.dispose();
  }
}

class PoolView extends WidgetView {
  constructor(session) {
    super(session, "PoolingStepper", "Pooling, step by step");
  }

  open() {
    const element = super.open(),
      { session } = this,
      { signal } = this.listeners;
    const [image, output] = ["image", "output"].map((side) => sideToPoint(session, side));
    pointingAtNumbers(this.image, image, signal);
    pointingAtNumbers(this.upstream, output, signal);
    pointing(this.output.picture, output, signal);
    pointing(this.gradient.picture, image, signal);
    return element;
  }

  build() {
    const { session } = this;
    this.image = gridOn(session, "numbers", "Numbers");
    this.upstream = gridOn(session, "upstream", "Gradient from above", () => session.upstream);
    this.output = new MapFigure("Output");
    this.gradient = new MapFigure("Gradient of the numbers");
    this.bar = new StepBar(session.steps, "window");
    const pad = new ShiftPad((way) => session.shift(way));
    this.moved = make("p", { "data-role": "moved" });
    this.inspector = new PoolInspector();
    const [mode, kind, wrap, rows, columns, ...controls] = [
      buttons(session, "mode", "Forward or backward"),
      buttons(session, "kind", "Kind of pooling"),
      switched(session, "wrap", "In a circle"),
      ...sizeOf(session, "numbers"),
      count(session, "window", "Window"),
      oneOf(session, "stride", "Stride"),
      count(session, "padding", "Padding"),
      oneOf(session, "palette", "Colours"),
    ].map((control) => this.bound(control));
    const title = (words) => make("strong", {}, words);
    this.back = figure([title("Gradient from above")], {}, this.upstream.element);
    const shift = { class: "cnnlab-pool-shift", role: "group", "aria-label": "Shift" };
    this.stage = make(
      "div",
      { class: "cnnlab-pool-stage" },
      make("div", shift, title("Shift"), pad.element, wrap, this.moved),
      figure([title("Numbers"), rows, columns], {}, this.image.element),
      this.output.element,
      this.back,
      this.gradient.element,
    );
    controls.splice(3, 0, space());
    const group = { class: "cnnlab-controls", role: "group", "aria-label": "Window and colours" };
    return {
      toolbar: [mode, kind],
      parts: [
        this.stage,
        this.inspector.element,
        make("div", group, ...controls),
        this.bar.element,
      ],
    };
  }

  show(topic) {
    if (topic === "settings") this.#showNumbers();
    else if (topic === "frame" || topic === "steps") this.#showFrame();
    else if (topic === "point") this.#explain();
    else if (topic === "moved") this.#flash();
  }

  /** Mark the outputs that a shift changed; the marks stay until the next change. */
  #flash() {
    const { moved, pooling } = this.session;
    this.changed = changesOver(moved.changed, pooling.output.width);
    this.#explain();
    flash(this.changed);
  }

  #showNumbers() {
    this.changed = [];
    const { session } = this,
      { pooling, backward, settings } = session;
    const { numbers, kind, padding, palette } = settings;
    const colour = (limit) => (value) => colourOf(value, limit, palette);
    const pads = { digits: 2, pads: padding, pad: kind === "max" ? "−∞" : "0" };
    this.image.update(numbers, colour(largestOf(numbers)), pads);
    put(this.output.element, "hidden", backward);
    for (const element of [this.back, this.gradient.element]) put(element, "hidden", !backward);
    const { height, width } = pooling.image;
    const most = Math.max(height, width) + 2 * padding;
    const cell = Math.max(30, Math.min(46, Math.floor(400 / most)));
    this.stage.style.setProperty("--cell-side", `${cell}px`);
    this.gradient.element.style.setProperty("--columns", width);
    if (pooling.fits) {
      this.upstream.update(session.upstream, colour(session.limit), { digits: 2 });
      this.output.element.style.setProperty("--columns", pooling.output.width);
    }
    this.bar.show();
    this.#explain();
  }

  #showFrame() {
    const { session } = this,
      { backward, steps } = session,
      { frame, source } = session.scene;
    const map = backward ? this.gradient : this.output;
    this.bar.show();
    if (frame.error || !session.pooling.fits) {
      map.fade();
      return;
    }
    const part = backward && steps.done !== null;
    const words = part
      ? map.show(session.frame(true), "browser")
      : map.show({ ...frame, same: false }, source); // a part of it may have been painted since
    if (!session.moved && !session.point && !steps.done) this.announcer.say(words);
    this.#explain();
  }

  #explain() {
    const { session } = this,
      told = session.moved?.words ?? "";
    const words = this.inspector.show(session, session.here);
    const news = [words, told].filter((one, k) => one !== [this.said, this.moved.textContent][k]);
    if (news.join("")) this.announcer.say(news.join(" "));
    this.said = words;
    put(this.moved, "textContent", told);
    if (session.pooling.fits) this.#drawOver();
    else this.image.overlay.replaceChildren();
  }

  #drawOver() {
    const { session } = this,
      { pooling, steps } = session,
      { image, output, winners, windows, how, places } = pooling,
      { output: k, image: pixel } = session.here;
    const reached = new Set(windows.flat());
    const done = winners.filter((_, one) => steps.has(one));
    const looks = Array.from(image.values, (_, p) => (reached.has(p) ? "" : "skipped"));
    const wins = looks.map((_, p) => done.filter((winner) => winner === p).length);
    this.image.mark(
      looks,
      wins.map((times) => ["", "●"][times] ?? `×${times}`),
    );
    const [over, sources] =
      k !== null
        ? [[k], pooling.sources(k)]
        : pixel !== null
          ? [pooling.over(pixel), [pixel]]
          : [[], []];
    const fed = over.filter((one) => pooling.sources(one).includes(sources[0]));
    const idle = over.filter((one) => !fed.includes(one));
    const later = [...windows.keys()].filter((one) => !steps.has(one));
    const onOutput = (grid) => [
      ...cellsOver(later, output.width, "cnnlab-pool-later"),
      ...cellsOver(idle, output.width, "cnnlab-pool-idle"),
      ...framesOver(grid, fed, output.width),
    ];
    const { row, column } = placeOf(k ?? 0, output.width);
    const window = { ...cornerOf(places, row, column), height: how.window, width: how.window };
    const own = pooling.kind === "max" || pixel !== null ? sources : [];
    this.image.overlay.replaceChildren(
      ...(k === null ? [] : frameOver(this.image, window)),
      ...framesOver(this.image, own, image.width),
    );
    this.upstream.overlay.replaceChildren(...onOutput(this.upstream));
    const pictures = [this.output, this.gradient].map(({ picture }) => picture);
    pictures[0].overlay.replaceChildren(
      ...(this.output.numbers ?? []),
      ...this.changed,
      ...onOutput(pictures[0]),
    );
    pictures[1].overlay.replaceChildren(
      ...(this.gradient.numbers ?? []),
      ...framesOver(pictures[1], sources, image.width),
    );
  }
}

export default widgetOf(PoolSession, PoolView);
