// ImageRecorder on the page: hold a button before the camera, train, hold something up.

import { count, switched } from "./page/controls.js";
import { button, fields, make, put } from "./page/dom.js";
import { FACTS } from "./page/facts.js";
import { counted } from "./page/numbers.js";
import { RecorderCamera } from "./page/recorder_camera.js";
import { RecorderClass } from "./page/recorder_class.js";
import { RecorderSession } from "./page/recorder_session.js";
import { RecorderTraining } from "./page/recorder_training.js";
import { widgetOf } from "./page/session.js";
import { SourceLine } from "./page/source_line.js";
import { Square } from "./page/square.js";
import { WidgetView } from "./page/view.js";

const KEPT = "No notebook keeps the pictures; Save writes them to a file.";
const ALONE = "What you record stays on this page until the kernel is back. ";
const NEAR = ["localhost", "127.0.0.1", "[::1]", ""];

/** Where the pictures go. */
function privacy() {
  const { hostname } = window.location;
  const where = NEAR.includes(hostname)
    ? "Nothing leaves this machine: the pictures go from this page to the kernel on it."
    : `The pictures go to the kernel on ${hostname}, and nowhere else.`;
  return `${where} ${KEPT}`;
}

class RecorderView extends WidgetView {
  constructor(session) {
    super(session, "ImageRecorder", "Image recorder");
    this.source = new SourceLine(session.line, ALONE);
    this.cards = new Map(); // key of a class -> RecorderClass
    session.views += 1;
  }

  build() {
    const { session } = this;
    this.square = new Square(session.shape);
    this.camera = new RecorderCamera(session, this.announcer);
    this.training = new RecorderTraining(session, (control) => this.bound(control));
    this.list = make("div", { class: "cnnlab-recorder-classes" });
    this.another = button("Add class", { onclick: () => this.#addClass() });
    this.offer = make("div", {
      class: "cnnlab-recorder-offer",
      "data-role": "offer",
      hidden: true,
    });
    this.path = make("input", {
      class: "cnnlab-recorder-text cnnlab-recorder-path",
      value: "gestures.safetensors",
      "aria-label": "File to save to, beside the notebook",
      "data-control": "path",
    });
    this.saved = make("span", { role: "status", "data-role": "saved" });
    const save = button("Save", { onclick: () => this.#save() });
    const speed = this.bound(count(session, "speed", "Pictures a second"));
    const mirrored = this.bound(switched(session, "mirrored", "Mirror"));
    const right = make("div", { class: "cnnlab-recorder-right" }, this.list, fields(this.another));
    return {
      toolbar: [fields(speed, mirrored)],
      parts: [
        this.offer,
        make("div", { class: "cnnlab-recorder-room" }, this.camera.element, right),
        this.training.element,
        make("div", { class: "cnnlab-recorder-keeping" }, fields(save, this.path, this.saved)),
        make("p", { class: "cnnlab-hint", "data-role": "privacy" }, privacy()),
      ],
    };
  }

  show(topic, detail) {
    if (topic === "seen") this.camera.showSeen(detail);
    else if (topic === "settings") this.camera.show();
    else if (topic === "training") this.#showTraining();
    if (topic === "settings" || topic === "album") this.#showAlbum();
  }

  #showTraining() {
    this.camera.show();
    const told = this.training.show();
    if (told && this.begun) this.announcer.say(told);
    this.begun = true;
  }

  #showAlbum() {
    const { session } = this,
      { classes } = session,
      of = Map.groupBy(session.pictures, (one) => one.of);
    this.history.show();
    for (const [key, card] of this.cards) {
      if (classes.some(([one]) => one === key)) continue;
      card.hold.release();
      card.element.remove();
      this.cards.delete(key);
    }
    for (const [place, [key, name]] of classes.entries()) {
      let card = this.cards.get(key);
      if (!card) {
        card = new RecorderClass(session, key, this.#hands());
        this.cards.set(key, card);
      }
      const before = this.list.children[place];
      if (before !== card.element) this.list.insertBefore(card.element, before ?? null);
      card.show(name, of.get(key) ?? [], classes.length > session.facts.fewest);
    }
    put(this.another, "disabled", classes.length >= session.facts.most);
    this.training.show();
    this.#showOffer();
  }

  #hands() {
    return {
      accept: ["image/*", ...FACTS.suffixes].join(),
      record: (key, held) => this.#record(key, held),
      files: (key, files) => this.#files(key, files),
      rename: (key, name) => this.#rename(key, name),
      away: (key) => this.session.setClasses(this.session.classes.filter(([one]) => one !== key)),
      remove: (pictures) => this.session.remove(pictures.map(({ key }) => key)),
      say: (words) => this.announcer.say(words),
    };
  }

  // -- recording ----------------------------------------------------------------------------

  async #record(of, held) {
    this.#stopRecording();
    if (!held) return;
    const holding = { of, recording: this.session.newKey(), gesture: { held: true }, taken: 0 };
    this.holding = holding;
    await this.camera.open();
    if (this.holding === holding) this.#tick();
  }

  #tick() {
    const { camera, holding, session } = this;
    const pixels = camera.take();
    const wait = pixels ? 1000 / session.settings.speed : 30; // until the film has begun
    if (pixels) {
      const taken = session.record(holding.of, holding.recording, pixels, holding.gesture);
      if (!taken) return;
      holding.taken += 1;
    }
    if (camera.camera) this.ticking = setTimeout(() => this.#tick(), wait);
  }

  #stopRecording() {
    clearTimeout(this.ticking);
    const { holding } = this;
    this.holding = null;
    if (!holding) return;
    holding.gesture.held = false;
    if (holding.taken) this.announcer.say(`${counted(holding.taken, "picture")} recorded`);
  }

