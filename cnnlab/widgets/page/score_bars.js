// What a network answers: a line for each class, its score and, after softmax, its probability.

import { make, put } from "./dom.js";
import { numberText, percent } from "./numbers.js";
import { line, table } from "./table.js";

export class ScoreBars {
  constructor(classNames) {
    this.names = classNames;
    this.words = make("p", { "data-role": "answer" });
    this.holder = make("div", {});
    this.element = make(
      "section",
      { class: "cnnlab-scores", "aria-label": "Scores", "data-role": "scores" },
      this.words,
      this.holder,
    );
  }

  /**
   * Show the scores as the kernel tells them; returns the answer in words.
   * @param {{best: number, of: number, softmax: boolean, rows: {number: number, score: number,
   *   probability: number}[]} | null} scores
   */
  show(scores) {
    put(this.element, "hidden", !scores);
    if (!scores) return "";
    const { rows, softmax, best, of } = scores;
    if (this.lines?.length !== rows.length || this.softmax !== softmax) this.#build(rows, softmax);
    const largest = Math.max(...rows.map(({ score }) => Math.abs(score ?? 0))) || 1;
    for (const [k, { number, score, probability }] of rows.entries()) {
      const { element, score: bar, chance } = this.lines[k];
      put(element.firstChild, "textContent", this.names[number]);
      put(element, "className", number === best ? "cnnlab-scores-best" : "");
      if (bar) bar.show((score ?? 0) / largest, numberText(score, 2));
      chance.show(probability ?? 0, percent(probability ?? 0));
    }
    const chosen = rows.find(({ number }) => number === best);
    const rest = of > rows.length ? ` The ${rows.length} highest of ${of} are listed.` : "";
    const words = `${this.names[best]}, ${percent(chosen.probability ?? 0)}`;
    put(this.words, "textContent", `Answer: ${words}.${rest}`);
    return `Answer ${words}`;
  }

  #build(rows, softmax) {
    this.softmax = softmax;
    this.lines = rows.map(() => {
      const score = softmax ? new Bar(true) : null,
        chance = new Bar(false);
      const cells = [score, chance].filter(Boolean).map((bar) => make("td", {}, bar.element));
      return { element: line("", cells), score, chance };
    });
    const head = softmax ? ["Class", "Score", "After softmax"] : ["Class", "Probability"];
    const lines = this.lines.map(({ element }) => element);
    this.holder.replaceChildren(table({ "aria-label": "Scores of the classes" }, head, lines));
  }
}

/** A bar with its number; signed ones begin in the middle. */
class Bar {
  constructor(signed) {
    this.signed = signed;
    this.fill = make("span", { class: "cnnlab-score-fill" });
    this.number = make("span", { class: "cnnlab-score-number" });
    const room = make("span", { class: "cnnlab-score-room", "aria-hidden": "true" }, this.fill);
    this.element = make("span", { class: "cnnlab-score-bar" }, room, this.number);
  }

  show(share, text) {
    const size = Math.min(1, Math.abs(share)) * (this.signed ? 50 : 100);
    const left = this.signed ? (share < 0 ? 50 - size : 50) : 0;
    put(this.fill.style, "width", `${size.toFixed(1)}%`);
    put(this.fill.style, "left", `${left.toFixed(1)}%`);
    this.fill.classList.toggle("cnnlab-score-minus", share < 0);
    put(this.number, "textContent", text);
  }
}
