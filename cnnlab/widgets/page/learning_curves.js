// Loss and accuracy over the steps of a training: training, validation, what was kept to compare with.

import { legend, Plot } from "./curves.js";
import { make, put } from "./dom.js";
import { numberText, percent } from "./numbers.js";

const MOST = 240; // points of a curve: more are averaged

const averaged = new WeakMap(); // points -> {size, count, means}, to go on where they grew

/** Average neighbours, so that at most MOST points are left. */
export function thinned(points, column) {
  return meansOf(points).map((one) => [one[0], one[column]]);
}

function meansOf(points) {
  const size = Math.ceil(points.length / MOST) || 1;
  const known = averaged.get(points),
    { count, means } = known?.size === size ? known : { count: 0, means: [] };
  means.length = Math.floor(count / size); // those that are whole
  for (let k = means.length * size; k < points.length; k += size) {
    const some = points.slice(k, k + size);
    means.push(some[0].map((_, at) => some.reduce((sum, one) => sum + one[at], 0) / some.length));
  }
  averaged.set(points, { size, count: points.length, means });
  return means;
}

/** What a loss may be drawn up to: a first step that is far off does not flatten the rest. */
export function lossRange(runs) {
  const nothing = Math.max(...runs.map(({ about }) => Math.log(about.classes)));
  const seen = runs.flatMap(({ points, about }) => [
    ...thinned(points, 1).map((one) => one[1]),
    ...about.validation.map((one) => one[1]),
  ]);
  const most = Math.max(0, ...seen.filter(Number.isFinite));
  return [0, Math.max(1.25 * nothing, Math.min(1.05 * most, 4 * nothing))];
}

/** A small cross at every point: one epoch alone makes no line. */
function crosses(points, across, up) {
  const gap = [Number.NaN, Number.NaN];
  return points.flatMap(([x, y]) => [
    [x - across, y],
    [x + across, y],
    gap,
    [x, y - up],
    [x, y + up],
    gap,
  ]);
}

export class LearningCurves {
  constructor(name) {
    const about = name ? `, ${name}` : "";
    this.loss = new Plot(`Loss${about}`, { ratio: 2.1, across: "step" });
    this.accuracy = new Plot(`Accuracy${about}`, { ratio: 2.1, across: "step" });
    const titled = (title, plot) =>
      make("div", { class: "cnnlab-learning-plot" }, make("strong", {}, title), plot.element);
    this.element = make(
      "div",
      { class: "cnnlab-learning" },
      make(
        "div",
        { class: "cnnlab-learning-plots" },
        titled("Loss", this.loss),
        titled("Accuracy", this.accuracy),
      ),
      legend(
        ["first", "training"],
        ["second", "validation"],
        ["faint", "before, or knows nothing"],
      ),
    );
    this.label = about;
  }

  /** @param {[number, number]} range - of the loss, the same for all runs */
  show({ about, points }, range) {
    const x = [0, about.steps],
      nothing = Math.log(about.classes),
      chance = 1 / about.classes;
    const lines = (column, high) => {
      const ends = about.validation.map((one) => [one[0], one[column]]);
      return [
        { points: thinned(about.kept, column), look: "faint" },
        { points: thinned(points, column), look: "first" },
        { points: ends, look: "second" },
        { points: crosses(ends, about.steps / 120, high / 50), look: "second" },
      ];
    };
    const level = (y) => ({
      points: [
        [0, y],
        [about.steps, y],
      ],
      look: "faint",
    });
    const note = (y, text) => [{ x: about.steps * 0.72, y, text }];
    const known = about.knowsNothing;
    this.loss.show({
      x,
      y: range,
      curves: [...(known ? [level(nothing)] : []), ...lines(1, range[1])],
      notes: known
        ? note(nothing, `ln ${about.classes} = ${numberText(nothing)}: knows nothing`)
        : [],
    });
    this.accuracy.show({
      x,
      y: [0, 1],
      curves: [level(chance), ...lines(2, 1)],
      notes: note(chance, `1 of ${about.classes}: guesses`),
    });
    const last = about.validation.at(-1);
    const told = (name, now, then) => {
      const now_ = now === undefined ? "nothing yet" : `training ${now}`;
      return `${name}${this.label}: ${now_}${last ? `, validation ${then}` : ""}`;
    };
    const loss = about.loss == null ? undefined : numberText(about.loss);
    const accuracy = about.accuracy == null ? undefined : percent(about.accuracy);
    put(this.loss.element, "ariaLabel", told("Loss", loss, last && numberText(last[1])));
    put(this.accuracy.element, "ariaLabel", told("Accuracy", accuracy, last && percent(last[2])));
  }
}
