// NetworkBuilder on the page: a pattern or a list of layers, its volumes, its table, its costs.

import { buttons, choice, count, switched, wholeNumber } from "./page/controls.js";
import { CostTable, grouped } from "./page/cost_table.js";
import { button, make, put, space } from "./page/dom.js";
import { levelsOf } from "./page/field_drawing.js";
import { FieldFigure } from "./page/field_figure.js";
import { LayerChanges } from "./page/layer_changes.js";
import { LayerEditor, layerText, shapeText } from "./page/layer_editor.js";
import { lookOf, PLAIN } from "./page/looks.js";
import { Scene } from "./page/scene.js";
import { Session, widgetOf } from "./page/session.js";
import { Totals } from "./page/totals.js";
import { patternOf, stackOf } from "./page/twin/sequential.js";
import { WidgetView } from "./page/view.js";
import { Volumes } from "./page/volumes.js";
import { WholeOrNone } from "./page/whole_or_none.js";

const HOW =
  "Choose a layer to edit it. Arrow keys go from layer to layer, with Alt they move it, Delete removes it.";
const PATTERN = ["N", "M", "K", "filters", "units", "classes"];

class BuilderSession extends Session {
  constructor(model) {
    super(model);
    const { kinds } = this.facts.settings.layers;
    this.like = Object.fromEntries(kinds.map(({ entry }) => [entry.layer, entry]));
    this.selected = null; // the number of the layer that is opened
    this.traced = null; // the number behind it that is traced; null is the middle one
    this.changes = new LayerChanges(
      this.facts.settings.layers,
      () => this.layers,
      (layers, gesture) => this.change({ mode: "layers", layers }, gesture),
    );
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: ({ rows, unfit }) => ({ rows, unfit }),
      twin: () => this.frame(),
      distance: (ours, theirs) => (written(ours) === written(theirs) ? 0 : Infinity),
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    super.emit(topic, detail);
  }

  #follow() {
    const { settings } = this;
    this.layers = settings.mode === "layers" ? settings.layers : patternOf(settings, this.like);
    this.stack = stackOf(settings.input_shape, this.layers);
    if (this.selected >= this.layers.length) this.selected = null;
    const key = JSON.stringify([settings.input_shape, this.layers]);
    this.preset = this.facts.presets.find(
      ({ input_shape, layers }) => JSON.stringify([input_shape, layers]) === key,
    );
  }

  /** What the kernel would send (answer_frame). */
  frame() {
    const rows = this.stack.rows.map(({ sides: _, ...row }) => row);
    return { rows, unfit: this.stack.error };
  }

  select(index) {
    this.selected = index === this.selected ? null : index;
    this.traced = null;
    this.emit("selected");
  }

  move(index, way) {
    const to = index + way;
    if (to < 0 || to >= this.layers.length) return;
    if (this.selected === index) this.selected = to;
    else if (this.selected === to) this.selected = index;
    this.changes.move(index, way);
  }

  remove(index) {
    if (this.selected === index) this.selected = null;
    else if (this.selected > index) this.selected -= 1;
    this.changes.remove(index);
  }

  add(entry) {
    const index = this.selected === null ? this.layers.length : this.selected + 1;
    if (this.selected !== null) this.selected = index;
    this.changes.add(entry, index);
  }

  trace(place) {
    this.traced = place;
    this.emit("selected");
  }

  /** The layers with a window up to the one that is opened, along one axis. */
  levels(axis) {
    const { input_shape: shape } = this.settings;
    if (this.stack.rows[this.selected]?.shape.length !== 3) return [];
    const steps = this.stack.rows.slice(0, this.selected + 1).flatMap((row, k) => {
      const { sides, field, shape: made } = row;
      if (!sides || made.length < 3) return [];
      return [{ laid: sides[axis], title: layerText(this.layers[k]), sees: field[axis] }];
    });
    return levelsOf(shape[axis], steps);
  }
}

/** A frame as text; products beyond 2 to the 53 may be rounded. */
function written(frame) {
  return JSON.stringify(frame, (_, one) =>
    typeof one === "number" ? Number(one.toPrecision(14)) : one,
  );
}

