// The camera of a recorder: what it sees, what the network sees of that, and what it says to it.

import { Camera } from "./camera.js";
import { button, make, put } from "./dom.js";
import { percent } from "./numbers.js";
import { ScoreBars } from "./score_bars.js";
import { paintSquare, Square } from "./square.js";

const SECOND = 1000;

export class RecorderCamera {
  constructor(session, announcer) {
    Object.assign(this, { session, announcer, answers: [] });
    this.square = new Square(session.shape);
    this.toggle = button("Camera on", { picture: "camera", onclick: () => this.#toggle() });
    this.film = make("div", { class: "cnnlab-film", "data-role": "film" });
    this.seen = make("canvas", { class: "cnnlab-film-seen", "aria-hidden": "true" });
    this.verdict = make("p", { class: "cnnlab-film-verdict", "data-role": "verdict" });
    this.rate = make("p", { class: "cnnlab-hint", "data-role": "rate" });
    const [side] = session.shape;
    const words = `What the network gets of it: ${side} × ${side} pixels.`;
    this.small = make("div", { class: "cnnlab-film-small" }, this.seen, make("span", {}, words));
    this.bars = make("div", {});
    this.element = make(
      "section",
      { class: "cnnlab-recorder-camera", "aria-label": "Camera" },
      this.film,
      make("div", { class: "cnnlab-fields" }, this.toggle),
      this.small,
      this.verdict,
      this.bars,
      this.rate,
    );
    this.#showOff();
  }

  get on() {
    return Boolean(this.camera?.ready);
  }

  #toggle() {
    if (this.camera) this.close();
    else this.open();
  }

  /** Open the camera, unless it is. */
  async open() {
    if (this.camera) return;
    const camera = new Camera();
    this.camera = camera;
    const trouble = await camera.open();
    if (this.camera !== camera) return;
    this.session.emit("notice", trouble);
    if (trouble) {
      this.camera = null;
      return;
    }
    this.film.replaceChildren(camera.video);
    put(this.toggle.lastChild, "textContent", "Camera off");
    this.toggle.setAttribute("aria-pressed", "true");
    put(this.small, "hidden", false);
    this.show();
    this.#turn();
  }

  #showOff() {
    this.film.replaceChildren(make("span", { class: "cnnlab-hint" }, "The camera is off."));
    put(this.toggle.lastChild, "textContent", "Camera on");
    this.toggle.setAttribute("aria-pressed", "false");
    put(this.small, "hidden", true);
    put(this.rate, "textContent", "");
    this.said = undefined;
  }

  /** The picture of this moment, or nothing where there is none yet. */
  take() {
    if (!this.on) return null;
    const { video } = this.camera;
    const { mirrored } = this.session.settings;
    return this.square.take(video, video.videoWidth, video.videoHeight, mirrored);
  }

  /** Look at each picture of the film, once. */
  #turn() {
    if (!this.camera) return;
    this.next = requestAnimationFrame(() => this.#turn());
    if (!this.on || this.camera.video.currentTime === this.at) return;
    this.at = this.camera.video.currentTime;
    const pixels = this.take();
    paintSquare(this.seen, this.session.shape, pixels);
    if (this.session.learned) this.session.see(pixels);
  }

  /** Follow what the network says. */
  showSeen({ error, names, chances }) {
    if (error || !this.camera) return;
    const now = performance.now();
    this.answers = [...this.answers.filter((at) => now - at < SECOND), now];
    this.rate.dataset.perSecond = this.answers.length;
    put(this.rate, "textContent", `${this.answers.length} pictures a second`);
    if (String(names) !== String(this.names)) {
      this.names = names;
      this.scores = new ScoreBars(names);
      this.bars.replaceChildren(this.scores.element);
      put(this.scores.words, "hidden", true); // the verdict says it
    }
    const best = chances.indexOf(Math.max(...chances));
    const rows = chances.map((probability, number) => ({ number, probability }));
    this.scores.show({ rows, best, of: rows.length, softmax: false });
    const sure = chances[best] >= this.session.facts.sure;
    const words = sure ? names[best] : "not sure";
    put(this.verdict, "textContent", words);
    put(this.verdict.dataset, "sure", String(sure));
    if (words !== this.said)
      this.announcer.say(sure ? `${words}, ${percent(chances[best])}` : words);
    this.said = words;
  }

  /** Follow the settings, and whether there is a network. */
  show() {
    this.film.dataset.mirrored = this.session.settings.mirrored;
    const { learned } = this.session;
    put(this.bars, "hidden", !learned || !this.camera);
    const asleep = learned
      ? "Camera on: the network says what it sees."
      : "Once a network is trained, it says here what it sees.";
    if (!learned || !this.camera) {
      put(this.verdict, "textContent", asleep);
      put(this.verdict.dataset, "sure", "");
    }
  }

  close() {
    cancelAnimationFrame(this.next);
    this.camera?.close();
    this.camera = null;
    this.#showOff();
    this.show();
  }
}
