// NetworkExplorer on the page: all maps, one layer, one map, one number taken apart.

import { buttons, oneOf } from "./page/controls.js";
import { button, fields, make, put } from "./page/dom.js";
import { ExplorerSession } from "./page/explorer_session.js";
import { Leafing } from "./page/leafing.js";
import { MapFigure } from "./page/map_figure.js";
import { Mosaic } from "./page/mosaic.js";
import { NetworkOverview } from "./page/network_overview.js";
import { counted } from "./page/numbers.js";
import { frameOver } from "./page/overlay.js";
import { isDark } from "./page/paint.js";
import { PhotoPanel } from "./page/photo_source.js";
import { ARROWS, pointing } from "./page/pointing.js";
import { ScoreBars } from "./page/score_bars.js";
import { widgetOf } from "./page/session.js";
import { UnitPanel } from "./page/unit_panel.js";
import { WidgetView } from "./page/view.js";

const HINT =
  "Choose a layer by its name, or one map: click it, or go there with Tab and the arrow keys.";
const LATER = "The kernel computes this layer.";
const APART = 120; // milliseconds after a picture until its arithmetic is printed
const ALONE = "The arithmetic of another number is computed by the kernel.";

class ExplorerView extends WidgetView {
  constructor(session) {
    super(session, "NetworkExplorer", "Network explorer");
    this.source.without = "The last picture stays; its maps can be looked at. ";
  }

  open() {
    const element = super.open();
    pointing(this.map.picture, this.session, this.listeners.signal);
    this.on(this.element, "keydown", (event) => this.#key(event));
    this.onResize(this.detail, () => {
      this.#showGallery();
      this.overview.reach();
    });
    return element;
  }

  build() {
    const { session } = this;
    this.photo = new PhotoPanel(session);
    this.leafing = session.facts.data ? new Leafing(session) : null;
    this.overview = new NetworkOverview(session, () => this.#enter());
    this.scores = new ScoreBars(session.facts.classNames);
    this.map = new MapFigure("Map", "unit-map");
    this.unit = new UnitPanel();
    this.cursor = 0;
    this.gallery = new Mosaic("Maps of the layer", {
      "data-role": "gallery",
      tabindex: 0,
      "aria-description": "Arrow keys choose a map, Enter opens it, Escape goes out.",
      onclick: (event) => {
        const unit = this.gallery.at(event);
        if (unit !== null) session.go(session.settings.layer, unit);
      },
      onkeydown: (event) => this.#galleryKey(event),
    });
    this.pager = this.#buildPager();
    this.hint = make("p", { class: "cnnlab-hint", "data-role": "hint" });
    this.trail = make("ol", {});
    const trail = { class: "cnnlab-trail", "aria-label": "Where you are" };
    this.taken = make(
      "div",
      { class: "cnnlab-explorer-unit" },
      this.map.element,
      this.unit.element,
    );
    this.detail = make(
      "div",
      { class: "cnnlab-explorer-detail", "data-role": "detail" },
      this.hint,
      this.pager.element,
      this.gallery.element,
      this.taken,
    );
    const top = { class: "cnnlab-explorer-top" };
    const side = make("div", { class: "cnnlab-explorer-side" }, this.scores.element);
    const grey = session.facts.input[2] === 1;
    const toolbar = this.photo.controls.filter(
      (one) => !(grey && one === this.photo.colour.element),
    );
    const looks = fields(
      ...(grey ? [this.bound(oneOf(session, "fitting", "Fitting"))] : []),
      this.bound(oneOf(session, "palette", "Colours")),
      this.bound(buttons(session, "colours", "Scale of the colours")),
    );
    looks.classList.add("cnnlab-controls");
    return {
      toolbar,
      parts: [
        ...(this.leafing ? [this.leafing.element] : []),
        make("div", top, this.photo.figure, side),
        looks,
        make("nav", trail, this.trail),
        this.overview.element,
        this.detail,
      ],
    };
  }

  #buildPager() {
    const { session } = this,
      { pageOf } = session.facts;
    const words = make("span", { role: "status" });
    const turn = (by) => {
      this.cursor = session.first + by * pageOf;
      session.turnTo(session.first + by * pageOf);
    };
    const back = button("Previous maps", { picture: "back", onclick: () => turn(-1) });
    const ahead = button("Next maps", { picture: "forward", onclick: () => turn(1) });
    const element = fields(back, ahead, words);
    const show = (all) => {
      const last = Math.min(all, session.first + pageOf) - 1;
      put(back, "disabled", session.first === 0);
      put(ahead, "disabled", last + 1 >= all);
      put(words, "textContent", `maps ${session.first} to ${last} of ${all}`);
    };
    return { element, show };
  }

  // -- Keys ---------------------------------------------------------------------------------------

  /** Into what is taken apart. */
  #enter() {
    const target = this.session.layer?.shape.length === 3 ? this.map.picture.canvas : null;
    if (target && !this.taken.hidden) target.focus();
  }

