// A card with one question and its choices, for predict.js and quiz.js.

import { button, make } from "./_common.js";

const SILENCE = 4000; // milliseconds after which a kernel that has not answered is mentioned
const LETTERS = "abcdefgh";

/** Send a commitment to Python; what becomes of it comes back in the trait `_shown`. */
export class Post {
  constructor(model) {
    this.model = model;
    this.client = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    this.seq = 0;
  }

  send(message, onsilence) {
    clearTimeout(this.timer);
    this.timer = setTimeout(onsilence, SILENCE);
    try {
      this.model.send({ client: this.client, seq: ++this.seq, ...message });
    } catch {
      clearTimeout(this.timer);
      onsilence(); // the kernel is gone for good
    }
  }

  heard() {
    clearTimeout(this.timer);
  }
}

/**
 * A question. `words` says what the button that commits is called, and what is said of an answer
 * that is locked and not yet revealed; oncommit(place, silent) and onreveal(silent) act.
 */
export class QuestionCard {
  constructor(words, oncommit, onreveal) {
    // Radio buttons of one name shut each other out, across all widgets of the page.
    const name = `cnnlab-choice-${Math.random().toString(36).slice(2)}`;
    Object.assign(this, { words, oncommit, onreveal, name });
    this.legend = make("legend", { class: "cnnlab-prompt" });
    this.list = make("div", { class: "cnnlab-choices" });
    this.commit = button(words.commit, { disabled: true, onclick: () => this.#commit() });
    this.reveal = button("Reveal", { onclick: () => this.onreveal(() => this.#silent()) });
    this.again = button("Try again", { onclick: () => this.#again() });
    this.said = make("div", { class: "cnnlab-said", role: "status", "aria-live": "polite" });
    this.element = make("fieldset", { class: "cnnlab-question" }, this.legend, this.list,
      make("div", { class: "cnnlab-actions" }, this.commit, this.reveal, this.again, this.said));
  }

  show(question) {
    this.question = question;
    this.trying = question.picked.length === 0;
    this.chosen = null;
    this.legend.textContent = question.prompt;
    this.list.replaceChildren(...question.choices.map((text, place) => this.#choice(text, place)));
    this.#settle();
    const { picked, revealed, done } = question;
    const last = LETTERS[picked.at(-1)];
    this.said.textContent = !picked.length ? ""
      : !revealed ? `Your answer, ${last}, is locked. ${this.words.locked}`
      : done ? `Right: ${last}.` : `Not ${last}.`;
  }

  #choice(text, place) {
    const { picked, feedback, revealed, done } = this.question;
    const answered = picked.includes(place);
    const right = done && place === picked.at(-1);
    const mark = !answered ? "" : !revealed ? "locked" : right ? "✓ right" : "✗ not this";
    const radio = make("input", { type: "radio", name: this.name, value: place,
      checked: answered && place === picked.at(-1),
      onchange: () => { this.chosen = place; this.#settle(); } });
    return make("div", { class: "cnnlab-choice", "data-answered": answered, "data-right": right },
      make("label", {}, radio, make("span", { class: "cnnlab-letter" }, `${LETTERS[place]})`),
        make("span", {}, text), mark ? make("span", { class: "cnnlab-mark" }, mark) : null),
      feedback[place] ? make("p", { class: "cnnlab-feedback" }, feedback[place]) : null);
  }

  /** Enable what can be done now. */
  #settle() {
    const { picked, revealed, done } = this.question;
    for (const radio of this.list.querySelectorAll("input")) {
      radio.disabled = !this.trying || picked.includes(Number(radio.value));
    }
    this.commit.hidden = !this.trying;
    this.commit.disabled = this.chosen === null;
    this.reveal.hidden = !picked.length || revealed;
    this.again.hidden = !revealed || done || this.trying;
  }

  #again() {
    this.trying = true;
    this.#settle();
    this.said.textContent = "Your first answer stays noted.";
    this.list.querySelector("input:not(:disabled)")?.focus();
  }

  #commit() {
    this.commit.disabled = true;
    this.oncommit(this.chosen, () => this.#silent());
  }

  #silent() {
    this.#settle();
    this.said.textContent = "The kernel does not answer. Run this cell again, then choose again.";
  }
}
