// One unit chosen: a layer by its name, a map by hand, a place in it; what that place depends on.

import { choice } from "./controls.js";
import { make, put } from "./dom.js";
import { MapFigure } from "./map_figure.js";
import { Mosaic } from "./mosaic.js";
import { counted, numberText } from "./numbers.js";
import { frameOver } from "./overlay.js";
import { isDark } from "./paint.js";
import { ARROWS, pointing } from "./pointing.js";

const NO_LAYER = "Choose a layer, then one of its maps.";
const LATER = "The kernel computes this layer.";

export class UnitChoice {
  constructor(session) {
    this.session = session;
    this.room = 600; // pixels across, until the page has laid it out
    const names = session.layers.map(({ name }) => [name, name]);
    this.layer = choice(
      "Layer",
      [["", "Choose a layer"], ...names],
      (name) => session.go(name || null),
      { "data-control": "layer" },
    );
    this.words = make("p", { class: "cnnlab-hint", role: "status", "data-role": "field" });
    this.gallery = new Mosaic("Maps of the layer", {
      "data-role": "gallery",
      tabindex: 0,
      "aria-description": "Arrow keys choose a map.",
      onclick: (event) => {
        const unit = this.gallery.at(event);
        if (unit !== null) session.go(session.settings.layer, unit);
      },
      onkeydown: (event) => this.#key(event),
    });
    this.map = new MapFigure("Map", "unit-map");
    this.element = make(
      "section",
      { class: "cnnlab-unit-choice", "aria-label": "One unit", "data-role": "unit" },
      make("h3", {}, "One unit and what it responds to"),
      this.layer.element,
      this.gallery.element,
      this.map.element,
      this.words,
    );
  }

  /** Stand in so many pixels. */
  fit(room, source) {
    if (room > 0) this.room = room;
    this.show(source);
  }

  point(signal) {
    pointing(this.map.picture, this.session, signal);
  }

  #key(event) {
    const { session, gallery } = this,
      way = ARROWS[event.key];
    if (!way || !gallery.part) return;
    event.preventDefault();
    const { layer, unit } = session.settings;
    const to = unit === null ? 0 : unit + way[0] * gallery.columns + way[1];
    if (to >= 0 && to < gallery.part.count) session.go(layer, to, "choose a map");
  }

  /** Show what has come; returns it in words. */
  show(source) {
    const { session, gallery, map } = this,
      { layer, unit, palette } = session.settings,
      { sections } = session;
    put(this.layer.select, "value", layer ?? "");
    const here = sections.layer?.name === layer ? sections.layer : null;
    const { room } = this;
    const look = JSON.stringify([layer, unit, palette, source, room, isDark()]);
    const same = look === this.look && sections.layer === this.maps && sections.unit === this.one;
    if (same) return "";
    Object.assign(this, { look, maps: sections.layer, one: sections.unit });
    put(gallery.element, "hidden", !here);
    if (here) {
      const { part } = here,
        single = part.height * part.width === 1,
        tile = single ? 14 : 56;
      const most = Math.max(1, Math.floor(room / (tile + 5)));
      const columns = Math.min(part.count, single ? 32 : 16, most);
      const gap = single ? 0 : Math.max(1, Math.round((5 * part.height) / tile));
      gallery.show(part, { columns, tile, gap, palette, numbered: !single });
      gallery.mark(unit, null);
      const chosen = unit === null ? "" : `, ${unit} chosen`;
      put(gallery.canvas, "ariaLabel", `${layer}: ${counted(part.count, "map")}${chosen}`);
    }
    const told = this.#told();
    put(map.element, "hidden", !told?.part);
    if (told?.part) {
      const { part, low, high, limit, shape } = told;
      map.rename(`${layer}, map ${unit}`);
      const { height, width, steps } = part;
      map.show({ height, width, low, high, limit, steps, palette }, source);
      this.scale = [height / shape[0], width / shape[1]];
      this.mark();
    }
    const words = this.#said(told, here);
    put(this.words, "textContent", words);
    return told ? words : "";
  }

  /** What the kernel told of the unit that is chosen, or null. */
  #told() {
    const { layer, unit } = this.session.settings,
      told = this.session.sections.unit;
    return told?.layer === layer && told.unit === unit ? told : null;
  }

  #said(told, here) {
    const { layer, unit } = this.session.settings;
    if (layer === null) return NO_LAYER;
    if (!here || (unit !== null && !told)) return LATER;
    if (unit === null) return `${layer}: choose one of its maps.`;
    const [top, left, bottom, right] = told.field;
    const at = told.place?.length ? ` at row ${told.place[0]}, column ${told.place[1]}` : "";
    const size = `${bottom - top} × ${right - left} pixels`;
    const rows = `rows ${top} to ${bottom - 1}, columns ${left} to ${right - 1}`;
    const value = numberText(told.value, 3);
    return `Unit ${unit}${at} gives ${value}. Its receptive field: ${size}, ${rows}.`;
  }

  /** Frame the place in the map. */
  mark() {
    const { picture } = this.map,
      { point } = this.session;
    if (!point || !this.scale) return;
    const [down, across] = this.scale;
    const box = {
      top: point.row * down,
      left: point.column * across,
      height: down,
      width: across,
    };
    picture.overlay.replaceChildren(...frameOver(picture, box));
  }

  /** The receptive field on the picture that the network sees, dashed. */
  fieldOver(picture) {
    const told = this.#told();
    if (!told?.field.length) return [];
    const [height, width] = this.session.facts.input;
    const [down, across] = [picture.height / height, picture.width / width];
    const [top, left, bottom, right] = told.field;
    const box = {
      x: left * across,
      y: top * down,
      width: (right - left) * across,
      height: (bottom - top) * down,
    };
    return ["cnnlab-field-halo", "cnnlab-field-line"].map((name) =>
      make("rect", { ...box, class: name }),
    );
  }
}
