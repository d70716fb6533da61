// A button that acts for as long as it is held: by mouse, by finger, by Space or Enter.

import { button } from "./dom.js";

export class HoldButton {
  /**
   * @param {string} words
   * @param {{picture?: string, onhold: function(): void, onrelease: function(): void}} how
   */
  constructor(words, { onhold, onrelease, ...attributes }) {
    Object.assign(this, { onhold, onrelease, held: false });
    this.element = button(words, {
      "aria-pressed": "false",
      onpointerdown: (event) => this.#press(event),
      onpointerup: () => this.release(),
      onpointercancel: () => this.release(),
      onlostpointercapture: () => this.release(),
      oncontextmenu: (event) => event.preventDefault(), // a long touch is none
      onkeydown: (event) => this.#key(event),
      onkeyup: (event) => isHolding(event) && this.release(),
      onblur: () => this.release(),
      onclick: (event) => this.#click(event),
      ...attributes,
    });
    this.element.classList.add("cnnlab-holding");
  }

  #press(event) {
    if (event.button) return;
    this.element.setPointerCapture(event.pointerId);
    this.#hold();
  }

  #key(event) {
    if (!isHolding(event)) return;
    event.preventDefault();
    if (!event.repeat) this.#hold();
  }

  /** A click without a pointer, as a screen reader or a voice makes it, begins or ends. */
  #click({ detail }) {
    if (detail) return;
    if (this.held) this.release();
    else this.#hold();
  }

  #hold() {
    if (this.held) return;
    this.held = true;
    this.element.setAttribute("aria-pressed", "true");
    this.onhold();
  }

  release() {
    if (!this.held) return;
    this.held = false;
    this.element.setAttribute("aria-pressed", "false");
    this.onrelease();
  }
}

function isHolding({ key }) {
  return key === " " || key === "Enter";
}
