// What the views of a NetworkExplorer share: the maps that have come, and where the eye is.

import { NetworkSession } from "./network_session.js";
import { partsOf } from "./parts.js";
import { Scene } from "./scene.js";

export class ExplorerSession extends NetworkSession {
  constructor(model) {
    super(model);
    this.first = 0; // of the maps of the layer that are shown large
    this.parts = new Map(); // layer -> its maps
    this.units = this.line.lane("unit", (message) => this.#heardUnit(message));
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.#request(),
      read: (message, buffers, asked) => this.#read(message, buffers, asked),
    });
    this.#fromKept();
    this.scene.changed();
  }

  go(layer, unit = null, gesture = null) {
    if (layer !== this.values.layer) this.first = 0;
    super.go(layer, unit, gesture);
  }

  /** One step out: from a map to its layer, and to all of them. */
  out() {
    const { layer, unit } = this.settings;
    if (unit !== null) this.go(layer);
    else this.go(null);
  }

  /** Show other maps of the layer large. */
  turnTo(first) {
    this.first = first;
    this.emit("settings");
  }

  // -- Asking and hearing -------------------------------------------------------------------------

  /** What the maps that have come depend on, beside the picture and the weights. */
  get #look() {
    const { palette, colours, fitting } = this.values;
    return JSON.stringify([palette, colours, fitting]);
  }

  #request() {
    const { body, buffers } = this.asking();
    const same = this.look === this.#look;
    const asked = { token: this.token ?? null, have: same ? this.done : 0, look: this.#look };
    return { body: { ...body, ...asked, page: this.first }, buffers };
  }

  #read(message, [view], asked) {
    this.arrived(asked);
    const { token, begin, done } = message;
    const parts = partsOf(message, view);
    // What goes on where nothing began here belongs to maps that were forgotten meanwhile.
    const goes = begin === 0 || (token === this.token && asked.body.look === this.look);
    if (goes) {
      Object.assign(this, { token, done, look: asked.body.look });
      const own = parts.slice(0, done - begin + (begin ? 0 : 1));
      for (const part of own) this.parts.set(part.layer, part);
    } else this.done = 0;
    const frame = {
      fresh: this.done,
      page: message.page ? parts.find((one, k) => k && isPart(one, message.page)) : null,
      chosen: message.chosen ?? null,
      map: message.chosen?.map ? parts[message.chosen.map.part] : null,
      scores: message.scores ?? (begin ? this.scene.frame?.scores : null) ?? null,
    };
    if (this.done < this.layers.length) queueMicrotask(() => this.scene.ask());
    else this.keepSoon(frame);
    return frame;
  }

  #heardUnit({ chosen, error }) {
    const { frame } = this.scene;
    const { layer, unit, at } = this.settings;
    if (error || !frame || chosen.layer !== layer || chosen.unit !== unit) return;
    if (at && String(at) !== String(chosen.place)) return;
    frame.chosen = { ...frame.chosen, ...chosen };
    this.emit("unit", chosen);
  }

  // -- Pointing at a number of the map ------------------------------------------------------------

  get point() {
    const { at } = this.settings;
    const place = at ?? this.scene.frame?.chosen?.place;
    return place ? { row: place[0], column: place[1] } : null;
  }

  /** Take another number apart, or the one that the widget chooses; no step of undo. */
  pointAt(place) {
    const other = this.follow("at", place && [place.row, place.column], "point");
    if (other && this.picture.known) this.units.ask({ settings: this.values });
  }

  // -- What stays without a kernel ----------------------------------------------------------------

  kept({ scores, chosen }) {
    const one = chosen ? { ...chosen, map: null } : null;
    const parts = [...this.parts.values()];
    return { token: null, begin: 0, done: this.layers.length, parts, scores, chosen: one };
  }

  #fromKept() {
    const kept = this.model.get("_kept");
    if (!kept.parts) return;
    for (const part of partsOf(kept, this.model.get("_maps"))) {
      if (!this.parts.has(part.layer)) this.parts.set(part.layer, part);
    }
    const { scores, chosen, done } = kept;
    this.scene.frame = { fresh: done, page: null, chosen, map: null, scores };
    this.scene.source = "kept";
  }
}

function isPart(one, { layer, first, count, width }) {
  const same = one.layer === layer && one.first === first;
  return same && one.count === count && one.width === width;
}
