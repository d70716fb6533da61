// Saliency, occlusion and Grad-CAM side by side; below them the control with shuffled weights.

import { button, make, put } from "./dom.js";
import { MapFigure } from "./map_figure.js";
import { numberText } from "./numbers.js";
import { coverOver } from "./occluder.js";
import { isDark, signedPalette } from "./paint.js";
import { pointing } from "./pointing.js";
import { line, table } from "./table.js";

const TITLES = { saliency: "Saliency", occlusion: "Occlusion", grad_cam: "Grad-CAM" };
const NO_CLASS =
  "Choose a class. A map answers for one class, and for another it may be another map.";
const NO_SCORES = "This network gives no scores, so there is nothing to explain.";
const LATER = "The kernel computes this map.";
const PATIENCE = 500; // milliseconds after which it is said how far a map is

/** One map with its scale in words, or words in its place. */
class Tile {
  constructor(session, name, row) {
    Object.assign(this, { session, name });
    this.map = new MapFigure(TITLES[name], `${row}-${name}`);
    this.instead = make("p", { class: "cnnlab-evidence-instead", "data-role": "instead" });
    this.what = make("p", { class: "cnnlab-hint" });
    this.scale = make("p", { class: "cnnlab-hint", "data-role": "scale" });
    this.note = make("p", { "data-role": "note" });
    this.like = make("p", { "data-role": "like" });
    const { element, picture } = this.map;
    picture.canvas.setAttribute("aria-description", "Arrow keys move the cover.");
    element.dataset.role = `${row}-${name}-figure`;
    element.append(this.instead, this.scale, this.what, this.note, this.like);
  }

  show(told, { frame, slow, shared, of, step, like }) {
    const { map, session } = this,
      { size, facts } = session;
    const there = told.part !== undefined;
    const instead = there ? (told.flat ? told.words : "") : told.words || LATER;
    put(this.instead, "textContent", instead);
    put(this.instead, "hidden", !instead);
    for (const one of [map.picture.element, map.bar.element, this.scale]) {
      put(one, "hidden", Boolean(instead));
    }
    put(map.low.parentElement, "hidden", Boolean(instead));
    const cover = `a cover of ${size}\u00a0×\u00a0${size}${step > 1 ? `, in steps of ${step}` : ""}`;
    const what = {
      saliency: `change of the ${of} for each unit of brightness`,
      occlusion: `drop of the ${of} under ${cover}`,
      grad_cam: `maps of ${facts.camLayer}, weighted by what they do for the ${of}`,
    };
    put(this.what, "textContent", what[this.name]);
    const going = slow && told.share < 1 ? `${Math.floor(100 * told.share)} % are done.` : "";
    put(this.note, "textContent", going || (told.flat ? "" : (told.words ?? "")));
    put(this.note, "hidden", !this.note.textContent);
    put(this.like, "textContent", like);
    put(this.like, "hidden", !like);
    if (!there || told.flat) return;
    const { height, width, steps } = told.part;
    const { low, high, limit } = told;
    map.show({ height, width, low, high, limit, steps, palette: frame.palette }, frame.source);
    const strongest = `full colour at ${numberText(limit)}`;
    put(this.scale, "textContent", `${shared ? "Scale of all maps" : "Own scale"}: ${strongest}`);
    this.mark();
  }

  mark() {
    const { picture } = this.map;
    picture.overlay.replaceChildren(...coverOver(picture, this.session));
  }
}

export class Evidence {
  constructor(session) {
    this.session = session;
    const { explains } = session.facts;
    this.empty = make("p", { class: "cnnlab-evidence-empty", "data-role": "no-class" });
    put(this.empty, "textContent", explains ? NO_CLASS : NO_SCORES);
    this.rows = ["trained", "shuffled"].map((row) => this.#row(row));
    [this.trained, this.control] = this.rows;
    this.controls = this.#buildControls();
    this.holder = make("div", { class: "cnnlab-evidence-like" });
    this.element = make(
      "section",
      { class: "cnnlab-evidence", "aria-label": "Maps of importance", "data-role": "evidence" },
      this.empty,
      this.controls,
      make("div", { class: "cnnlab-evidence-rows" }, this.trained.element, this.control.element),
      this.holder,
    );
  }

  #row(row) {
    const tiles = new Map(
      Object.keys(TITLES).map((name) => [name, new Tile(this.session, name, row)]),
    );
    const head = make("h3", { class: "cnnlab-evidence-head" });
    const figures = [...tiles.values()].map(({ map }) => map.element);
    const stage = make("div", { class: "cnnlab-evidence-row" }, ...figures);
    return {
      tiles,
      head,
      element: make(
        "div",
        { "data-role": `${row}-row`, class: "cnnlab-evidence-part" },
        head,
        stage,
      ),
    };
  }

