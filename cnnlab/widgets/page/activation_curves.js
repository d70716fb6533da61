// An activation function as two curves, value and slope, with a handle on the input, and handles on
// what else it is made of: the slope of leaky ReLU, the alpha of ELU, the lines of maxout.

import { choice } from "./controls.js";
import { legend, Plot, sample } from "./curves.js";
import { button, fields, make, put } from "./dom.js";
import { gridOn } from "./number_grid.js";
import { numberText } from "./numbers.js";
import { amount } from "./slider.js";
import { activate } from "./twin/activating.js";

const ACROSS = [-6, 6];
const SLOPE_AT = -5, // where leaky ReLU's handle is
  ALPHA_AT = -5.4; // and that of ELU
const LOOKS = ["second", "third", "fourth", "faint"]; // of the lines
// Where the ends of the lines are: each apart, and so that a step of an end is a round slope.
const ENDS = [2.5, 2, 4, 1.25];
const JUMP = 0.08; // of the height between two points: no line joins them
const NEW_LINE = [0.5, -0.5];
const PAPER = { background: "var(--paper-low)", ink: "var(--ink)" };
const SHAPES = {
  x: [
    [1, 0],
    [1, 0],
  ],
  ReLU: [
    [0, 0],
    [1, 0],
  ],
  "|x|": [
    [-1, 0],
    [1, 0],
  ],
  "a valley": [
    [-1.2, -2],
    [-0.4, -0.4],
    [0.4, -0.4],
    [1.2, -2],
  ],
};

export class ActivationCurves {
  constructor(session) {
    this.session = session;
    this.value = new Plot("Value", { ratio: 1.45 });
    this.slope = new Plot("Slope", { ratio: 3.4, across: "x, the sum that goes in" });
    this.words = make("p", { "data-role": "words" });
    this.gate = make("p", { class: "cnnlab-hint", "data-role": "gate" });
    this.linear = make("p", { class: "cnnlab-hint", "data-role": "linear" });
    this.count = make("p", { class: "cnnlab-hint", "data-role": "lines" });
    this.numbers = ["x", "upstream", "slope", "alpha"].map((name) =>
      amount(session, name, TITLES[name]),
    );
    this.grid = gridOn(session, "lines", "Lines of maxout: slope, height at zero");
    const shapes = [["", "Your own"], ...Object.keys(SHAPES).map((name) => [name, name])];
    const take = (name) => name && session.change({ lines: SHAPES[name] });
    this.shape = choice("Lines", shapes, take, { "data-control": "lines" });
    const lines = () => session.settings.lines;
    this.more = button("Add a line", {
      onclick: () => session.change({ lines: [...lines(), NEW_LINE] }),
    });
    this.fewer = button("Remove the last", {
      onclick: () => session.change({ lines: lines().slice(0, -1) }),
    });
    this.legend = make("div", {});
    this.maxout = make(
      "div",
      { class: "cnnlab-maxout" },
      fields(this.shape.element, this.more, this.fewer),
      this.legend,
      make("p", { class: "cnnlab-hint" }, "Slope and height at zero, line by line"),
      this.grid.element,
      this.count,
    );
    const title = (words, ...more) => make("p", { class: "cnnlab-hint" }, words, ...more);
    this.element = make(
      "section",
      { class: "cnnlab-activation", "aria-label": "Curves" },
      title(make("strong", {}, "Value"), "; grey: where the map's numbers lie"),
      this.value.element,
      title(make("strong", {}, "Slope"), "; what a gradient is multiplied by"),
      this.slope.element,
      fields(...this.numbers.map(({ element }) => element)),
      this.words,
      this.gate,
      this.linear,
      this.maxout,
    );
  }