  /** Backspace goes out from anywhere, except where something is typed. */
  #key(event) {
    const typing = event.target.matches("input, select, textarea");
    if (event.key !== "Backspace" || typing || event.defaultPrevented) return;
    event.preventDefault();
    this.session.out();
    this.#focusOut();
  }

  #focusOut() {
    const { unit, layer } = this.session.settings;
    if (layer !== null && unit === null) this.gallery.canvas.focus();
    else this.overview.columns.find(({ mosaic }) => mosaic.canvas.tabIndex === 0)?.head.focus();
  }

  #galleryKey(event) {
    const { session, gallery } = this;
    if (event.key === "Escape") {
      event.preventDefault();
      session.out();
      this.#focusOut();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      session.go(session.settings.layer, this.cursor);
      this.#enter();
    }
    const way = ARROWS[event.key];
    if (!way || !gallery.part) return;
    event.preventDefault();
    const { first, count } = gallery.part;
    const to = this.cursor + way[0] * gallery.columns + way[1];
    if (to >= first && to < first + count) this.cursor = to;
    this.#markGallery();
    this.announcer.say(this.overview.words(session.number, this.cursor));
  }

  // -- Showing ------------------------------------------------------------------------------------

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "point") this.#drawOver();
    else if (topic === "unit") this.announcer.say(this.#showUnit());
  }

  #showSettings() {
    this.photo.show();
    this.leafing?.show();
    this.photo.picture.overlay.replaceChildren(...(this.photo.numbers ?? []));
    // A picture that moves brings its maps with the next frame: nothing else changes until then.
    const { layer, unit, at, palette } = this.session.settings;
    const look = JSON.stringify([layer, unit, at, palette, this.session.first, isDark()]);
    if (look === this.look) return;
    this.look = look;
    this.overview.paint(this.session.scene.frame?.fresh ?? 0);
    this.#showTrail();
    this.#showDetail();
    this.printed = null;
    this.#showUnit();
  }

  #showFrame({ frame, source }) {
    if (frame.error) {
      this.overview.paint(0);
      return;
    }
    this.overview.paint(frame.fresh);
    put(this.element.dataset, "source", source);
    const reach = `${this.session.number} ${frame.fresh}`; // layers that come move those behind
    if (this.reached !== reach) requestAnimationFrame(() => this.overview.reach());
    this.reached = reach;
    const answer = this.scores.show(frame.scores);
    this.#showDetail();
    this.#showUnitSoon();
    const { number, settings } = this.session;
    const where = number < 0 ? "" : this.overview.words(number, settings.unit);
    this.announcer.say([answer, where].filter(Boolean).join(". "));
  }

  #showTrail() {
    const { session } = this,
      { layer, unit } = session.settings;
    const noun = session.layer?.shape.length === 3 ? "Map" : "Unit";
    const steps = [["All layers", () => session.go(null)]];
    if (layer !== null) steps.push([layer, () => session.go(layer)]);
    if (unit !== null) steps.push([`${noun} ${unit}`, () => {}]);
    const key = JSON.stringify(steps);
    if (key === this.steps) return;
    this.steps = key;
    const had = this.trail.contains(document.activeElement);
    this.trail.replaceChildren(
      ...steps.map(([words, onclick], k) => {
        const here = k === steps.length - 1;
        const part = here
          ? make("span", { "aria-current": "step", tabindex: -1 }, words)
          : make("button", { type: "button", class: "cnnlab-trail-step", onclick }, words);
        return make("li", {}, part);
      }),
    );
    if (had) this.trail.lastChild.firstChild.focus();
  }

  #showDetail() {
    const { session } = this,
      { settings, layer, scene } = session,
      chosen = this.#chosen();
    const alone = settings.unit !== null && !chosen;
    const without = session.line.alive === false || scene.source === "kept" ? ALONE : LATER;
    put(this.hint, "textContent", layer ? (alone ? without : "") : HINT);
    put(this.hint, "hidden", Boolean(layer) && !alone);
    put(this.taken, "hidden", settings.unit === null);
    put(this.unit.element, "hidden", !chosen);
    this.#showGallery();
    if (settings.unit === null) {
      this.overview.mark();
      return;
    }
    this.#showMap();
  }

  /** The arithmetic follows a little after the maps, which never wait for it. */
  #showUnitSoon() {
    const { printed } = this,
      chosen = this.#chosen();
    if (printed?.layer !== chosen?.layer || printed?.unit !== chosen?.unit) this.#showUnit();
    this.printing ??= setTimeout(() => {
      this.printing = undefined;
      this.#showUnit();
    }, APART);
  }

  /** What the kernel told of the number that is looked at, or null. */
  #chosen() {
    const chosen = this.session.scene.frame?.chosen,
      { layer, unit } = this.session.settings;
    return chosen && chosen.layer === layer && chosen.unit === unit ? chosen : null;
  }

  #showGallery() {
    const { session, gallery } = this,
      { settings, layer, number } = session;
    const large = layer !== null && settings.unit === null;
    put(gallery.element, "hidden", !large);
    const paged = large && layer.shape.length === 3 && layer.shape[2] > session.facts.pageOf;
    put(this.pager.element, "hidden", !paged);
    if (!large) return;
    if (paged) this.pager.show(layer.shape[2]);
    const sent = session.scene.frame?.page;
    const part = sent?.layer === number && sent.first === session.first ? sent : this.#small();
    put(gallery.canvas, "ariaLabel", `${layer.name}: ${counted(layer.shape.at(-1), "map")}, large`);
    if (!part) return;
    const single = part.height * part.width === 1;
    const tile = single ? 14 : part.count <= 8 ? 128 : part.count <= 16 ? 104 : 84;
    const room = this.detail.clientWidth || 600;
    const columns = Math.max(
      1,
      Math.min(part.count, single ? 32 : 99, Math.floor(room / (tile + 6))),
    );
    const gap = single
      ? 0
      : Math.max(1, Math.round((5 * Math.max(part.height, part.width)) / tile));
    const how = { columns, tile, gap, palette: settings.palette, numbered: !single };
    gallery.show(part, how);
    const { first, count } = part;
    this.cursor = Math.max(first, Math.min(first + count - 1, this.cursor));
    this.#markGallery();
  }

  /** The maps of the overview, until the large ones come. */
  #small() {
    const { session } = this,
      part = session.parts.get(session.number);
    const { first } = session,
      { pageOf } = session.facts;
    if (!part || part.height * part.width === 1) return part;
    const count = Math.min(part.count - first, pageOf),
      size = part.height * part.width;
    if (count <= 0) return null;
    const steps = part.steps.subarray(first * size, (first + count) * size);
    return { ...part, first, count, steps };
  }

  #markGallery() {
    this.gallery.mark(this.cursor, null);
  }

  #showMap() {
    const { session } = this,
      { layer, number, settings, scene } = session;
    const flat = layer.shape.length !== 3;
    put(this.map.element, "hidden", flat);
    if (flat) return;
    const sent = this.#chosen() ? scene.frame : null;
    const part = sent?.map ?? session.parts.get(number);
    if (!part) return;
    const k = sent?.map ? 0 : settings.unit;
    if (k >= part.count) return;
    const { height, width } = part,
      size = height * width,
      [low, high] = part.ranges.subarray(2 * k, 2 * k + 2);
    const told = sent?.map ? sent.chosen.map : { low, high, limit: part.limit };
    const steps = part.steps.subarray(k * size, (k + 1) * size);
    this.map.rename(`${layer.name}, map ${settings.unit}`);
    const frame = { ...told, height, width, steps, palette: settings.palette };
    this.map.show(frame, scene.source);
    this.#drawOver();
  }

  #showUnit() {
    const chosen = this.#chosen();
    this.overview.mark();
    if (!chosen || chosen === this.printed) return "";
    this.printed = chosen;
    this.#drawOver();
    const { session } = this,
      { number, layers, facts, settings } = session;
    const below = number > 0 ? layers[number - 1].name : "input";
    return this.unit.show(chosen, { below, input: facts.input, palette: settings.palette });
  }

  #drawOver() {
    const { picture, numbers = [] } = this.map,
      { point, layer } = this.session;
    const over = [...numbers];
    if (point && layer?.shape.length === 3) {
      const [height, width] = layer.shape;
      const [down, across] = [picture.height / height, picture.width / width];
      const box = {
        top: point.row * down,
        left: point.column * across,
        height: down,
        width: across,
      };
      over.push(...frameOver(picture, box));
    }
    picture.overlay.replaceChildren(...over);
  }

  dispose() {
    clearTimeout(this.printing);
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(ExplorerSession, ExplorerView);
