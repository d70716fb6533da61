// What sessions have in common in which a network looks at a picture: its layers, and the data set.

import { PhotoSession } from "./photo.js";

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
}
