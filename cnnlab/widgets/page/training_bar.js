// The hands on a training: start or pause, one step, stop, begin again, slow motion.

import { switched } from "./controls.js";
import { button, icon, make, put } from "./dom.js";
import { slider } from "./slider.js";

export class TrainingBar {
  constructor(session) {
    this.session = session;
    const act = (name) => () => session.act(name);
    this.words = make("span", {});
    this.toggle = make(
      "button",
      {
        type: "button",
        class: "cnnlab-button",
        onclick: () => session.act(session.running ? "pause" : "start"),
      },
      icon("play"),
      this.words,
    );
    this.step = button("One step", { picture: "forward", onclick: act("step") });
    this.stop = button("Stop", { onclick: act("stop") });
    this.again = button("Start again", { picture: "reset", onclick: () => this.#ask(true) });
    this.slow = switched(session, "slow", "Slow motion");
    const { least, most } = session.facts.settings.pace;
    this.pace = slider({
      min: least,
      max: most,
      "aria-label": "Steps a second in slow motion",
      "data-control": "pace",
      oninput: () => session.change({ pace: Number(this.pace.value) }, "pace"),
    });
    this.written = make("output", { class: "cnnlab-written" });
    const keep = (kept) => () => {
      this.#ask(false);
      session.act("restart", { keep: kept });
    };
    this.first = button("Keep the curve", { onclick: keep(true) });
    this.question = make(
      "div",
      {
        class: "cnnlab-training-question",
        role: "group",
        "aria-label": "Start again",
        hidden: true,
      },
      "Back to the first weights. Keep this curve, faint, to compare with? ",
      this.first,
      button("Throw it away", { onclick: keep(false) }),
      button("Cancel", { onclick: () => this.#ask(false) }),
    );
    const attributes = { class: "cnnlab-training-bar", role: "group", "aria-label": "Training" };
    const slow = make("span", { class: "cnnlab-slid" }, this.pace, this.written);
    const parts = [this.toggle, this.step, this.stop, this.again, this.slow.element, slow];
    this.element = make("div", {}, make("div", attributes, ...parts), this.question);
  }

  #ask(open) {
    const nothing = this.session.runs.every(({ points }) => !points.length);
    if (open && nothing) {
      this.session.act("restart", { keep: false });
      return;
    }
    put(this.question, "hidden", !open);
    (open ? this.first : this.again).focus();
  }

  show() {
    const { session } = this,
      { running, runs, settings } = session;
    const begun = runs.some(({ points }) => points.length);
    const words = running ? "Pause" : begun ? "Continue" : "Start";
    if (words !== this.words.textContent) {
      put(this.words, "textContent", words);
      this.toggle.firstChild.replaceWith(icon(running ? "pause" : "play"));
    }
    const over = runs.every(({ about }) => about.ended);
    put(this.toggle, "disabled", over);
    put(this.step, "disabled", over);
    put(this.stop, "disabled", !running && !runs.some(({ about }) => about.state === "paused"));
    this.slow.show();
    put(this.pace, "value", String(settings.pace));
    put(this.pace, "ariaValueText", `${settings.pace} steps a second`);
    put(this.written, "textContent", `${settings.pace} a second`);
    put(this.pace, "disabled", !settings.slow);
  }
}
