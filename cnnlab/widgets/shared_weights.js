// SharedWeights on the page: one small layer as a convolution and as a matrix; counts; a shift test.

import { buttons, count, oneOf, sizeOf } from "./page/controls.js";
import { CostBars, grouped } from "./page/cost_bars.js";
import { button, make, put } from "./page/dom.js";
import { figure } from "./page/figure.js";
import { MatrixFigure } from "./page/matrix_figure.js";
import { gridOn, NumberGrid } from "./page/number_grid.js";
import { largestOf } from "./page/numbers.js";
import { framesOver, numbersOver } from "./page/overlay.js";
import { colourOf, Picture } from "./page/paint.js";
import { POINTABLE, pointing, pointingAtNumbers, sideToPoint } from "./page/pointing.js";
import { widgetOf } from "./page/session.js";
import { SharingSession } from "./page/sharing_session.js";
import {
  aboutWords,
  movedWords,
  pointedWords,
  sameWords,
  shiftText,
} from "./page/sharing_words.js";
import { ShiftPad } from "./page/shifting.js";
import { slider } from "./page/slider.js";
import { line, table } from "./page/table.js";
import { WidgetView } from "./page/view.js";

const NUMBERS_UP_TO = 8; // outputs a side

class SharedView extends WidgetView {
  constructor(session) {
    super(session, "SharedWeights", "One layer, as a convolution and as a matrix");
  }

  open() {
    const element = super.open(),
      { session } = this,
      { signal } = this.listeners;
    const side = (name) => sideToPoint(session, name);
    pointingAtNumbers(this.image, side("image"), signal);
    pointingAtNumbers(this.filter, side("filter"), signal);
    pointing(this.matrix.picture, side("matrix"), signal);
    for (const { kind, picture } of this.maps) {
      const output = side("output");
      const own = {
        get point() {
          return output.point;
        },
        start: () => own.point || own.pointAt({ row: 0, column: 0 }),
        pointAt: (place) => output.pointAt(place && { ...place, kind }),
      };
      pointing(picture, own, signal);
    }
    return element;
  }

  build() {
    const { session } = this,
      title = (words) => make("strong", {}, words);
    const layer = this.bound(buttons(session, "layer", "Layer"));
    const describe = (row, column) => `row ${row}, column ${column}`;
    const set = (...change) => session.setPixel(...change);
    this.image = new NumberGrid("Picture", set, { step: 1, describe });
    this.filter = gridOn(session, "filter", "Filter");
    this.matrix = new MatrixFigure();
    this.words = make("p", { "data-role": "words", class: "cnnlab-shared-words" });
    this.about = make("p", { "data-role": "about" });
    this.same = make("p", { "data-role": "same" });
    this.maps = session.kinds.map(([kind, words]) => this.#map(kind, words));
    this.costs = new CostBars(session.kinds);
    const sizes = ["image", "filter"].map((name) =>
      sizeOf(session, name).map((one) => this.bound(one)),
    );
    const controls = [
      count(session, "stride", "Stride"),
      count(session, "padding", "Padding"),
      oneOf(session, "palette", "Colours"),
    ].map((one) => this.bound(one));
    const group = (words, ...parts) =>
      make("div", { class: "cnnlab-controls", role: "group", "aria-label": words }, ...parts);
    const stage = make(
      "div",
      { class: "cnnlab-shared-stage" },
      figure([title("Picture"), ...sizes[0]], {}, this.image.element),
      figure([title("Filter"), ...sizes[1]], {}, this.filter.element),
      this.#shift(title("Shift the picture")),
      make("div", { class: "cnnlab-shared-maps" }, ...this.maps.map((one) => one.element)),
    );
    const board = make(
      "div",
      { class: "cnnlab-shared-board" },
      this.matrix.element,
      make("div", { class: "cnnlab-shared-told" }, this.#counts(), this.about, this.same),
    );
    return {
      toolbar: [layer],
      parts: [
        stage,
        group("Places of the filter, colours", ...controls),
        board,
        this.words,
        make("div", { class: "cnnlab-shared-real" }, this.#sizes(title), this.costs.element),
      ],
    };
  }

  #shift(title) {
    const { session } = this;
    const pad = new ShiftPad((way) => session.shift(way), "Shift the picture by one pixel");
    this.shifted = make("p", { "data-role": "shifted" });
    this.back = button("Put it back", { onclick: () => session.change({ down: 0, right: 0 }) });
    const attributes = { class: "cnnlab-shared-shift", role: "group", "aria-label": "Shift" };
    return make("div", attributes, title, pad.element, this.shifted, this.back);
  }

  #map(kind, words) {
    const picture = new Picture("map", words, POINTABLE),
      verdict = make("p", { "data-role": `moved-${kind}` });
    const element = figure(
      [make("strong", {}, words)],
      { "data-kind": kind },
      picture.element,
      verdict,
    );
    return { kind, words, picture, verdict, element };
  }

  #counts() {
    this.cells = {};
    const rows = this.session.kinds.map(([kind, words]) => {
      const cells = ["connections", "weights", "zeros"].map((name) =>
        make("td", { "data-role": `${kind}-${name}` }),
      );
      this.cells[kind] = cells;
      return line(words, cells, { "data-kind": kind });
    });
    const heads = ["", "Connections", "Weights to learn", "Empty entries"];
    this.counted = table(
      { class: "cnnlab-table cnnlab-shared-counts", "aria-label": "Counts of this matrix" },
      heads,
      rows,
    );
    return this.counted;
  }

