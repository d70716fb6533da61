// TrainingBoard on the page: hands on a training, and what changes in the network meanwhile.

import { BoardSession } from "./page/board_session.js";
import { Confusion } from "./page/confusion.js";
import { count, oneOf } from "./page/controls.js";
import { button, make, put } from "./page/dom.js";
import { FirstLayer } from "./page/first_layer.js";
import { LearningCurves, lossRange } from "./page/learning_curves.js";
import { numberText, percent } from "./page/numbers.js";
import { signedPalette } from "./page/paint.js";
import { widgetOf } from "./page/session.js";
import { SourceLine } from "./page/source_line.js";
import { StepSizes } from "./page/step_sizes.js";
import { TrainingBar } from "./page/training_bar.js";
import { WidgetView } from "./page/view.js";

const STATES = {
  ready: "Ready",
  running: "Training",
  paused: "Paused",
  stopped: "Stopped, the weights stay in the network",
  finished: "Finished",
  diverged: "Diverged",
  failed: "Failed",
};

/** One training: where it is, its learning rate, its panels. */
class RunColumn {
  constructor(session, place, name) {
    Object.assign(this, { session, place, name });
    const of = name ? ` of ${name}` : "";
    this.status = make("p", { class: "cnnlab-board-status", "data-role": "status" });
    this.trouble = make("p", { class: "cnnlab-board-trouble", "data-role": "trouble" });
    this.rate = make("input", {
      type: "number",
      class: "cnnlab-count cnnlab-count-long",
      min: 0,
      step: "any",
      "data-control": "rate",
      onchange: () => this.#setRate(Number(this.rate.value)),
    });
    const times = (words, told, factor) =>
      button(words, {
        "aria-label": `${told} the learning rate${of}`,
        onclick: () => this.#setRate(this.known * factor),
      });
    const field = make(
      "label",
      { class: "cnnlab-field" },
      make("span", {}, `Learning rate${of}`),
      this.rate,
    );
    this.curves = new LearningCurves(name);
    this.sizes = new StepSizes(name);
    this.first = new FirstLayer(name);
    this.confusion = new Confusion(name, session.facts.classes, (row, column) =>
      session.askPictures(place, row, column),
    );
    this.element = make(
      "section",
      { class: "cnnlab-board-run", "aria-label": name || "Training" },
      name ? make("strong", { class: "cnnlab-board-name" }, name) : null,
      this.status,
      this.trouble,
      make(
        "div",
        { class: "cnnlab-fields" },
        field,
        times("÷ 2", "Halve", 0.5),
        times("× 2", "Double", 2),
      ),
      this.curves.element,
      make(
        "div",
        { class: "cnnlab-board-panels" },
        make("div", {}, this.first.element, this.sizes.element),
        this.confusion.element,
      ),
    );
  }

  #setRate(value) {
    this.session.setRate(this.place, Number(value.toPrecision(6)));
  }

  /** `whole` is every second look while it trains: numbers that change faster cannot be read. */
  show(run, range, whole) {
    const { about } = run,
      { facts, image, settings } = this.session;
    this.known = about.rate;
    const text = String(about.rate);
    if (document.activeElement !== this.rate && this.rate.value !== text) this.rate.value = text;
    put(this.status, "textContent", statusOf(about));
    put(this.status.dataset, "state", about.state);
    put(this.trouble, "textContent", about.words);
    put(this.trouble, "hidden", !about.words);
    this.curves.show(run, range);
    this.first.show(run, image, facts.classes, signedPalette(settings.palette));
    if (!whole) return;
    this.sizes.show(run);
    this.confusion.show(run);
  }
}

/** Where a training is, in words. */
function statusOf(about) {
  const parts = [STATES[about.state], `step ${about.step} of ${about.steps}`];
  if (about.epoch) {
    parts.push(`epoch ${about.epoch}`, `loss ${numberText(about.loss)}`);
    parts.push(`accuracy ${percent(about.accuracy)}`, `${numberText(about.seconds, 1)} s`);
    parts.push(`${numberText(about.speed, 0)} steps a second`);
  }
  return parts.join(" · ");
}

class BoardView extends WidgetView {
  constructor(session) {
    super(session, "TrainingBoard", "Training");
    this.source = new SourceLine(session.line, "As it was when the training last rested. ");
  }

  /** While it trains out of sight, it is not painted. */
  open() {
    const element = super.open();
    this.inSight = true;
    this.watching = new IntersectionObserver((entries) => {
      this.inSight = entries.at(-1).isIntersecting;
      if (this.inSight) this.#showRuns(true);
    });
    this.watching.observe(this.runs);
    return element;
  }

  build() {
    const { session } = this;
    this.bar = new TrainingBar(session);
    const palette = this.bound(oneOf(session, "palette", "Colours"));
    const picture = this.bound(count(session, "picture", "Picture"));
    this.columns = session.runs.map(
      ({ about }, place) => new RunColumn(session, place, about.name),
    );
    const columns = this.columns.map(({ element }) => element);
    this.runs = make(
      "div",
      { class: "cnnlab-board-runs", "data-runs": columns.length },
      ...columns,
    );
    return {
      toolbar: [make("div", { class: "cnnlab-fields" }, picture, palette)],
      parts: [this.bar.element, this.runs],
    };
  }

  show(topic, detail) {
    if (topic === "pictures") {
      const words = this.columns[detail].confusion.showPictures(this.session.behind[detail]);
      if (!this.session.running) this.announcer.say(words);
      return;
    }
    if (topic !== "settings" && topic !== "board") return;
    const { runs, running } = this.session;
    this.bar.show();
    if (topic === "settings" || !running || this.inSight) {
      this.#showRuns(topic === "settings" || !running || !this.whole);
    }
    const told = runs
      .map(({ about }) => `${about.name} ${STATES[about.state]}. ${about.words}`)
      .join(" ");
    if (this.told !== undefined && told !== this.told) this.announcer.say(told);
    this.told = told;
  }

  #showRuns(whole) {
    const { runs } = this.session,
      range = lossRange(runs);
    this.whole = whole;
    for (const [k, column] of this.columns.entries()) column.show(runs[k], range, whole);
    this.runs.dataset.shown = Number(this.runs.dataset.shown ?? 0) + 1;
  }

  dispose() {
    this.watching.disconnect();
    super.dispose();
  }
}

export default widgetOf(BoardSession, BoardView);