  #buildControls() {
    const { session } = this;
    const set = (shuffled, seed = session.settings.seed) => session.change({ shuffled, seed });
    this.further = button("", {
      "data-control": "shuffle",
      onclick: () => set(session.settings.shuffled + 1),
    });
    this.back = button("Trained weights back", {
      picture: "reset",
      "data-control": "unshuffle",
      onclick: () => set(0),
    });
    this.again = button("Shuffle otherwise", {
      "data-control": "seed",
      onclick: () => set(session.settings.shuffled, (session.settings.seed + 1) % 10_000),
    });
    const attributes = { class: "cnnlab-fields", role: "group", "aria-label": "Control" };
    return make("div", attributes, this.further, this.again, this.back);
  }

  get tiles() {
    return this.rows.flatMap(({ tiles }) => [...tiles.values()]);
  }

  point(signal) {
    for (const { map } of this.tiles) {
      pointing(map.picture, this.session.hand, signal, { hover: false });
    }
  }

  /** The layer that is shuffled next, from the top; undefined if all are. */
  #layer(count) {
    return this.session.facts.weights.at(-count - 1);
  }

  show() {
    const { session } = this,
      { target, shuffled } = session.settings,
      next = this.#layer(shuffled);
    const chosen = target !== null && session.facts.explains;
    put(this.empty, "hidden", chosen);
    put(this.controls, "hidden", !chosen);
    put(this.further, "textContent", next ? `Shuffle the weights of ${next}` : "All are shuffled");
    put(this.further, "disabled", !next);
    put(this.again, "hidden", !shuffled);
    put(this.back, "hidden", !shuffled);
    if (!chosen) for (const { element } of this.rows) put(element, "hidden", true);
    put(this.holder, "hidden", !chosen || !shuffled);
  }

  /** Show the maps that have come; returns in words what is said of them. */
  tell(frame, source) {
    const { session } = this,
      { maps } = frame,
      { target, palette, colours, shuffled } = session.settings;
    if (!maps || target === null) return "";
    this.waiting = frame.more ? (this.waiting ?? performance.now()) : null;
    const slow = frame.more && performance.now() - this.waiting > PATIENCE;
    const name = session.facts.classNames[maps.target];
    const how = {
      frame: { palette: signedPalette(palette), source },
      slow,
      shared: colours === "shared",
      of: maps.of,
      step: maps.step,
    };
    // A cover that moves brings no map: nothing is painted again.
    const look = JSON.stringify([palette, colours, target, shuffled, slow, source, isDark()]);
    if (maps === this.told && look === this.look) return "";
    Object.assign(this, { told: maps, look });
    const said = [];
    for (const [k, row] of [this.trained, this.control].entries()) {
      const told = maps.rows[k];
      put(row.element, "hidden", !told);
      if (!told) continue;
      const layers = Array.from({ length: told.shuffled }, (_, n) => this.#layer(n)).join(", ");
      const what = `${maps.of} of ${name}`;
      const words = k
        ? `Control, weights of ${layers} shuffled: ${what}`
        : `Trained network: ${what}`;
      put(row.head, "textContent", words);
      for (const [one, tile] of row.tiles) {
        const map = told.maps.find((other) => other.name === one);
        put(tile.map.element, "hidden", !map);
        if (!map) continue;
        const like = k ? likeness(maps.alike[one]?.[told.shuffled]) : "";
        tile.show(map, { ...how, like });
        if (map.words) said.push(`${TITLES[one]}: ${map.words}`);
        else if (like) said.push(`${TITLES[one]}: ${like}`);
      }
    }
    if (shuffled) this.#tabulate(maps);
    return said.join(" ");
  }

  #tabulate({ alike }) {
    const key = JSON.stringify(alike);
    if (key === this.key) return;
    this.key = key;
    const counts = Object.values(alike)[0].map((_, count) =>
      count ? `${count > 1 ? "+ " : ""}${this.#layer(count - 1)}` : "Trained",
    );
    const body = Object.entries(alike).map(([name, values]) =>
      line(
        TITLES[name],
        values.map((one) => make("td", {}, short(one))),
      ),
    );
    const said =
      "Rank correlation with the map of the trained network, layer by layer from the top";
    const hint =
      "1: the same places in the same order. 0: nothing in common. −1: the opposite order. " +
      "A map that stays does not come from what the network has learned.";
    this.holder.replaceChildren(
      table({ "aria-label": said, "data-role": "alike" }, ["Shuffled", ...counts], body),
      make("p", { class: "cnnlab-hint" }, hint),
    );
  }

  /** Frame the cover in every map. */
  mark() {
    const { cover } = this.session.settings,
      look = `${cover} ${this.session.size}`;
    if (look === this.marked) return;
    this.marked = look;
    for (const tile of this.tiles) tile.mark();
  }
}

function short(value) {
  if (value === "flat") return "none";
  return value == null ? "…" : numberText(value, 2);
}

function likeness(value) {
  if (value == null) return "";
  if (value === "flat") return "A flat map has no order to compare.";
  return `Rank correlation with the trained map: ${numberText(value, 2)}`;
}
