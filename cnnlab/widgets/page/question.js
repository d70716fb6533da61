// A card with one question and its choices.

import { button, frame, make } from "./dom.js";
import { FACTS } from "./facts.js";
import { SourceLine } from "./source_line.js";
import { Line } from "./wire.js";

/**
 * @typedef {Object} Shown
 * One question in the synced trait `_shown`; what is right is told when it may be shown.
 * @property {string} prompt
 * @property {string[]} choices
 * @property {number[]} picked - places of the answers so far, the first one first
 * @property {boolean} revealed
 * @property {boolean} sealed - nothing is said of an answer yet
 * @property {boolean} done - the right one is among them, and shown
 * @property {Object<string, string>} feedback - by place
 */

export class QuestionCard {
  /**
   * @param {Object} how
   * @param {string} how.commit - what the button is called that commits
   * @param {string} [how.locked] - what is said of an answer that is locked and not yet revealed
   * @param {function(number): Promise} how.onanswer
   * @param {function(): Promise} [how.onreveal]
   */
  constructor(how) {
    this.how = how;
    // Radio buttons of one name shut each other out, across all widgets of the page.
    this.name = `cnnlab-choice-${Math.random().toString(36).slice(2)}`;
    this.legend = make("legend", { class: "cnnlab-prompt" });
    this.list = make("div", { class: "cnnlab-choices" });
    this.commit = button(how.commit, { onclick: () => this.#act(how.onanswer(this.chosen)) });
    this.reveal = button("Reveal", { onclick: () => this.#act(how.onreveal()) });
    this.again = button("Try again", { onclick: () => this.#again() });
    this.said = make("div", { role: "status", "aria-live": "polite" });
    this.element = make(
      "fieldset",
      { class: "cnnlab-question" },
      this.legend,
      this.list,
      make("div", { class: "cnnlab-actions" }, this.commit, this.reveal, this.again, this.said),
    );
  }

  /** @param {Shown} question */
  show(question) {
    this.question = question;
    this.trying = question.picked.length === 0;
    this.chosen = null;
    this.legend.textContent = question.prompt;
    this.list.replaceChildren(...question.choices.map((text, place) => this.#choice(text, place)));
    this.#settle();
    if (this.acting) this.#goOn();
    this.acting = false;
    const { picked, revealed, done } = question,
      last = FACTS.letters[picked.at(-1)];
    if (!picked.length) this.said.textContent = "";
    else if (!revealed)
      this.said.textContent = `Your answer, ${last}, is locked. ${this.how.locked}`;
    else this.said.textContent = done ? `Right: ${last}.` : `Not ${last}.`;
  }

  #choice(text, place) {
    const { picked, feedback, revealed, done } = this.question;
    const answered = picked.includes(place);
    const right = done && place === picked.at(-1);
    const state = !answered ? null : !revealed ? "locked" : right ? "right" : "wrong";
    const mark = { locked: "locked", right: "✓ right", wrong: "✗ not this" }[state];
    const radio = make("input", {
      type: "radio",
      name: this.name,
      value: place,
      checked: answered && place === picked.at(-1),
      onchange: () => {
        this.chosen = place;
        this.#settle();
      },
    });
    const letter = make("span", { class: "cnnlab-hint" }, `${FACTS.letters[place]})`);
    return make(
      "div",
      { class: "cnnlab-choice", "data-state": state },
      make(
        "label",
        {},
        radio,
        letter,
        make("span", {}, text),
        mark ? make("span", { class: "cnnlab-mark" }, mark) : null,
      ),
      feedback[place]
        ? make("p", { class: "cnnlab-feedback", tabindex: -1 }, feedback[place])
        : null,
    );
  }

  /** Enable what can be done now. */
  #settle() {
    const { picked, revealed, done } = this.question;
    for (const radio of this.list.querySelectorAll("input")) {
      radio.disabled = !this.trying || picked.includes(Number(radio.value));
    }
    this.commit.hidden = !this.trying;
    this.commit.disabled = this.chosen === null;
    this.reveal.hidden = !picked.length || revealed || !this.how.onreveal;
    this.again.hidden = !revealed || done || this.trying;
  }

  #again() {
    this.trying = true;
    this.#settle();
    this.said.textContent = "Your first answer stays noted.";
    this.list.querySelector("input:not(:disabled)")?.focus();
  }

  /** The button that was pressed is gone: the focus goes to what comes next, or is to be read. */
  #goOn() {
    const next = [this.reveal, this.again].find((one) => !one.hidden);
    const right = this.list.querySelector('[data-state="right"] > .cnnlab-feedback');
    (next ?? right)?.focus();
  }

  /** Wait for the kernel; what becomes of the answer comes back in `_shown`, a refusal in words. */
  async #act(promise) {
    const pressed = document.activeElement;
    this.acting = this.element.contains(pressed);
    this.commit.disabled = true;
    try {
      await promise;
    } catch (error) {
      this.#settle();
      this.said.textContent = error.message;
      if (this.acting) pressed.focus();
      this.acting = false;
    }
  }
}

/**
 * The frame around cards, with a line to the kernel.
 * @param {Object} model
 * @param {string} name - of the widget
 * @param {string} label - what it is, for those who listen; the first words are added
 * @param {function(Line): QuestionCard[]} cardsOf
 * @param {function(QuestionCard[]): void} show - called at first and whenever `_shown` changes
 * @param {...Node} below
 * @returns {{element: HTMLElement, dispose: function(): void}}
 */
export function questions(model, name, label, cardsOf, show, ...below) {
  const line = new Line(model, () => source.show());
  const source = new SourceLine(line);
  const cards = cardsOf(line);
  const heard = () => show(cards);
  const listeners = new AbortController();
  heard();
  model.on("change:_shown", heard);
  const first = model.get("_shown")[0].prompt.split(" ").slice(0, 7).join(" ");
  const elements = cards.map((card) => card.element);
  const element = frame(name, `${label}: ${first}`, source.element, ...elements, ...below);
  line.watch(element, listeners.signal);
  line.check();
  return {
    element,
    dispose() {
      listeners.abort();
      line.dispose();
      model.off("change:_shown", heard);
    },
  };
}
