// BendFitter on the page: a curve drawn by hand, and a row of bends that follows it.

import { formulaOf, nearness } from "./page/bend_words.js";
import { choice, segments } from "./page/controls.js";
import { legend, Plot } from "./page/curves.js";
import { button, make, put } from "./page/dom.js";
import { NumberGrid } from "./page/number_grid.js";
import { counted, numberText } from "./page/numbers.js";
import { Scene } from "./page/scene.js";
import { Session, widgetOf } from "./page/session.js";
import { slider } from "./page/slider.js";
import { bending, X } from "./page/twin/bending.js";
import { levelsOf } from "./page/twin/colour.js";
import { WidgetView } from "./page/view.js";

const STEP = 0.02; // from one of the places where the curve is compared to the next
const PLAIN = { background: "var(--paper-low)", ink: "var(--ink)" };

class BendSession extends Session {
  constructor(model) {
    super(model);
    this.pen = { x: X[0], y: this.settings.curve[0] };
    this.chosen = null; // the bend whose weight has a handle
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: (message, [{ buffer, byteOffset, byteLength }]) => ({
        ...message,
        steps: new Uint8Array(buffer, byteOffset, byteLength),
      }),
      twin: () => {
        const { numbers, fit, gap, best } = this.found;
        return { numbers, fit, gap, best, steps: levelsOf(fit, this.facts.reach, true) };
      },
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    super.emit(topic, detail);
  }

  #follow() {
    const { curve, units } = this.settings;
    this.found = bending(this.settings);
    if (this.chosen >= units.length) this.chosen = null;
    if (!this.turning) this.lever = this.#leverOf();
    const near = Math.round((this.pen.x + 1) / STEP);
    this.pen = { x: X[near], y: curve[near] };
  }

  get numbers() {
    return this.found.numbers;
  }

  /** How far from its bend the handle of the chosen weight is: within the plane. */
  #leverOf() {
    if (this.chosen === null) return 0;
    const [position, facing] = this.settings.units[this.chosen];
    const room = Math.max(0.04, Math.min(0.5, 1 - facing * position));
    const weight = Math.abs(this.numbers[this.chosen + 2]);
    return Math.min(room, (0.9 * this.facts.reach) / Math.max(weight, 1e-9));
  }

  choose(k) {
    if (this.chosen === k) return;
    this.chosen = k;
    this.lever = this.#leverOf();
    this.emit("chosen");
  }

  /** Spread so many bends evenly, and fit them (BendFitter.bends). */
  spread(bends, gesture = "bends") {
    const place = (k) => Number((-1 + (2 * (k + 1)) / (bends + 1)).toFixed(6));
    const units = Array.from({ length: bends }, (_, k) => [place(k), 1]);
    this.change({ units, by_hand: [] }, gesture);
  }

  moveBend(k, position, gesture) {
    const turned = (unit, i) => (i === k ? [position, unit[1]] : unit);
    this.change({ units: this.settings.units.map(turned) }, gesture);
  }

  turnRound(k) {
    const turned = (unit, i) => (i === k ? [unit[0], -unit[1]] : unit);
    this.change({ units: this.settings.units.map(turned) });
  }

  /** Set a number by hand: offset, slope, or the weight of a bend. All others stay as they are. */
  setNumbers(patch, gesture) {
    const hand = this.numbers.map((one, k) => Math.fround(patch[k] ?? one));
    this.turning = true;
    this.change({ by_hand: hand }, gesture);
    this.turning = false;
  }

  /** Leave the numbers as they are for the hand to change, or fit them again. */
  setWay(byHand) {
    if (byHand === this.settings.by_hand.length > 0) return;
    this.change({ by_hand: byHand ? this.numbers.map(Math.fround) : [] });
  }

  /** The pen went to a place: the curve goes straight from where it was. A press only sets it down. */
  draw(x, y, gesture) {
    const { pen } = this,
      down = gesture?.held && gesture !== this.stroke;
    this.stroke = gesture;
    const index = (at) => Math.round((at + 1) / STEP);
    const [from, to] = [down ? index(x) : index(pen.x), index(x)];
    const curve = [...this.settings.curve];
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    for (let k = low; k <= high; k++) {
      const share = from === to ? 1 : (k - from) / (to - from);
      curve[k] = Math.fround((down ? y : pen.y) * (1 - share) + y * share);
    }
    this.pen = { x: X[to], y };
    this.change({ curve }, gesture);
  }
}