class BuilderView extends WidgetView {
  constructor(session) {
    super(session, "NetworkBuilder", "A network, put together");
  }

  build() {
    const { session } = this;
    const refuse = (words) => session.emit("notice", words);
    this.editor = new LayerEditor(session.changes, 0, {
      move: (index, way) => {
        session.move(index, way);
        this.editor.focus(way);
      },
      remove: (index) => this.#remove(index),
      refuse,
      activations: session.facts.activations,
    });
    this.editor.element.addEventListener("keydown", (event) => {
      const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!event.altKey || !way) return;
      event.preventDefault();
      session.move(this.editor.index, way);
    });
    this.field = new FieldFigure(1, (place) => session.trace(place));
    this.sees = make(
      "details",
      { class: "cnnlab-builder-sees", ontoggle: () => this.#showField() },
      make("summary", {}, "What one number of it sees"),
      this.field.element,
    );
    const opened = make("div", {}, this.editor.element, this.sees);
    this.table = new CostTable(opened, {
      select: (index) => session.select(index),
      move: (index, way) => session.move(index, way),
      remove: (index) => this.#remove(index),
      flatten: (index) => session.changes.add({ layer: "Flatten" }, index),
    });
    this.totals = new Totals();
    this.volumes = new Volumes((layer) => layer >= 0 && session.select(layer));
    this.adding = make("span", { class: "cnnlab-hint" });
    this.adders = session.changes.kinds.map(({ title, entry }) =>
      button(`+ ${title}`, { "aria-label": `Add: ${title}`, onclick: () => session.add(entry) }),
    );
    const adders = {
      class: "cnnlab-fields cnnlab-adders",
      role: "group",
      "aria-label": "Add a layer",
    };
    this.ledger = make("p", { class: "cnnlab-hint", "data-role": "ledger" });
    this.stage = make(
      "div",
      { class: "cnnlab-builder" },
      this.totals.element,
      this.volumes.element,
      make("p", { class: "cnnlab-hint", "data-role": "how" }, HOW),
      this.table.element,
      make("div", adders, this.adding, ...this.adders),
      this.ledger,
    );
    const toolbar = [
      this.bound(buttons(session, "mode", "How it is put together")),
      this.#preset(),
    ];
    return { toolbar, parts: [this.#settings(refuse), this.stage] };
  }

  #remove(index) {
    this.session.remove(index);
    if (this.table.lines.length) this.table.focus(index);
    else this.adders[0].focus();
  }

  #preset() {
    const { session } = this,
      { presets } = session.facts;
    const options = [["", "choose…"], ...presets.map(({ title }) => [title, title])];
    const list = choice(
      "Preset",
      options,
      (title) => {
        const found = presets.find((one) => one.title === title);
        if (!found) return;
        session.selected = null;
        session.change({
          mode: "layers",
          input_shape: found.input_shape,
          layers: found.layers,
        });
      },
      { "data-control": "preset" },
    );
    this.controls.push({ show: () => put(list.select, "value", session.preset?.title ?? "") });
    return list.element;
  }