  /** Files that come together are one recording: pictures of one moment may be twins. */
  async #files(of, files) {
    const { session } = this,
      recording = session.newKey(),
      gesture = { held: true },
      failed = [];
    for (const file of files) {
      try {
        const bitmap = await createImageBitmap(file);
        const pixels = this.square.take(bitmap, bitmap.width, bitmap.height, false);
        if (!session.record(of, recording, pixels, gesture)) return;
      } catch {
        const { message } =
          (await session.openFile(of, recording, file).catch((error) => error)) ?? {};
        if (message) failed.push(`${file.name}: ${message}`);
      }
    }
    gesture.held = false;
    session.look();
    session.emit("notice", failed.join(" "));
  }

  // -- classes ------------------------------------------------------------------------------

  #rename(key, typed) {
    const { session } = this,
      name = typed.trim().replaceAll(/\s+/g, " ");
    const others = session.classes.filter(([one]) => one !== key);
    const taken = others.some(([, one]) => one === name);
    const why = taken ? `Two classes cannot both be called ${name}.` : "A class needs a name.";
    session.emit("notice", taken || !name ? why : "");
    if (taken || !name) this.#showAlbum();
    else session.setClasses(session.classes.map((one) => (one[0] === key ? [key, name] : one)));
  }

  #addClass() {
    const { session } = this,
      names = new Set(session.classes.map(([, name]) => name));
    let number = session.classes.length + 1;
    while (names.has(`class ${number}`)) number += 1;
    const key = `class-${session.newKey()}`;
    session.setClasses([...session.classes, [key, `class ${number}`]]);
    const { name } = this.cards.get(key);
    name.focus();
    name.select();
  }

  // -- keeping ------------------------------------------------------------------------------

  async #save() {
    put(this.saved, "textContent", "");
    const path = this.path.value.trim();
    if (await this.session.saveTo(path)) put(this.saved, "textContent", `Saved to ${path}.`);
  }

  /** Pictures of a recorder that stood here before are not lost. */
  #showOffer() {
    const { session } = this,
      { left } = session;
    put(this.offer, "hidden", !left);
    if (!left || left === this.offered) return;
    this.offered = left;
    const told = left.classes.map(
      ([key, name]) => `${name} ${left.pictures.filter(({ of }) => of === key).length}`,
    );
    this.offer.replaceChildren(
      `This page still has the pictures of a recorder that was here before: ${told.join(", ")}.`,
      button("Take them over", { onclick: () => session.takeOver(left) }),
      button("Forget them", { onclick: () => session.forget(left) }),
    );
  }

  dispose() {
    this.#stopRecording();
    this.camera.close();
    this.session.views -= 1;
    super.dispose();
  }
}

export default widgetOf(RecorderSession, RecorderView);
