// ConvolutionStepper on the page: filters step over a few numbers, forward and backward.

import { buttons, count, oneOf, segments, switched } from "./page/controls.js";
import { Places } from "./page/convolution_places.js";
import { ConvolutionSession, limitOf } from "./page/convolution_session.js";
import { checkOf, lossInWords, tablesOf, wordsOf } from "./page/convolution_words.js";
import { make, put, putStyle, space } from "./page/dom.js";
import { GradientMaps } from "./page/gradient_maps.js";
import { LayerNumbers } from "./page/layer_numbers.js";
import { MapTile } from "./page/map_tile.js";
import { colourOf } from "./page/paint.js";
import { pointing, sideToPoint } from "./page/pointing.js";
import { ProductTable } from "./page/product_table.js";
import { widgetOf } from "./page/session.js";
import { StepBar } from "./page/stepping.js";
import { WidgetView } from "./page/view.js";
import { axisOf, pick, resizedVolume, shapeOf, withAxis } from "./page/volume.js";

const FILTERS = [0, 1, 2, 3],
  MOST_TABLES = 6; // two for each channel

/** Several figures of one kind, side by side. */
function group(name, parts) {
  const elements = parts.map((one) => one.element ?? one);
  return make(
    "div",
    { class: "cnnlab-stepper-volume", role: "group", "aria-label": name },
    ...elements,
  );
}

class ConvolutionView extends WidgetView {
  constructor(session) {
    super(session, "ConvolutionStepper", "Convolution, step by step");
  }

  open() {
    const element = super.open(),
      { signal } = this.listeners;
    this.numbers.point(signal);
    this.gradients.point(signal);
    for (const f of FILTERS) {
      pointing(this.outputs[f].picture, sideToPoint(this.session, "output", f), signal);
    }
    return element;
  }

  build() {
    const { session } = this;
    this.numbers = new LayerNumbers(session);
    this.gradients = new GradientMaps(session);
    this.outputs = FILTERS.map((f) => new MapTile(`Map ${f}`));
    this.tables = Array.from({ length: MOST_TABLES }, () => new ProductTable());
    this.words = make("p", { "data-role": "words" });
    this.check = make("p", { class: "cnnlab-hint", "data-role": "check" });
    this.loss = make("p", { class: "cnnlab-hint", "data-role": "loss" });
    this.bar = new StepBar(session.steps, "step");
    this.choice = segments(
      "Filter that is shown",
      FILTERS.map((f) => [f, `Filter ${f}`]),
      (f) => session.choose(f),
    );
    const [mode, order, check, ...controls] = [
      buttons(session, "mode", "Forward or backward"),
      buttons(session, "order", "Order of the way back"),
      switched(session, "check", "Central difference"),
      count(session, "stride", "Stride"),
      oneOf(session, "padding", "Padding"),
      count(session, "dilation", "Dilation"),
      oneOf(session, "activation", "Activation"),
      oneOf(session, "palette", "Colours"),
    ].map((control) => this.bound(control));
    controls.splice(4, 0, space());
    const row = (name, ...parts) =>
      make("div", { class: "cnnlab-controls", role: "group", "aria-label": name }, ...parts);
    const stage = this.#stage();
    this.ofBackward.push(order, check, this.loss);
    return {
      toolbar: [mode, order, check],
      parts: [
        make("div", { class: "cnnlab-sticky" }, this.bar.element, this.words, this.check),
        make("div", {}, stage, this.loss),
        row("Layer and colours", ...controls),
        row(
          "Sizes",
          this.#sizes("Image", "image", [0, 1, 2]),
          this.#sizes("Filter", "filters", [0, 1, 3]),
        ),
      ],
    };
  }

