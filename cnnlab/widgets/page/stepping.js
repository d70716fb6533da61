// Stepping through what is done one after the other: forward, back, play, scrub.

import { button, icon, make, motionWanted, put } from "./dom.js";
import { slider } from "./slider.js";

const BEAT = 700; // milliseconds a step while it plays

/** How far one has stepped; it belongs to a session, so that all its views step together. */
export class Steps {
  /** @param {function(): void} onchange */
  constructor(onchange) {
    this.onchange = onchange;
    this.count = 0;
    this.done = null; // steps done; null when nobody steps and all is shown
  }

  /** The step that was done last, from 0; null when there is none. */
  get last() {
    return this.done ? this.done - 1 : null;
  }

  /** Whether a step is done by now. */
  has(step) {
    return this.done === null || step < this.done;
  }

  get playing() {
    return this.timer !== undefined;
  }

  /** Something changed, and there are so many steps now. */
  resize(count) {
    this.count = count;
    if (this.done !== null) this.done = Math.min(this.done, count);
  }

  /** Be at a step, or with null leave stepping. */
  to(done) {
    this.pause();
    this.#go(done);
  }

  forward() {
    this.to(this.done === null ? 1 : this.done + 1);
  }

  back() {
    this.to((this.done ?? this.count) - 1);
  }

  play() {
    const ended = this.done === null || this.done === this.count;
    this.timer = setInterval(() => this.#beat(), BEAT);
    this.#go(ended ? 1 : this.done + 1);
  }

  pause() {
    if (!this.playing) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.onchange();
  }

  #beat() {
    if (this.done === null || this.done >= this.count) this.pause();
    else this.#go(this.done + 1);
  }

  #go(done) {
    this.done = done === null ? null : Math.max(0, Math.min(this.count, done));
    this.onchange();
  }

  dispose() {
    clearInterval(this.timer);
  }
}

/** Buttons and a slider for Steps. Who asks the page for little motion is not offered to play. */
export class StepBar {
  /**
   * @param {Steps} steps
   * @param {string} noun - what a step is, such as "window"
   */
  constructor(steps, noun) {
    Object.assign(this, { steps, noun });
    const quiet = (words, picture, onclick) => button(words, { picture, quiet: true, onclick });
    const toggle = () => (steps.playing ? steps.pause() : steps.play());
    this.back = quiet(`One ${noun} back`, "back", () => steps.back());
    this.play = quiet("Play", "play", toggle);
    this.forward = quiet(`Next ${noun}`, "forward", () => steps.forward());
    this.all = button("Show all", { onclick: () => steps.to(null) });
    this.slider = slider({
      min: 0,
      "aria-label": `How many ${noun}s are done`,
      "data-control": "step",
      oninput: () => steps.to(Number(this.slider.value)),
    });
    this.words = make("span", { class: "cnnlab-step", "data-role": "step" });
    put(this.play, "hidden", !motionWanted());
    const attributes = { class: "cnnlab-steps", role: "group", "aria-label": `${noun} by ${noun}` };
    const parts = [this.back, this.play, this.forward, this.slider, this.words, this.all];
    this.element = make("div", attributes, ...parts);
  }

  show() {
    const { count, done, playing } = this.steps;
    const words = done === null ? `all ${count} ${this.noun}s` : `${this.noun} ${done} of ${count}`;
    put(this.slider, "max", String(count));
    put(this.slider, "value", String(done ?? count));
    put(this.slider, "ariaValueText", words);
    put(this.words, "textContent", words);
    put(this.back, "disabled", !count || done === 0);
    put(this.forward, "disabled", !count || done === count);
    put(this.play, "disabled", !count);
    put(this.all, "disabled", done === null);
    const act = playing ? "Pause" : "Play";
    if (this.play.dataset.tip === act) return;
    this.play.dataset.tip = this.play.ariaLabel = act;
    this.play.replaceChildren(icon(act.toLowerCase()));
  }
}
