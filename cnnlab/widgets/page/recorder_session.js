// What all views of an ImageRecorder share: the pictures, what waits for the kernel, the network.
//
// A picture gets its key here and never changes. It is shown at once and sent until the kernel has
// it: what comes twice is taken once. What is removed is hidden, so that undo brings it back.
// A recorder whose kernel is gone keeps its pictures on the page, for one that comes after it.

import { copied, leftFor, RECORDERS } from "./left_recorders.js";
import { joined, parted, trained } from "./recorder_bytes.js";
import { Session } from "./session.js";
import { Silent } from "./wire.js";

const BATCH = 100; // pictures a message
const REST = 60; // milliseconds after which the kernel is looked at
const SPACING = 100; // milliseconds from one look to the next, at the least

/**
 * @typedef {Object} Recorded
 * @property {string} key
 * @property {string} of - the key of its class
 * @property {string} recording - the key of its recording
 * @property {Uint8Array | null} pixels - null until the kernel has handed them out
 */

export class RecorderSession extends Session {
  constructor(model) {
    super(model);
    this.classes = structuredClone(model.get("_outline").classes); // [key, name]
    this.pool = new Map(); // key -> Recorded, in the order in which they came
    this.hidden = new Set();
    this.unsent = []; // keys
    this.rearranged = false;
    this.revision = -1; // of the kernel's album, as far as it is known here
    this.held = new Set(); // recordings that a training would hold out
    this.few = ""; // why none would be
    this.learned = this.training = null;
    this.views = 0;
    this.made = 0;
    this.lane = this.line.lane("look", (message, buffers) => this.#looked(message, buffers));
    this.lane.spacing = SPACING;
    this.eye = this.line.lane("see", (message) => this.emit("seen", message));
    this.moved = () => this.look();
    model.on("change:_outline", this.moved);
    RECORDERS.add(this);
    this.look();
  }

  get shape() {
    return this.facts.shape;
  }

  emit(topic, detail) {
    super.emit(topic, detail);
    if (topic === "alive" && this.line.alive) this.sync();
  }

  // -- pictures -----------------------------------------------------------------------------

  /** Those that have not been removed. @returns {Recorded[]} */
  get pictures() {
    const there = new Set(this.classes.map(([key]) => key));
    return [...this.pool.values()].filter((one) => there.has(one.of) && !this.hidden.has(one.key));
  }

  newKey() {
    this.made += 1;
    return `${this.line.client}-${this.made}`;
  }

  /** Take a picture in; pictures of one gesture are one step of undo. */
  record(of, recording, pixels, gesture) {
    const most = this.facts.mostPictures;
    if (this.pictures.length >= most) {
      const words = `A recorder keeps ${most} pictures at the most; delete a recording first.`;
      this.emit("notice", words);
      return false;
    }
    this.history.remember(this.situation(), gesture);
    const key = this.newKey();
    this.pool.set(key, { key, of, recording, pixels });
    this.unsent.push(key);
    this.emit("album");
    this.sync();
    return true;
  }

  /** Let the kernel open a file that the browser cannot. */
  async openFile(of, recording, file) {
    await this.sync(); // those before it come before it
    const picture = [this.newKey(), of, recording];
    await this.line.commit("file", { picture }, [new DataView(await file.arrayBuffer())]);
  }

  remove(keys) {
    this.#rearrange(() => {
      this.hidden = new Set([...this.hidden, ...keys]);
    });
  }

  setClasses(classes) {
    this.#rearrange(() => {
      this.classes = classes;
    });
  }

  #rearrange(act) {
    this.history.remember(this.situation(), null);
    act();
    this.#rearrangedNow();
  }

  #rearrangedNow() {
    this.rearranged = true;
    this.emit("album");
    this.sync();
  }

  situation() {
    const shown = new Set(this.pictures.map(({ key }) => key));
    return { values: this.values, classes: this.classes, shown };
  }

  restore({ values, classes, shown }) {
    this.classes = classes;
    this.hidden = new Set([...this.pool.keys()].filter((key) => !shown.has(key)));
    this.values = values;
    this.changed();
    this.#rearrangedNow();
  }

  // -- the kernel ---------------------------------------------------------------------------

  /** Send what the kernel does not have yet, in order. */
  sync() {
    this.syncing ??= this.#send().finally(() => {
      this.syncing = null;
      this.look();
    });
    return this.syncing;
  }

  async #send() {
    try {
      while (this.unsent.length || this.rearranged) {
        if (this.unsent.length) await this.#put(this.unsent.slice(0, BATCH));
        else await this.#arrange();
      }
    } catch (error) {
      if (!(error instanceof Silent)) this.#refused(error);
    }
  }

  async #put(keys) {
    const pictures = keys.map((key) => this.pool.get(key));
    const bytes = joined(pictures.map(({ pixels }) => pixels));
    const told = pictures.map(({ key, of, recording }) => [key, of, recording]);
    this.#known(await this.line.commit("put", { pictures: told }, [bytes]));
    this.unsent = this.unsent.slice(keys.length);
  }

  async #arrange() {
    this.rearranged = false; // what is changed meanwhile is sent again
    const hide = [...this.hidden],
      show = this.pictures.map(({ key }) => key);
    try {
      this.#known(await this.line.commit("arrange", { classes: this.classes, hide, show }));
    } catch (error) {
      this.rearranged = error instanceof Silent;
      throw error;
    }
  }

  #known({ before, revision }) {
    if (before === this.revision) this.revision = revision; // nobody else changed anything
  }

  /** The kernel will not have it: what it has is what there is. */
  #refused(error) {
    for (const key of this.unsent) this.pool.delete(key);
    this.unsent = [];
    this.revision = -1;
    this.emit("notice", error.message);
  }

  look() {
    clearTimeout(this.looking);
    this.looking = setTimeout(() => {
      if (this.syncing) return; // it looks when it is through
      const { revision, training } = this;
      const known = training && [training.points.length, training.about];
      const has = known
        ? { have: known[0], attempt: known[1].attempt, counted: known[1].counted }
        : { have: 0, attempt: -1, counted: null };
      this.lane.ask({ revision, training: has });
    }, REST);
  }

  #looked(message, buffers) {
    if (message.error) {
      this.emit("notice", message.error);
      return;
    }
    const { classes, pictures, revision } = message;
    const settled = !this.syncing && !this.unsent.length && !this.rearranged;
    if (classes && settled) {
      this.#adopt(classes, pictures);
      this.revision = revision;
    }
    this.#fetch();
    this.held = new Set(message.held);
    this.few = message.few;
    this.learned = message.learned ?? null;
    this.looked = true;
    if (message.training) this.training = trained(this.training, message.training, buffers[0]);
    this.emit("album");
    this.emit("training");
    if (this.training?.about.state === "running") this.look();
  }

  /** What the kernel has is what there is; what differs was done elsewhere, and can be undone. */
  #adopt(classes, pictures) {
    const shown = new Set(pictures.map(([key]) => key)),
      ours = this.pictures;
    const same =
      JSON.stringify(classes) === JSON.stringify(this.classes) &&
      ours.length === shown.size &&
      ours.every(({ key }) => shown.has(key));
    if (same) return;
    if (this.looked) this.history.remember(this.situation(), "Python");
    this.classes = classes;
    for (const [key, of, recording] of pictures) {
      if (!this.pool.has(key)) this.pool.set(key, { key, of, recording, pixels: null });
    }
    this.hidden = new Set([...this.pool.keys()].filter((key) => !shown.has(key)));
  }

  /** Fetch the pixels that are not here; what nobody answers is asked for at the next look. */
  async #fetch() {
    const missing = [...this.pool.values()].filter(({ pixels }) => !pixels);
    if (this.fetching || !missing.length) return;
    this.fetching = true;
    try {
      for (let k = 0; k < missing.length; k += BATCH) {
        const some = missing.slice(k, k + BATCH);
        const keys = some.map(({ key }) => key);
        const { buffers } = await this.line.commit("pixels", { keys });
        for (const [k, pixels] of parted(buffers[0], some.length).entries()) {
          some[k].pixels = pixels;
        }
        this.emit("album");
      }
    } catch (error) {
      if (!(error instanceof Silent)) this.emit("notice", error.message);
    } finally {
      this.fetching = false;
    }
  }

  /** Do what a button says. */
  async act(act) {
    await this.#committed("act", { act });
    this.look();
  }

  async saveTo(path) {
    return this.#committed("save", { path });
  }

  async #committed(kind, body) {
    try {
      await this.sync();
      await this.line.commit(kind, body);
      this.emit("notice", "");
      return true;
    } catch (error) {
      this.emit("notice", error.message);
      return false;
    }
  }

  /** Show the network what the camera sees. */
  see(pixels) {
    this.eye.ask({}, [new DataView(pixels.buffer)]);
  }

  // -- what another recorder left -----------------------------------------------------------

  /** A recorder of this page whose pictures nobody can reach any more; or nothing. */
  get left() {
    return this.looked && !this.pictures.length ? leftFor(this) : null;
  }

  forget(other) {
    RECORDERS.delete(other);
    this.emit("album");
  }

  /** Take over its classes and pictures, each with a key of its own here. */
  takeOver(other) {
    RECORDERS.delete(other);
    this.history.remember(this.situation(), null);
    const { classes, pictures } = copied(other, () => this.newKey());
    this.classes = classes;
    for (const one of pictures) {
      this.pool.set(one.key, one);
      this.unsent.push(one.key);
    }
    this.#rearrangedNow();
  }

  dispose() {
    clearTimeout(this.looking);
    this.model.off("change:_outline", this.moved);
    super.dispose();
  }
}