  #settings(refuse) {
    const { session } = this,
      { settings: facts } = session.facts;
    const input = ["height", "width", "channels"].map((words, k) => {
      const field = wholeNumber(
        `input-${words}`,
        words,
        facts.input_shape,
        () => session.settings.input_shape[k] ?? 1,
        (value, gesture) => {
          const shape = session.settings.input_shape.with(k, value);
          session.change({ input_shape: shape }, gesture ?? `input ${k}`);
        },
        refuse,
      );
      this.controls.push({
        show: () => put(field.element, "hidden", k >= session.settings.input_shape.length),
      });
      return this.bound(field);
    });
    const pattern = make(
      "div",
      { class: "cnnlab-fields", role: "group", "aria-label": "Pattern" },
      make(
        "span",
        { class: "cnnlab-hint" },
        "[[CONV → RELU] × N → POOL?] × M → [FC → RELU] × K → FC",
      ),
      ...PATTERN.slice(0, 3).map((name) => this.bound(count(session, name, name))),
      this.bound(switched(session, "pool", "POOL")),
      ...PATTERN.slice(3).map((name) => this.bound(count(session, name, name))),
    );
    this.controls.push({ show: () => put(pattern, "hidden", session.settings.mode !== "pattern") });
    const budget = (name, words) => this.bound(new WholeOrNone(session, name, words, refuse));
    const printed = switched(session, "printed", "beside what is printed");
    this.controls.push({
      show: () => put(printed.element, "hidden", !session.preset?.printed),
    });
    const together = (words, ...parts) =>
      make("span", { class: "cnnlab-fields" }, make("strong", {}, words), ...parts);
    const row = (words, ...parts) =>
      make("div", { class: "cnnlab-fields", role: "group", "aria-label": words }, ...parts);
    return make(
      "div",
      { class: "cnnlab-controls cnnlab-builder-settings" },
      row(
        "Input and budgets",
        together("Input", ...input),
        space(),
        together(
          "At most",
          budget("parameter_budget", "parameters"),
          budget("work_budget", "multiply-adds"),
        ),
      ),
      pattern,
      row(
        "How it is shown",
        together("Bars", this.bound(buttons(session, "bars", "What the bars show"))),
        together("Volumes", this.bound(buttons(session, "scale", "Scale of the volumes"))),
        this.bound(printed),
      ),
    );
  }

  show(topic) {
    if (topic === "frame") put(this.stage.dataset, "source", this.session.scene.source);
    else if (topic === "settings") this.#showAll();
    else if (topic === "selected") this.announcer.say(this.#showChosen());
  }

  #showAll() {
    const { session } = this,
      { settings, stack, layers } = session;
    const budgets = [settings.parameter_budget, settings.work_budget];
    const words = this.totals.show({ stack, input: settings.input_shape, budgets, layers });
    for (const adder of this.adders) put(adder, "disabled", session.changes.full);
    this.#showChosen();
    if (words !== this.said) this.announcer.say(words);
    this.said = words;
  }

  #showChosen() {
    const { session } = this,
      { settings, stack, layers, selected } = session;
    if (selected !== null) this.editor.show(selected);
    const ledger = settings.printed ? (session.preset?.printed ?? null) : null;
    this.table.show({
      layers,
      rows: stack.rows,
      error: stack.error,
      selected,
      running: settings.bars === "running",
      budgets: [settings.parameter_budget, settings.work_budget],
      printed: ledger,
    });
    put(this.ledger, "hidden", !ledger);
    if (ledger) put(this.ledger, "textContent", this.totals.beside(ledger));
    this.volumes.show({
      volumes: volumesOf(settings.input_shape, layers, stack.rows),
      scale: settings.scale,
      broken: stack.error !== "",
      selected,
    });
    const name = selected === null ? null : (stack.rows[selected]?.name ?? `layer ${selected + 1}`);
    const where = name === null ? "at the end" : `behind ${name}`;
    put(this.adding, "textContent", `Add ${where}:`);
    const sees = this.#showField();
    if (name === null) return "No layer is chosen.";
    const row = stack.rows[selected];
    if (!row) return `${name}: ${stack.error}`;
    return `${name}: ${shapeText(row.shape)}, ${grouped(row.parameters)} parameters, ${grouped(row.multiplyAdds)} multiply-adds. ${sees}`;
  }

  /** Where the chosen layer looks, if that is open; returns it in words. */
  #showField() {
    const levels = [0, 1].map((axis) => this.session.levels(axis)),
      alike = JSON.stringify(levels[0]) === JSON.stringify(levels[1]);
    put(this.sees, "hidden", levels[1].length < 2);
    return this.sees.open ? this.field.show(levels[1], this.session.traced, alike) : "";
  }

  dispose() {
    this.volumes.dispose();
    this.field.dispose();
    super.dispose();
  }
}

/** The input, and what each layer makes that changes the shape or learns. */
function volumesOf(input, layers, rows) {
  const volumes = [{ shape: input, look: PLAIN, layer: -1, title: "Input" }];
  for (const [layer, row] of rows.entries()) {
    const same = String(row.shape) === String(volumes.at(-1).shape);
    if (same && !row.multiplyAdds) continue;
    volumes.push({ shape: row.shape, look: lookOf(layers[layer]), layer, title: row.name });
  }
  return volumes;
}

export default widgetOf(BuilderSession, BuilderView);
