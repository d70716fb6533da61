// What a network costs in sum, each sum with its budget, and which kind of layer takes what share.

import { grouped } from "./cost_table.js";
import { make, put } from "./dom.js";
import { counted, percent } from "./numbers.js";
import { product } from "./twin/sequential.js";

const CARDS = {
  parameters: "Parameters",
  work: "Multiply-adds",
  memory: "Memory",
  field: "Receptive field",
};

class Card {
  constructor(role) {
    this.value = make("strong", {});
    this.words = make("p", { class: "cnnlab-hint" });
    this.fill = make("i", {});
    this.line = make("i", { class: "cnnlab-total-line" });
    this.bar = make(
      "span",
      { class: "cnnlab-total-bar", "aria-hidden": "true" },
      this.fill,
      this.line,
    );
    this.element = make(
      "div",
      { class: "cnnlab-total", "data-role": `total-${role}` },
      make("span", { class: "cnnlab-hint" }, CARDS[role]),
      this.value,
      this.bar,
      this.words,
    );
  }

  show(value, words, budget = null, amount = 0) {
    put(this.value, "textContent", value);
    put(this.words, "textContent", words);
    put(this.bar, "hidden", budget === null);
    put(this.element.dataset, "over", String(budget !== null && amount > budget));
    if (budget === null) return;
    const most = 1.08 * Math.max(amount, budget);
    put(this.fill.style, "width", `${(100 * amount) / most}%`);
    put(this.line.style, "left", `${(100 * budget) / most}%`);
  }
}

export class Totals {
  constructor() {
    this.cards = Object.fromEntries(Object.keys(CARDS).map((role) => [role, new Card(role)]));
    this.shares = make("p", { "data-role": "shares" });
    const cards = Object.values(this.cards).map((card) => card.element);
    this.element = make("div", {}, make("div", { class: "cnnlab-totals" }, ...cards), this.shares);
  }

  /** Show the sums; returns what is to be said. */
  show({ stack, input, budgets, layers }) {
    const { rows, error } = stack,
      sum = (key) => rows.reduce((all, row) => all + row[key], 0);
    const parameters = sum("parameters"),
      work = sum("multiplyAdds"),
      fixed = sum("nonTrainable"),
      values = product(input) + sum("values");
    this.sums = { parameters, values };
    const upTo = error ? "up to the layer that does not fit; " : "";
    const { cards } = this;
    const learnt = `${upTo}${grouped(parameters - fixed)} trainable, ${grouped(fixed)} not`;
    cards.parameters.show(
      grouped(parameters),
      over(parameters, budgets[0]) || learnt,
      budgets[0],
      parameters,
    );
    cards.work.show(
      grouped(work),
      over(work, budgets[1]) || `${upTo}for one input, forward`,
      budgets[1],
      work,
    );
    cards.memory.show(
      bytes(4 * (parameters + values)),
      `weights ${bytes(4 * parameters)}; ${grouped(values)} values with the input, ${bytes(4 * values)}`,
    );
    const maps = rows.filter(({ shape }) => shape.length === 3).at(-1);
    const field = (maps?.field ?? [1, 1]).join(" × ");
    cards.field.show(field, "pixels that one number of the last maps sees");
    put(this.shares, "textContent", sharesOf(layers, rows, parameters, work));
    const size = [input, rows.at(-1)?.shape ?? input].map((shape) => shape.join(" × ")).join(" → ");
    if (error) return `Layer ${rows.length + 1} does not fit: ${error}.`;
    const budgetsSaid = [over(parameters, budgets[0]), over(work, budgets[1])].filter(Boolean);
    return [
      `${counted(rows.length, "layer")}, ${size}, ${grouped(parameters)} parameters, ${grouped(work)} multiply-adds.`,
      ...budgetsSaid,
    ].join(" ");
  }

  /** What is printed beside what comes out, in words. */
  beside({ source, counts, total, why }) {
    const sums =
      total === null
        ? ""
        : ` Printed in sum ${grouped(total)}, here ${grouped(this.sums[counts])} ${counts}.`;
    return `As printed by ${source}.${sums} ${why}`;
  }
}

/** What stands to a budget, in words; "" without one. */
function over(amount, budget) {
  if (budget === null) return "";
  const apart = grouped(Math.abs(budget - amount));
  return `${apart} ${amount > budget ? "over" : "below"} the budget of ${grouped(budget)}`;
}

function bytes(number) {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const step = Math.max(0, Math.min(units.length - 1, Math.floor(Math.log2(number || 1) / 10)));
  return `${step ? (number / 1024 ** step).toFixed(1) : number} ${units[step]}`;
}

/** Which kind of layer holds the parameters, and which does the work. */
function sharesOf(layers, rows, parameters, work) {
  const of = (kind, key) =>
    rows.reduce((all, row, k) => all + (layers[k].layer === kind ? row[key] : 0), 0);
  if (!parameters || !work) return "No layer with weights yet.";
  const said = (words, kind) =>
    `${words} ${percent(of(kind, "parameters") / parameters)} of the parameters and ${percent(of(kind, "multiplyAdds") / work)} of the multiply-adds`;
  return `${said("Dense layers have", "Dense")}; ${said("convolutions have", "Conv2D")}.`;
}