  #stage() {
    const { images, slices, bias, upstreams } = this.numbers,
      { gradients } = this;
    const above = upstreams.flatMap((one) => [one, one.tile]);
    this.upstream = group("Gradient from above", above);
    this.output = group("Output", this.outputs);
    this.ofBackward = [
      this.upstream,
      group("Gradient of the image", gradients.pairs("image")),
      group("Gradient of the filter", [...gradients.pairs("filters"), ...gradients.pairs("bias")]),
    ];
    const tables = { class: "cnnlab-tables", "aria-label": "One place taken apart" };
    const filter = group("Filter", [...slices, bias]);
    this.stage = make(
      "div",
      { class: "cnnlab-convolution" },
      group("Image", images),
      make("div", { class: "cnnlab-part" }, this.choice.element, filter),
      this.upstream,
      make("section", tables, ...this.tables.map(({ element }) => element)),
      this.output,
      ...this.ofBackward.slice(1),
    );
    return this.stage;
  }

  /** Fields for rows, columns and channels or filters. */
  #sizes(title, name, axes) {
    const words = ["Rows", "Columns", "Channels", "Filters"];
    const change = (shape) => this.#resized(name, shape);
    const fields = axes.map((axis) =>
      this.bound(axisOf(this.session, name, words[axis], axis, change)),
    );
    const attributes = { class: "cnnlab-fields", role: "group", "aria-label": `Size of ${title}` };
    return make("div", attributes, make("strong", {}, title), ...fields);
  }

  /** What changes with a size: each filter has a slice for each channel, and one bias. */
  #resized(name, shape) {
    const { image, filters, bias } = this.session.settings;
    if (name === "filters") {
      return { filters: resizedVolume(filters, shape), bias: resizedVolume(bias, [shape[3]]) };
    }
    const bank = withAxis(shapeOf(filters), 2, shape[2]);
    return { image: resizedVolume(image, shape), filters: resizedVolume(filters, bank) };
  }

  show(topic) {
    if (topic === "settings") this.#showSettings();
    else if (topic === "frame") this.#showFrame();
    else if (topic === "steps") this.#showStep();
    else if (topic === "point") this.#explain();
    else if (topic === "differences") {
      this.gradients.showDifferences();
      this.#showLoss();
    }
  }

  #showSettings() {
    const { backward, layer } = this.session;
    for (const element of this.ofBackward) put(element, "hidden", !backward);
    put(this.output, "hidden", backward);
    if (!layer.fits) put(this.upstream, "hidden", true);
    this.#measure();
    this.numbers.showImage();
    this.bar.show();
    this.#showFilter();
    this.#explain();
  }

  /** How large the cells can be, and room for all tables there can be, so that nothing jumps. */
  #measure() {
    const { backward, layer } = this.session,
      { image, bank, places } = layer;
    const padded = (size, side) => size + (side ? side.before + side.after : 0);
    const across = padded(image.width, places?.across);
    const most = Math.max(across, padded(image.height, places?.down));
    const length = (numbers) =>
      Math.max(...Array.from(numbers, (one) => String(Number(one.toFixed(2))).length));
    const letters = length(bank.weights) + Math.max(length(image.values), backward ? 2 : 0);
    const sizes = {
      "all-across": across * image.channels,
      "two-across": across * Math.min(2, image.channels),
      "maps-across": layer.fits ? layer.output.width * bank.count : 1,
      "largest-cell": `${Math.max(26, Math.min(42, Math.floor(330 / most)))}px`,
      "weight-side": `${bank.width > 3 ? 36 : 42}px`,
      tables: backward ? Math.max(2 * bank.channels, bank.count) : bank.channels,
      "product-width": `${Math.max(50, 6 * (letters + 3) + 8)}px`,
      "products-across": bank.width,
      "products-down": bank.height,
    };
    for (const [name, value] of Object.entries(sizes)) {
      putStyle(this.stage, `--${name}`, value);
    }
  }

  /** Show the filter that is chosen, and what belongs to it. */
  #showFilter() {
    const { backward, chosen, layer } = this.session,
      { bank } = layer;
    this.shown = chosen;
    this.numbers.showFilter();
    if (backward && layer.fits) this.numbers.showUpstream();
    this.choice.show(chosen);
    put(this.choice.element, "hidden", bank.count === 1);
    for (const [f, part] of [...this.choice.element.children].entries()) {
      put(part, "hidden", f >= bank.count);
    }
    for (const [f, { element }] of this.outputs.entries()) {
      element.classList.toggle("cnnlab-chosen", f === chosen && bank.count > 1);
    }
  }

  #showFrame() {
    const { session } = this,
      { frame, source } = session.scene;
    this.bar.show();
    if (!frame || frame.error || !session.layer.fits) {
      for (const tile of this.outputs) tile.fade();
      this.gradients.fade();
    } else if (frame.mode !== session.settings.mode) {
      return; // its own frame follows at once
    } else if (session.backward) {
      this.gradients.show(frame, source);
    } else {
      this.#showOutput(frame, source);
    }
  }

  /** Of the maps, only how much is there by now differs from step to step. */
  #showStep() {
    const { backward, layer, scene } = this.session;
    if (backward || !layer.fits || scene.frame?.mode !== "forward") {
      this.#showFrame();
    } else {
      this.bar.show();
      this.#coverOutput();
    }
    this.#explain();
  }

  #showOutput({ parts: [{ numbers, limit }] }, source) {
    const { layer, settings } = this.session,
      { height, width, channels } = layer.output,
      { palette } = settings;
    for (const [f, tile] of this.outputs.entries()) {
      put(tile.element, "hidden", f >= channels);
      if (f >= channels) continue;
      const title = channels > 1 ? `Map ${f}` : "Output",
        size = `${height} × ${width}`,
        map = { height, width, values: pick(numbers, f, channels) };
      tile.show(map, { title, size, limit, palette, source });
    }
    this.#coverOutput();
  }

  #coverOutput() {
    const { layer, steps } = this.session,
      { positions } = layer;
    for (const [f, tile] of this.outputs.slice(0, layer.bank.count).entries()) {
      const first = Math.max(0, (steps.done ?? Infinity) - f * positions),
        left = Math.max(0, positions - first);
      tile.cover(Array.from({ length: left }, (_, k) => first + k));
    }
  }

  #showLoss() {
    const { session } = this;
    const shown = session.backward && session.layer.fits;
    put(this.loss, "textContent", shown ? lossInWords(session, session.differences) : "");
  }

  /** Show what belongs to one place: products, sums, frames. */
  #explain() {
    const { session } = this,
      { backward, chosen, here, layer, settings } = session;
    if (this.shown !== chosen) {
      this.#showFilter();
      if (backward && layer.fits && session.scene.frame) {
        this.#showFrame(); // with the gradient of this filter
      }
    }
    const tables = tablesOf(session, here, chosen);
    const limit = limitOf(tables.flatMap(({ rows }) => rows.flat()).map((one) => one?.value ?? 0));
    const colour = (value) => colourOf(value, limit, settings.palette);
    for (const [k, table] of this.tables.entries()) {
      put(table.element, "hidden", k >= tables.length);
      if (tables[k]) table.show(tables[k], colour);
    }
    const words = wordsOf(session, here, chosen),
      check = backward && layer.fits ? checkOf(session, here, chosen) : "";
    put(this.words, "textContent", words);
    put(this.check, "textContent", check);
    put(this.check, "hidden", !backward);
    if (this.said !== undefined && words !== this.said) this.announcer.say(`${words} ${check}`);
    this.said = words;
    this.#showLoss();
    const places = new Places(layer, here, chosen);
    this.numbers.mark(places);
    if (backward) this.gradients.mark(places);
    else for (const [f, tile] of this.outputs.entries()) tile.mark(...places.onOutput(f));
  }
}

export default widgetOf(ConvolutionSession, ConvolutionView);
