// What sessions have in common in which a network looks at a picture: its layers, and the data set.

import { packed } from "./parts.js";
import { PhotoSession } from "./photo.js";

const KEPT = 300_000; // bytes of maps that a saved notebook may hold
const KEEP_AFTER = 500; // milliseconds of rest after which they are stored

export class NetworkSession extends PhotoSession {
  get layers() {
    return this.facts.layers;
  }

  /** The layer that is looked at, or null. */
  get layer() {
    return this.layers.find(({ name }) => name === this.settings.layer) ?? null;
  }

  /** Its number; -1 for none. */
  get number() {
    return this.layers.findIndex(({ name }) => name === this.settings.layer);
  }

  /** Look at a layer, or at one of its maps. */
  go(layer, unit = null, gesture = null) {
    const { values } = this;
    if (values.layer === layer && values.unit === unit) return;
    this.change({ layer, unit, at: null }, gesture);
  }

  /** Set a place that follows the hand, which is no step of undo; says whether it is another. */
  follow(name, place, topic) {
    if (String(place) === String(this.values[name])) return false;
    this.values = { ...this.values, [name]: place };
    this.storeSoon();
    this.emit(topic);
    return true;
  }

  // -- The data set -------------------------------------------------------------------------------

  /** The number of the image of the data set that is shown, or null. */
  get example() {
    const found = this.picture.about.pattern?.match(/^(\d+): /);
    return found ? Number(found[1]) : null;
  }

  async askExample(step, label) {
    this.lastExample = this.example ?? this.lastExample ?? null;
    const number = this.lastExample;
    try {
      const told = await this.line.commit("example", { step, label, number });
      this.lastExample = told.number;
      this.emit("notice", "");
    } catch (error) {
      this.emit("notice", `The data set is with the kernel. ${error.message}`);
    }
  }

  pictureChanged() {
    this.values = { ...this.values, at: null };
  }

  // -- What stays without a kernel ----------------------------------------------------------------

  /** Keep what a subclass gives of a frame, when the hand rests. */
  keepSoon(frame) {
    clearTimeout(this.keeping);
    this.keeping = setTimeout(() => {
      const { parts, ...kept } = this.kept(frame);
      const { told, view } = packed(parts);
      if (view.byteLength <= KEPT) this.save({ _kept: { ...kept, parts: told }, _maps: view });
    }, KEEP_AFTER);
  }

  dispose() {
    clearTimeout(this.keeping);
    super.dispose();
  }
}