  #sizes(title) {
    const { session } = this,
      { least, most } = session.facts.settings.side;
    const input = slider({
      min: least,
      max: most,
      "aria-label": "Side of the picture",
      "data-control": "side-slider",
      oninput: () => session.change({ side: Number(input.value) }, "slide side"),
    });
    const follow = () => {
      const { side } = session.settings;
      if (Number(input.value) !== side) input.value = side;
      put(input, "ariaValueText", `${side} pixels`);
    };
    this.controls.push({ element: input, show: follow });
    const presets = [32, 200].map((side) =>
      button(`${side} × ${side} × 3`, { onclick: () => session.change({ side, channels: 3 }) }),
    );
    const attributes = { class: "cnnlab-controls", role: "group", "aria-label": "Real size" };
    return make(
      "div",
      attributes,
      title("On a picture of real size"),
      this.bound(count(session, "side", "Side")),
      input,
      this.bound(count(session, "channels", "Channels")),
      ...presets,
    );
  }

  show(topic) {
    if (topic === "settings") this.#showNumbers();
    else if (topic === "frame") this.#showFrame();
    else if (topic === "point") this.#explain();
  }

  #showNumbers() {
    const { session } = this,
      { settings, matrix, kinds } = session,
      { filter, padding, palette, down, right } = settings;
    const shade = (limit) => (value) => colourOf(value, limit, palette);
    this.image.update(session.shown, shade(largestOf(settings.image)), {
      digits: 2,
      pads: padding,
      pad: "0",
    });
    this.filter.update(filter, shade(largestOf(filter)), {
      digits: 2,
    });
    put(this.shifted, "textContent", shiftText(settings));
    put(this.back, "disabled", !down && !right);
    const cost = this.costs.show(session.costs, settings);
    const changed = this.cost !== cost && this.cost !== undefined;
    this.cost = cost;
    if (changed) this.announcer.say(cost);
    put(this.about, "textContent", aboutWords(settings.layer));
    put(this.same, "textContent", matrix ? sameWords(settings, matrix) : "");
    put(this.same, "hidden", !this.same.textContent);
    for (const [kind] of kinds) {
      const { connections, weights, zeros } = matrix
        ? session.counts[kind]
        : { connections: 0, weights: 0, zeros: 0 };
      for (const [k, one] of [connections, weights, zeros].entries()) {
        put(this.cells[kind][k], "textContent", matrix ? grouped(one) : "–");
      }
    }
    for (const row of this.counted.querySelectorAll("[data-kind]")) {
      put(row.dataset, "look", row.dataset.kind === settings.layer ? "chosen" : "");
    }
    this.#explain();
  }

  #showFrame() {
    const { session } = this,
      { frame, source } = session.scene,
      { matrix, settings } = session;
    const pictures = [this.matrix.picture, ...this.maps.map((one) => one.picture)];
    const unfit = Boolean(frame.error || !matrix);
    for (const { element } of pictures) element.classList.toggle("cnnlab-stale", unfit);
    if (unfit) return;
    const { rows, columns, height, width, limits, palette, steps } = frame;
    const size = rows * columns,
      weights = session.weights[settings.layer];
    const entries = Array.from(weights.keys());
    this.matrix.show(
      {
        rows,
        columns,
        palette,
        limit: limits[0],
        steps: steps.subarray(0, size),
        low: -limits[0],
        high: limits[0],
      },
      source,
      { pixels: settings.image[0].length, outputs: width },
      {
        empty: entries.filter((k) => !session.joined(k)),
        zeros: entries.filter((k) => session.joined(k) && !weights[k]),
      },
    );
    const told = this.maps.map(({ kind, words, picture, verdict, element }, k) => {
      const from = size + k * height * width;
      const part = steps.subarray(from, from + height * width);
      picture.paint({ height, width, steps: part, palette }, source);
      const result = movedWords(kind, session.moved[kind], settings);
      const label = `${words}: output of ${height} rows, ${width} columns. ${result}`;
      if (picture.canvas.ariaLabel !== label) picture.canvas.ariaLabel = label;
      put(
        verdict,
        "textContent",
        result || (kind === "convolution" ? "The map." : "Has learned the same map."),
      );
      put(element.dataset, "look", kind === settings.layer ? "chosen" : "");
      return `${words}: ${result}`;
    });
    const words = settings.down || settings.right ? told.join(" ") : "";
    if (words && words !== this.told) this.announcer.say(words);
    this.told = words;
    this.#explain();
  }

  #explain() {
    const { session } = this,
      { here, matrix, settings } = session;
    const words = matrix ? pointedWords(session) : "";
    put(this.words, "textContent", words);
    if (here && words !== this.said) this.announcer.say(words);
    this.said = words;
    if (!matrix || !this.matrix.ground) {
      for (const grid of [this.image, this.filter]) grid.overlay.replaceChildren();
      return;
    }
    const { columns, rows } = matrix,
      { together } = session;
    const box = {
      matrix: () => ({ top: here.output, left: here.pixel, height: 1, width: 1 }),
      image: () => ({ top: 0, left: here.pixel, height: rows, width: 1 }),
      output: () => ({ top: here.output, left: 0, height: 1, width: columns }),
      filter: () => null,
    }[here?.side]?.();
    this.matrix.mark(here?.side === "output" ? [] : together, box ?? null);
    const one = (index) => (index >= 0 ? [index] : []);
    const pixels = here?.side === "output" ? together.map((k) => k % columns) : one(here?.pixel);
    const outputs =
      here?.side === "image" ? together.map((k) => Math.floor(k / columns)) : one(here?.output);
    const wide = settings.image[0].length;
    this.image.overlay.replaceChildren(...framesOver(this.image, pixels, wide));
    this.filter.overlay.replaceChildren(
      ...framesOver(this.filter, one(here?.tap), settings.filter[0].length),
    );
    for (const { kind, picture } of this.maps) {
      const small = Math.max(matrix.height, matrix.width) <= NUMBERS_UP_TO;
      picture.overlay.replaceChildren(
        ...(small ? numbersOver(picture, session.outputs[kind], 1, 1) : []),
        ...framesOver(picture, outputs, matrix.width),
      );
    }
  }
}

export default widgetOf(SharingSession, SharedView);