  #at(x) {
    const { settings } = this.session;
    const { output, slopes } = activate(settings.function, Float32Array.of(x), settings);
    return [output[0], slopes[0]];
  }

  /**
   * Show the function that is set.
   * @param {[number, number] | null} reach - least and largest number of the map, if there is one
   * @param {number | null} pixel - the number on a pixel that is pointed at
   * @returns {string} what is said of the input
   */
  show(reach, pixel) {
    const { settings } = this.session,
      { function: name, x } = settings;
    const inputs = Float32Array.from(
      sample((at) => at, ACROSS),
      ([at]) => at,
    );
    const { output, slopes } = activate(name, inputs, settings);
    const [y, slope] = this.#at(x);
    const ranges = [heightOf(settings), slopesOf(settings)];
    const bands = reach ? [{ x: reach }] : [];
    const parts = this.#parts(settings);
    const pointed = pixel === null ? [] : this.#at(pixel);
    [this.value, this.slope].forEach((plot, k) => {
      const range = ranges[k];
      const look = ["first", "second"][k],
        now = [y, slope][k];
      const points = withGaps(inputs, [output, slopes][k], JUMP * (range[1] - range[0]));
      const guides = [upright(x, range)];
      if (pixel !== null) guides.push(upright(pixel, range));
      plot.show({
        x: ACROSS,
        y: range,
        bands,
        curves: [...guides, ...(k ? [] : parts.curves), { points, look }],
        notes: pixel === null ? [] : [{ x: pixel, y: pointed[k], text: "pixel" }],
        handles: [
          {
            name: "x",
            label: k ? "Input x, on the slope" : "Input x",
            x,
            y: now,
            look,
            moves: "x",
            grab: true,
            text: `x = ${numberText(x)}, value ${numberText(y)}, slope ${numberText(slope)}`,
            onmove: (to, _y, gesture) => this.session.change({ x: to }, gesture),
          },
          ...(k ? [] : parts.handles),
        ],
      });
    });
    this.#showNumbers(settings, slope);
    return this.#say(settings, y, slope);
  }

  /** What a function is made of beside its curve: faint lines, and their handles. */
  #parts({ function: name, slope, alpha, lines }) {
    const change = (patch, gesture) => this.session.change(patch, gesture);
    if (name === "leaky_relu") {
      const handle = {
        name: "slope",
        label: "Slope below zero",
        look: "third",
        x: SLOPE_AT,
        y: slope * SLOPE_AT,
        moves: "y",
        step: 0.05,
        text: `slope ${numberText(slope)}`,
        onmove: (_x, y, gesture) => change({ slope: tidy(Math.max(0, y / SLOPE_AT)) }, gesture),
      };
      return { curves: [], handles: [handle] };
    }
    if (name === "elu") {
      const floor = { look: "faint", points: [ACROSS[0], 0].map((x) => [x, -alpha]) };
      const handle = {
        name: "alpha",
        label: "Alpha, how far below zero",
        look: "third",
        x: ALPHA_AT,
        y: -alpha,
        moves: "y",
        text: `alpha ${numberText(alpha)}`,
        onmove: (_x, y, gesture) => change({ alpha: tidy(Math.max(0, -y)) }, gesture),
      };
      return { curves: [floor], handles: [handle] };
    }
    if (name !== "maxout") return { curves: [], handles: [] };
    const curves = lines.map(([weight, height], k) => ({
      look: LOOKS[k],
      points: ACROSS.map((x) => [x, weight * x + height]),
    }));
    return { curves, handles: lines.flatMap((line, k) => this.#ends(line, k, lines)) };
  }

  /** Both ends of a line of maxout: one goes, the other stays. */
  #ends([weight, height], k, lines) {
    const far = ENDS[k];
    return [-far, far].map((x) => ({
      name: `line ${k + 1} ${x < 0 ? "left" : "right"}`,
      label: `Line ${k + 1}, ${x < 0 ? "left" : "right"} end`,
      look: LOOKS[k],
      x,
      y: weight * x + height,
      moves: "y",
      text: `slope ${numberText(weight)}, at zero ${numberText(height)}`,
      onmove: (_x, y, gesture) => {
        const other = height - weight * x; // at the other end
        const moved = [tidy((y - other) / (2 * x)), tidy((y + other) / 2)];
        const all = lines.map((line, one) => (one === k ? moved : line));
        this.session.change({ lines: all }, gesture);
      },
    }));
  }

  #showNumbers({ function: name, lines }) {
    const shown = { x: true, upstream: true, slope: name === "leaky_relu", alpha: name === "elu" };
    for (const { element, show } of this.numbers) {
      put(element, "hidden", !shown[element.dataset.control]);
      show();
    }
    put(this.maxout, "hidden", name !== "maxout");
    if (name !== "maxout") return;
    this.grid.update(lines, () => PAPER, { digits: 2 });
    const own = JSON.stringify(lines);
    const shape = Object.keys(SHAPES).find((one) => JSON.stringify(SHAPES[one]) === own);
    put(this.shape.select, "value", shape ?? "");
    put(this.more, "disabled", lines.length >= this.session.facts.mostLines);
    put(this.fewer, "disabled", lines.length < 2);
    if (this.lines !== lines.length) {
      this.lines = lines.length;
      const named = lines.map((_, k) => [LOOKS[k], `line ${k + 1}`]);
      this.legend.replaceChildren(legend(["first", "maxout"], ...named));
    }
    const numbers = `${lines.length} × 2 = ${2 * lines.length} numbers`;
    put(
      this.count,
      "textContent",
      `Each line has a slope and a height of its own: ${numbers} to learn. Maxout is the upper edge ` +
        "of the lines, so it bends upward only: it can follow a valley, never a hill. Max pooling " +
        "takes the largest of its inputs; maxout the largest of what its lines make of them.",
    );
  }

  /** Whether outputs add up as those of a straight line through 0: two sums, at -x and x, x and x. */
  #addedUp(x, y) {
    if (x === 0) return "Move x away from 0 to see whether the function is a straight line.";
    const text = numberText,
      far = Math.abs(x);
    const [left, middle, twice] = [-x, 0, 2 * x].map((at) => this.#at(at)[0]);
    const same = (one, other) => Math.abs(one - other) < 1e-5 * Math.max(1, Math.abs(one));
    const none = "no straight line through 0";
    const sums = [`f(${text(-far)}) + f(${text(far)}) = ${text(left + y)}`];
    const whole = `f(${text(-far)} + ${text(far)}) = f(0) = ${text(middle)}`;
    if (!same(left + y, middle)) return `${sums[0]}, but ${whole}: ${none}.`;
    sums.push(`f(${text(x)}) + f(${text(x)}) = ${text(2 * y)}`);
    const double = `f(${text(x)} + ${text(x)}) = f(${text(2 * x)}) = ${text(twice)}`;
    if (!same(2 * y, twice)) return `${sums[0]} = f(0), but ${sums[1]} and ${double}: ${none}.`;
    return `${sums[0]} = f(0), and ${sums[1]} = f(${text(2 * x)}): as of a straight line through 0.`;
  }

  #say({ function: name, x, upstream, lines }, y, slope) {
    const text = numberText;
    let words = `At x = ${text(x)} the value is ${text(y)} and the slope ${text(slope)}.`;
    if (name === "maxout") {
      const heights = lines.map(([weight, height]) => weight * x + height);
      const at = `${heights.map((one) => text(one, 2)).join(", ")}`;
      const won = heights.indexOf(Math.max(...heights)) + 1;
      words = `At x = ${text(x)} the lines are at ${at}: line ${won} wins. Value ${text(y)}, slope ${text(slope)}.`;
    }
    const back = `A gradient of ${text(upstream)} comes back to the output: ${text(slope)} × ${text(upstream)} = ${text(slope * upstream)} goes on to x.`;
    const sign = ["relu", "leaky_relu"].includes(name)
      ? " Only x decides whether the gate is open: x > 0, whatever the sign of the gradient."
      : "";
    put(this.words, "textContent", words);
    put(this.gate, "textContent", back + sign);
    put(this.linear, "textContent", this.#addedUp(x, y));
    return words;
  }
}

const TITLES = {
  x: "x",
  upstream: "Gradient from above",
  slope: "Slope below zero",
  alpha: "Alpha",
};

function tidy(value) {
  return Number(value.toFixed(4));
}

function upright(x, range) {
  return { look: "faint", points: range.map((y) => [x, y]) };
}

/** Points of a curve, with a gap wherever it jumps. */
function withGaps(inputs, values, jump) {
  return Array.from(inputs).flatMap((x, k) => {
    const torn = k && Math.abs(values[k] - values[k - 1]) > jump;
    return torn
      ? [
          [x, Number.NaN],
          [x, values[k]],
        ]
      : [[x, values[k]]];
  });
}

function heightOf({ function: name, alpha }) {
  if (name === "maxout") return [-6, 6];
  return [-Math.max(2, name === "elu" ? alpha + 0.5 : 0), 6];
}

function slopesOf({ function: name, slope, alpha, lines }) {
  const own = { leaky_relu: [slope], elu: [alpha], maxout: lines.map(([weight]) => weight) }[name];
  const all = own ?? [];
  return [
    Math.min(-0.25, ...all.map((one) => 1.2 * one)),
    Math.max(1.25, ...all.map((one) => 1.1 * one)),
  ];
}