class BendView extends WidgetView {
  constructor(session) {
    super(session, "BendFitter", "A row of bends that follows a curve");
  }

  build() {
    const { session } = this,
      { curves, mostBends } = session.facts;
    const names = curves.map(([name, title]) => [name, title]);
    this.preset = choice("Curve", [["", "Your own"], ...names], (name) => this.#choose(name), {
      "data-control": "curve",
    });
    this.slider = slider({
      min: 0,
      max: mostBends,
      step: 1,
      "data-control": "bends",
      oninput: () => session.spread(Number(this.slider.value)),
    });
    this.count = make("output", { class: "cnnlab-bend-count" });
    const bends = make("label", { class: "cnnlab-field" }, make("span", {}, "Bends"), this.slider);
    bends.append(this.count);
    this.pair = button("|x| from two", {
      onclick: () => this.#two(),
      "data-control": "pair",
      "data-tip": "relu(x) + relu(−x): two bends at 0, one of them turned round",
    });
    const ways = [
      [false, "Least squares"],
      [true, "By hand"],
    ];
    this.way = segments("Who sets the weights", ways, (byHand) => session.setWay(byHand));
    this.plot = new Plot("Curve, bends and their sum", { ratio: 1.6, across: "x" });
    this.plot.element.classList.add("cnnlab-bend-plot");
    this.on(this.plot.area, "focusin", ({ target }) => {
      const [, k] = /^bend-(\d+)$/.exec(target.dataset.handle ?? "") ?? [];
      if (k) session.choose(Number(k));
    });
    this.words = make("p", { "data-role": "words" });
    this.formula = make("p", { class: "cnnlab-bend-formula", "data-role": "formula" });
    this.chosen = make("strong", {});
    this.cells = new NumberGrid("Position and weight", (...set) => this.#set(...set), {
      describe: (_row, column) => ["Position", "Weight"][column],
    });
    this.turn = button("Turn round", {
      onclick: () => session.turnRound(session.chosen),
      "data-control": "turn",
    });
    const heads = make("div", { class: "cnnlab-bend-heads" }, make("span", {}, "Position"));
    heads.append(make("span", {}, "Weight"));
    this.unit = make("div", { class: "cnnlab-bend-unit", role: "group", "aria-label": "One bend" });
    this.unit.append(this.chosen, heads, this.cells.element, this.turn);
    const hint = make(
      "p",
      { class: "cnnlab-hint" },
      "Draw on the plane, or move the square pen with the arrow keys. Drag a round dot to move a " +
        "bend; the handle on its own line changes its weight.",
    );
    const key = legend(
      ["second", "the curve to follow"],
      ["first", "the sum"],
      ["faint", "each bend"],
      ["third", "the straight line"],
      ["gap", "the largest gap"],
    );
    const side = make("div", { class: "cnnlab-bend-side" }, this.words, this.unit, this.formula);
    side.append(key, hint);
    const stage = make("div", { class: "cnnlab-bend-stage" }, this.plot.element, side);
    return { toolbar: [this.preset.element, bends, this.pair, this.way.element], parts: [stage] };
  }

  #choose(name) {
    const [, , curve] = this.session.facts.curves.find(([one]) => one === name) ?? [];
    if (curve) this.session.change({ curve });
  }

  #two() {
    const [, , curve] = this.session.facts.curves.find(([name]) => name === "abs");
    this.session.change({
      curve,
      units: [
        [0, 1],
        [0, -1],
      ],
      by_hand: [],
    });
  }

  #set(_row, column, value, gesture) {
    const { session } = this,
      k = session.chosen;
    if (column) session.setNumbers({ [k + 2]: value }, gesture);
    else session.moveBend(k, Math.max(-1, Math.min(1, value)), gesture);
  }

  show(topic) {
    if (topic === "settings" || topic === "chosen") this.#show();
    else if (topic === "frame") this.#tell();
  }

  #show() {
    const { session } = this,
      { curve, units, by_hand: byHand } = session.settings,
      { found, facts } = session;
    const { parts, numbers, fit, at } = found;
    const same = facts.curves.find(([, , points]) => points.every((one, k) => one === curve[k]));
    put(this.preset.select, "value", same?.[0] ?? "");
    put(this.slider, "value", String(units.length));
    put(this.slider, "ariaValueText", counted(units.length, "bend"));
    put(this.count, "textContent", String(units.length));
    this.way.show(byHand.length > 0);
    const line = (values, look) => ({ points: X.map((x, k) => [x, values[k]]), look });
    const scaled = (k) => parts[k].map((one) => one * numbers[k]);
    const straight = X.map((x) => numbers[0] + numbers[1] * x);
    const bends = units.map((_, k) =>
      line(scaled(k + 2), k === session.chosen ? "fourth" : "faint"),
    );
    const gap = [
      [X[at], curve[at]],
      [X[at], fit[at]],
    ];
    this.plot.show({
      x: [-1, 1],
      y: [-facts.reach, facts.reach],
      curves: [
        ...bends,
        line(straight, "third"),
        line(curve, "second"),
        { points: gap, look: "gap" },
        line(fit, "first"),
      ],
      handles: [...this.#bendHandles(), ...this.#lineHandles(), this.#pen()],
    });
    this.#showUnit();
  }

  #bendHandles() {
    const { session } = this,
      { units } = session.settings,
      { fit } = session.found;
    const at = (x) => {
      const place = (x + 1) / STEP,
        k = Math.min(X.length - 2, Math.floor(place));
      return fit[k] + (fit[k + 1] - fit[k]) * (place - k);
    };
    const handles = units.map(([x, facing], k) => ({
      name: `bend-${k}`,
      label: `Bend ${k + 1}, rising to the ${facing > 0 ? "right" : "left"}: position`,
      x,
      y: at(x),
      moves: "x",
      step: STEP,
      onmove: (position, _y, gesture) => session.moveBend(k, position, gesture),
    }));
    const k = session.chosen;
    if (k === null) return handles;
    const [position, facing] = units[k],
      { lever } = session,
      weight = session.numbers[k + 2];
    handles.push({
      name: "weight",
      label: `Weight of bend ${k + 1}`,
      text: numberText(weight),
      x: position + facing * lever,
      y: weight * lever,
      moves: "y",
      step: STEP,
      look: "fourth",
      onmove: (_x, y, gesture) => session.setNumbers({ [k + 2]: y / lever }, gesture),
    });
    return handles;
  }

  /** The straight line, by its two ends, where it is not least squares that moves it. */
  #lineHandles() {
    const { session } = this,
      [offset, slope] = session.numbers,
      { units, by_hand: byHand } = session.settings;
    if (units.length && !byHand.length) return [];
    return [-1, 1].map((x) => ({
      name: `line${x}`,
      label: `Straight line at its ${x < 0 ? "left" : "right"} end`,
      x,
      y: offset + slope * x,
      moves: "y",
      step: STEP,
      look: "third",
      onmove: (_x, y, gesture) => {
        const other = offset - slope * x;
        session.setNumbers({ 0: (y + other) / 2, 1: (x * (y - other)) / 2 }, gesture);
      },
    }));
  }

  #pen() {
    const { session } = this,
      { x, y } = session.pen;
    return {
      name: "pen",
      label: "Pen: draws the curve to follow",
      x,
      y,
      moves: "xy",
      step: STEP,
      look: "second",
      grab: true,
      onmove: (newX, newY, gesture) => session.draw(newX, newY, gesture),
    };
  }

  #showUnit() {
    const { session } = this,
      k = session.chosen;
    put(this.unit, "hidden", k === null);
    const { units, by_hand: byHand } = session.settings;
    const how = byHand.length ? " (by hand)" : "";
    put(this.formula, "textContent", `${formulaOf(units, session.numbers)}${how}`);
    if (k === null) return;
    put(this.chosen, "textContent", `Bend ${k + 1}`);
    this.cells.update([[units[k][0], session.numbers[k + 2]]], () => PLAIN);
  }

  #tell() {
    const { session } = this,
      { frame } = session.scene;
    const words = nearness(session.settings, frame, X[session.found.at]);
    if (words !== this.words.textContent) this.announcer.say(words);
    put(this.words, "textContent", words);
  }
}

export default widgetOf(BendSession, BendView);
