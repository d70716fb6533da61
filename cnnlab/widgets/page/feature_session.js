// What the views of a FeatureExplorer share: what the kernel has told, by sections, and the cover.
//
// An answer brings only the sections that the page lacks: a cover that moves asks for its score
// alone, while the maps stay. What takes long comes in slices, each of which is asked for.

import { NetworkSession } from "./network_session.js";
import { partsOf } from "./parts.js";
import { Scene } from "./scene.js";

/**
 * @typedef {Object} Sections
 * What the kernel has told of what is set; each may be missing.
 * @property {{part: Part, white: number, mean: number[]}} [input] - the image that the network takes
 * @property {{part: Part, name: string}} [layer] - all maps of the chosen layer, small
 * @property {Object} [unit] - the chosen map as it is, its place, and what that depends on
 * @property {Object} [maps] - maps of importance: rows, ranks that are alike (shared/evidence.py)
 */

export class FeatureSession extends NetworkSession {
  constructor(model) {
    super(model);
    this.keys = {}; // section -> which one has come
    this.sections = {};
    this.patches = null; // what was found in the data set
    this.search = this.line.lane("patches", (...heard) => this.#heardPatches(...heard));
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.#request(),
      read: (message, [view], asked) => {
        this.arrived(asked);
        return this.#read(message, view);
      },
    });
    this.#fromKept();
    this.scene.changed();
  }

  // -- Asking and hearing -------------------------------------------------------------------------

  #request() {
    const { body, buffers } = this.asking();
    return { body: { ...body, have: this.keys }, buffers };
  }

  #read(message, view) {
    const { keys, more, scores = null, cover = null } = message;
    const unit = this.keys.unit;
    this.#take(message, view);
    this.keys = keys;
    const idle = this.search.flying === null; // one that nobody answered is asked again
    if (keys.unit !== unit || (idle && !this.#found)) this.#ask();
    const frame = { ...this.sections, scores, cover, more };
    if (more) {
      frame.scores ??= this.scene.frame?.scores ?? null;
      queueMicrotask(() => this.scene.ask());
    } else this.keepSoon(frame);
    return frame;
  }

  /** Keep the sections that came, and of the others those that still hold. */
  #take({ keys, sections, parts }, view) {
    const came = partsOf({ parts }, view);
    const still = Object.entries(this.sections).filter(([name]) => name in keys);
    this.sections = Object.fromEntries(still);
    for (const [name, told] of Object.entries(sections)) {
      this.sections[name] = withParts(told, (k) => came[k]);
    }
  }

  // -- What covers the picture --------------------------------------------------------------------

  /** Rows and columns of the cover, in pixels of the input. */
  get size() {
    return Math.min(this.settings.occluder, this.facts.most);
  }

  /** Lay the cover down with its upper left corner at a place, or take it off; no step of undo. */
  coverAt(corner) {
    const cover = corner && this.#inside(corner, this.size);
    if (this.follow("cover", cover, "cover")) this.scene.changed();
  }

  #inside([row, column], size) {
    const [height, width] = this.facts.input;
    const held = (at, side) => Math.max(0, Math.min(side - size, at));
    return [held(row, height), held(column, width)];
  }

  /** A cover of another size stays on the picture. */
  resize(occluder, gesture) {
    const { cover } = this.values;
    this.change({ occluder, cover: cover && this.#inside(cover, occluder) }, gesture);
  }

  /** What pointing() takes for a session: the middle of the cover is where the hand points. */
  get hand() {
    const session = this;
    const half = () => Math.floor(session.size / 2);
    return {
      get point() {
        const { cover } = session.values;
        return cover && { row: cover[0] + half(), column: cover[1] + half() };
      },
      pointAt(place) {
        session.coverAt(place && [place.row - half(), place.column - half()]);
      },
      begin() {
        const [height, width] = session.facts.input;
        this.pointAt({ row: height >> 1, column: width >> 1 });
      },
    };
  }

  // -- One unit -----------------------------------------------------------------------------------

  /** The place in the chosen map that is looked at. */
  get point() {
    const place = this.settings.at ?? this.sections.unit?.place;
    return place?.length ? { row: place[0], column: place[1] } : null;
  }

  pointAt(place) {
    const at = place && [place.row, place.column];
    if (this.follow("at", at, "point")) this.scene.changed();
  }

  /** Look for the strongest patches of the unit, if there is one and a data set. */
  #ask() {
    const { layer, unit } = this.values;
    if (!this.facts.data || unit === null || !this.picture.known) return;
    const which = `${layer} ${unit}`;
    if (which !== this.looked) {
      this.looked = which;
      this.began = performance.now();
    }
    const known = this.patches?.found?.map(({ image }) => image) ?? null;
    this.search.ask({ settings: this.values, known });
  }

  #heardPatches(message, [view]) {
    const { layer, unit } = this.settings;
    if (message.error || !message.found || message.layer !== layer || message.unit !== unit) return;
    const came = partsOf(message, view);
    const before = this.patches?.found ?? [];
    const found = message.found.map((one, k) => ({ ...one, part: came[k] ?? before[k].part }));
    this.patches = { ...message, found };
    if (message.done < message.count) this.#ask();
    else this.keepSoon(this.scene.frame);
    this.emit("patches");
  }

  /** The patches of the unit that is looked at, or null. */
  get strongest() {
    const { layer, unit } = this.settings,
      { patches } = this;
    return patches?.layer === layer && patches.unit === unit ? patches : null;
  }

  /** Whether all images have been looked through for it. */
  get #found() {
    const { strongest } = this;
    return strongest !== null && strongest.done === strongest.count;
  }

  /** Take an image of the data set for the picture. */
  async openExample(number) {
    try {
      await this.line.commit("example", { step: 1, label: null, number: number - 1 });
      this.emit("notice", "");
    } catch (error) {
      this.emit("notice", `The data set is with the kernel. ${error.message}`);
    }
  }

  // -- What stays without a kernel ----------------------------------------------------------------

  kept({ scores, cover }) {
    const parts = [];
    const numbered = (told) => withParts(told, (part) => parts.push(part) - 1);
    const sections = Object.fromEntries(
      Object.entries(this.sections).map(([name, told]) => [name, numbered(told)]),
    );
    const { strongest } = this;
    const patches = strongest && { ...strongest, found: strongest.found.map(numbered) };
    return { keys: this.keys, sections, parts, scores, cover, patches };
  }

  #fromKept() {
    const kept = this.model.get("_kept");
    if (!kept.parts) return;
    const view = this.model.get("_maps");
    this.#take(kept, view);
    const { scores = null, cover = null, patches } = kept;
    const came = partsOf(kept, view);
    if (patches) {
      const found = patches.found.map((one) => withParts(one, (k) => came[k]));
      this.patches = { ...patches, found };
    }
    this.scene.frame = { ...this.sections, scores, cover, more: false };
    this.scene.source = "kept";
  }
}

/** What was told, with what stands for its parts changed: numbers to parts, or parts to numbers. */
function withParts(told, change) {
  const one = { ...told };
  if (told.part !== undefined) one.part = change(told.part);
  if (told.rows) {
    one.rows = told.rows.map((row) => ({
      ...row,
      maps: row.maps.map((map) => withParts(map, change)),
    }));
  }
  return one;
}
