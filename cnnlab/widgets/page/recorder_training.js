// The training of a recorder: start, stop, how far it is, and how it does on what was held out.

import { Confusion } from "./confusion.js";
import { count, switched } from "./controls.js";
import { button, fields, make, put } from "./dom.js";
import { LearningCurves, lossRange } from "./learning_curves.js";
import { numberText, percent } from "./numbers.js";

const STATES = {
  ready: "Ready",
  running: "Training",
  paused: "Paused",
  stopped: "Stopped; what was learned stays",
  finished: "Finished",
  diverged: "Diverged",
  failed: "Failed",
};
const HINT =
  "Move while you record, and record each class several times: what changes between recordings is what the network learns to ignore.";

export class RecorderTraining {
  constructor(session, bound) {
    this.session = session;
    this.toggle = button("Train", { picture: "play", onclick: () => this.#act() });
    this.toggle.classList.add("cnnlab-recorder-train");
    this.status = make("p", { "data-role": "status" });
    this.examined = make("p", { class: "cnnlab-recorder-examined", "data-role": "examined" });
    this.few = make("p", { class: "cnnlab-recorder-few", "data-role": "few" });
    this.panels = make("div", { class: "cnnlab-recorder-panels" });
    this.curves = new LearningCurves("");
    this.matrix = make("div", {});
    this.panels.append(this.curves.element, this.matrix);
    this.behind = session.line.lane("behind", (message, buffers, { body }) => {
      if (message.error) return;
      const pixels = buffers.map(
        ({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength),
      );
      this.confusion?.showPictures({ ...message, ...body, pixels });
    });
    this.element = make(
      "section",
      { class: "cnnlab-recorder-training", "aria-label": "Training" },
      fields(
        this.toggle,
        bound(count(session, "epochs", "Passes over the pictures")),
        bound(switched(session, "augment", "Vary place and light")),
      ),
      make("p", { class: "cnnlab-hint" }, HINT),
      this.few,
      this.status,
      this.examined,
      this.panels,
    );
  }

  get running() {
    return this.session.training?.about.state === "running";
  }

  #act() {
    this.session.act(this.running ? "stop" : "train");
  }

  /** Follow album and training. Returns what is to be said, when the state changed. */
  show() {
    const { session } = this,
      { learned, training } = session;
    put(
      this.toggle.lastChild,
      "textContent",
      this.running ? "Stop" : learned ? "Train again" : "Train",
    );
    const there = session.pictures.length > 0;
    put(this.toggle, "disabled", !there && !this.running);
    put(this.few, "textContent", there ? session.few : "");
    put(this.few, "hidden", !this.few.textContent);
    const about = training?.about;
    put(this.status, "textContent", about ? statusOf(about) : "");
    put(this.status.dataset, "state", about?.state ?? "");
    put(this.examined, "textContent", examinedOf(learned));
    put(this.panels, "hidden", !training);
    if (!training) return "";
    this.curves.show(training, lossRange([training]));
    if (about.attempt !== this.attempt) {
      this.attempt = about.attempt;
      this.confusion = new Confusion("", about.classNames, (row, column) =>
        this.behind.ask({ row, column }),
      );
      this.matrix.replaceChildren(this.confusion.element);
    }
    this.confusion.show(training);
    const words =
      about.state === "running" ? "Training" : `${statusOf(about)} ${examinedOf(learned)}`;
    const told = words === this.told ? "" : words;
    this.told = words;
    return told;
  }
}

function statusOf({ state, words, epoch, epochs, loss, accuracy, seconds }) {
  const parts = [STATES[state]];
  if (epoch) {
    parts.push(`pass ${epoch} of ${epochs}`, `loss ${numberText(loss)}`);
    parts.push(`${percent(accuracy)} of the training pictures right`);
    parts.push(`${numberText(seconds, 1)} s`);
  }
  return `${parts.join(" · ")}${words ? `. ${words}` : ""}`;
}

/** How it does on pictures of recordings that it never saw. */
function examinedOf(learned) {
  if (!learned) return "";
  const { examined, current } = learned;
  const stale = current ? "" : " The pictures have changed since: train again.";
  if (!examined) return stale;
  const [share, of] = examined;
  return `Held out: ${percent(share)} of ${of} pictures right.${stale}`;
}
