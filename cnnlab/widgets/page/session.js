// What all views of one widget share: its settings, undo, and what is stored.

import { Line } from "./wire.js";

const STORE_AFTER = 300; // milliseconds of rest after which the settings are stored

/**
 * @typedef {Object} Stored
 * The synced trait `_settings`.
 * @property {Object<string, *>} values - every setting by name
 * @property {number} revision - counts how often Python set them
 * @property {string} [client] - the page that set them since
 * @property {number} [seq] - after which of its requests
 */

/** Undo and redo: situations, newest last. Changes of one gesture make one step. */
class History {
  constructor() {
    this.past = [];
    this.future = [];
  }

  remember(situation, gesture) {
    const now = performance.now();
    const same = gesture && gesture === this.gesture && (gesture.held || now - this.when < 800);
    this.gesture = gesture;
    this.when = now;
    this.future = [];
    if (same) return;
    this.past.push(situation);
    if (this.past.length > 200) this.past.shift();
  }

  step(from, to, now) {
    if (!from.length) return null;
    to.push(now);
    this.gesture = null;
    return from.pop();
  }
}

/** Settings that cannot be misspelt: an unknown name is an error, not undefined. */
function guarded(values) {
  return new Proxy(values, {
    get(target, name) {
      if (typeof name === "string" && !(name in target) && name !== "toJSON") {
        throw new Error(`there is no setting ${name}`);
      }
      return target[name];
    },
  });
}

export class Session {
  /** Fetch what the session needs before it is made; a subclass may. */
  static async prepare(_model) {}

  constructor(model) {
    this.model = model;
    this.facts = model.get("_facts");
    this.listeners = new Set();
    this.history = new History();
    this.values = structuredClone(model.get("_settings").values);
    this.line = new Line(model, () => this.emit("alive"));
    this.heard = () => this.#hear();
    model.on("change:_settings", this.heard);
  }

  get settings() {
    return this.guarded;
  }

  get values() {
    return this.plain;
  }

  set values(values) {
    this.plain = values;
    this.guarded = guarded(values);
  }

  /** Call listener(topic, detail) at every change; returns how to stop. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(topic, detail) {
    if (topic === "settings") this.scene?.changed();
    for (const listener of this.listeners) listener(topic, detail);
  }

  /** What undo brings back; a subclass adds its contents. */
  situation() {
    return { values: this.values };
  }

  restore({ values }) {
    this.values = values;
    this.changed();
  }

  /** A change by hand. `gesture` is an object or a word that holds what is one step of undo. */
  change(patch, gesture = null) {
    for (const name of Object.keys(patch)) void this.settings[name]; // known names only
    this.history.remember(this.situation(), gesture);
    this.values = { ...this.values, ...patch };
    this.changed();
  }

  changed() {
    this.storeSoon();
    this.emit("settings");
  }

  /** Store the settings when the hand rests. */
  storeSoon() {
    clearTimeout(this.storing);
    this.storing = setTimeout(() => this.store(), STORE_AFTER);
  }

  undo() {
    const back = this.history.step(this.history.past, this.history.future, this.situation());
    if (back) this.restore(back);
  }

  redo() {
    const ahead = this.history.step(this.history.future, this.history.past, this.situation());
    if (ahead) this.restore(ahead);
  }

  reset() {
    this.change(structuredClone(this.model.get("_initial")));
  }

  /** Ask for the Python that makes what is shown; the topic "code" or "notice" brings it. */
  async askCode() {
    try {
      this.emit("code", (await this.line.commit("code", { settings: this.values })).code);
    } catch (error) {
      this.emit("notice", `The code is written by the kernel. ${error.message}`);
    }
  }

  store() {
    const { client, seq, revision } = this.line;
    this.save({ _settings: { client, seq, revision, values: this.values } });
  }

  save(traits) {
    try {
      for (const [name, value] of Object.entries(traits)) this.model.set(name, value);
      this.model.save_changes();
    } catch {
      // no kernel; the page goes on by itself
    }
  }

  #hear() {
    const { client, values } = this.model.get("_settings");
    const known = JSON.stringify(values) === JSON.stringify(this.values);
    if (client === this.line.client || known) return;
    this.history.remember(this.situation(), "Python");
    this.values = structuredClone(values);
    clearTimeout(this.storing);
    this.emit("settings");
  }

  dispose() {
    clearTimeout(this.storing);
    this.model.off("change:_settings", this.heard);
    this.scene?.dispose();
    this.line.dispose();
    this.listeners.clear();
  }
}

/** What a widget's module hands the notebook: one session a model, a view wherever it is shown. */
export function widgetOf(Kind, View) {
  let session;
  return {
    async initialize({ model }) {
      await Kind.prepare(model);
      session = new Kind(model);
      return () => session.dispose();
    },
    render({ el }) {
      const view = new View(session);
      el.append(view.open());
      return () => view.dispose();
    },
  };
}
