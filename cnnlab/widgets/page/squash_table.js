// Which of the six functions squash: measured on ever wider inputs.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";
import { line, table } from "./table.js";
import { rangesOf } from "./twin/activating.js";

const SAME = 1e-6;

export class SquashTable {
  constructor(session) {
    this.session = session;
    const { six, sweeps, settings } = session.facts;
    this.titles = new Map(settings.function.options);
    const wide = sweeps.slice(1).map((far) => `x from −${counted(far)} to ${counted(far)}`);
    const head = ["Function", ...wide, "Squashes into a range?"];
    this.rows = new Map(six.map((name) => [name, [...wide, ""].map(() => make("td", {}))]));
    const row = (name, cells) => line(this.titles.get(name), cells);
    this.verdict = make("p", { "data-role": "squash" });
    this.table = table(
      {},
      head,
      [...this.rows].map(([name, cells]) => row(name, cells)),
    );
    this.element = make(
      "details",
      { class: "cnnlab-squash", ontoggle: () => this.show() },
      make("summary", {}, "Which of the six squash every number into a range? Measure it."),
      this.table,
      this.verdict,
    );
  }

  show() {
    if (!this.element.open) return;
    const { settings, facts } = this.session;
    const found = new Map(facts.six.map((name) => [name, rangesOf(name, settings, facts.sweeps)]));
    const squashers = facts.six.filter((name) => {
      const [near, far] = found.get(name);
      const bounded = near.map(
        (one, k) => Math.abs(one - far[k]) <= SAME * Math.max(1, Math.abs(one)),
      );
      const words = ["yes", "no: only from below", "no: only from above", "no"];
      const said = words[bounded[0] ? (bounded[1] ? 0 : 1) : bounded[1] ? 2 : 3];
      const ranges = [near, far].map(([low, high]) => `${counted(low)} to ${counted(high)}`);
      this.rows.get(name).forEach((cell, k) => {
        put(cell, "textContent", [...ranges, said][k]);
      });
      return said === "yes";
    });
    const names = squashers.map((name) => this.titles.get(name)).join(" and ") || "none";
    const words = `${squashers.length} of 6 squash as they are set now: ${names}. The others grow with their input.`;
    put(this.verdict, "textContent", words);
  }
}

function counted(value) {
  if (Math.abs(value) < SAME) return "0";
  const far = Math.abs(value) >= 1000;
  const text = far ? Math.abs(value).toLocaleString("en", { maximumFractionDigits: 0 }) : null;
  return far ? `${value < 0 ? "−" : ""}${text}` : numberText(value, 2);
}
