// Panels that every widget has: history, what went wrong, the code, words for those who listen.

import { button, fields, make, put } from "./dom.js";

/** Undo, redo, reset. */
export class HistoryButtons {
  constructor(session) {
    this.session = session;
    const quiet = (words, picture, onclick) => button(words, { picture, quiet: true, onclick });
    this.undo = quiet("Undo", "undo", () => session.undo());
    this.redo = quiet("Redo", "redo", () => session.redo());
    this.reset = quiet("Reset", "reset", () => session.reset());
    this.element = make("span", { class: "cnnlab-together" }, this.undo, this.redo, this.reset);
  }

  show() {
    const { past, future } = this.session.history;
    put(this.undo, "disabled", !past.length);
    put(this.redo, "disabled", !future.length);
  }

  /** Ctrl+Z and Ctrl+Y anywhere in the widget, except while a number is being typed. */
  listen(element, signal) {
    const act = (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.target.typing) return;
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      if (key === "y" || event.shiftKey) this.session.redo();
      else this.session.undo();
    };
    element.addEventListener("keydown", act, { signal });
  }
}

/** A sentence on what went wrong and what to try. */
export class Notice {
  constructor() {
    this.element = make("p", {
      class: "cnnlab-notice",
      role: "alert",
      "data-role": "notice",
      hidden: true,
    });
  }

  say(words) {
    put(this.element, "textContent", words);
    put(this.element, "hidden", !words);
  }
}

/** The Python that makes what is shown, to read and to copy. */
export class CodePanel {
  constructor(session) {
    this.session = session;
    this.opener = button("Copy as code", { picture: "code", onclick: () => this.#toggle() });
    this.element = make("div", { class: "cnnlab-code", hidden: true });
  }

  #toggle() {
    if (this.element.hidden) this.session.askCode();
    else this.element.hidden = true;
  }

  async show(text) {
    const said = make("span", { role: "status" });
    const close = () => {
      this.element.hidden = true;
      this.opener.focus();
    };
    this.element.replaceChildren(
      make("pre", { tabindex: 0, "aria-label": "Python that makes this picture" }, text),
      fields(
        button("Copy", { onclick: () => copy(text, said) }),
        button("Close", { onclick: close }),
        said,
      ),
    );
    this.element.hidden = false;
    await copy(text, said);
  }
}

async function copy(text, said) {
  try {
    await navigator.clipboard.writeText(text);
    said.textContent = "Copied.";
  } catch {
    said.textContent = "Select the text and copy it: the browser does not let the page do it.";
  }
}

/** A live region: says the last thing when the hand rests. */
export class Announcer {
  constructor() {
    this.element = make("div", { class: "cnnlab-spoken", role: "status", "aria-live": "polite" });
  }

  say(words) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.element.textContent = words;
    }, 400);
  }

  dispose() {
    clearTimeout(this.timer);
  }
}
