// All maps of all layers: a column for each layer, the input before them.

import { make, put } from "./dom.js";
import { Mosaic } from "./mosaic.js";
import { numberText } from "./numbers.js";
import { COLOURS } from "./paint.js";
import { ARROWS } from "./pointing.js";

const TALL = 300; // pixels of the page that a column may take
const MARGIN = 12; // pixels beside a layer that was brought into sight
const INPUT = 92; // pixels of the input
const KEYS =
  "Left and right go from layer to layer, up and down from map to map, Enter goes to the number " +
  "taken apart, Escape goes out.";

export class NetworkOverview {
  /** @param {function(): void} enter - brings the focus to what is taken apart */
  constructor(session, enter) {
    Object.assign(this, { session, enter });
    this.input = new Mosaic("The input of the network", {});
    const [height, width, channels] = session.facts.input;
    const size = make("small", {}, `${height} × ${width} × ${channels}`);
    const head = make("span", { class: "cnnlab-layer-head" }, make("b", {}, "input"), size);
    const first = make("div", { class: "cnnlab-layer-column" }, head, this.input.element);
    this.columns = session.layers.map((layer, number) => this.#column(layer, number));
    const attributes = { role: "group", "aria-label": "All maps of all layers" };
    this.element = make(
      "div",
      { class: "cnnlab-overview", "data-role": "overview", ...attributes },
      first,
      ...this.columns.map(({ element }) => element),
    );
  }

  #column(layer, number) {
    const { session } = this;
    const mosaic = new Mosaic(`${layer.name}`, {
      "data-role": "layer-maps",
      "data-layer": layer.name,
      "aria-description": KEYS,
      tabindex: number ? -1 : 0,
      onclick: (event) => {
        const unit = mosaic.at(event);
        if (unit !== null) session.go(layer.name, unit);
      },
      onkeydown: (event) => this.#key(event, number),
    });
    const head = make(
      "button",
      {
        type: "button",
        class: "cnnlab-layer-head",
        "aria-pressed": "false",
        onclick: () => session.go(layer.name),
      },
      make("b", {}, layer.name),
      make("small", {}, layer.shape.join(" × ")),
    );
    const more = make("small", { class: "cnnlab-hint" });
    const element = make("div", { class: "cnnlab-layer-column" }, head, mosaic.element, more);
    return { element, mosaic, head, more, layer };
  }

  #key(event, number) {
    const { session } = this,
      { unit } = session.settings;
    if (event.key === "Escape" || event.key === "Backspace") {
      event.preventDefault();
      session.out();
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      if (unit === null) session.go(this.columns[number].layer.name, 0, "look");
      this.enter();
      return;
    }
    const way = ARROWS[event.key],
      ends = { Home: 0, End: Infinity };
    if (!way && !(event.key in ends)) return;
    event.preventDefault();
    const [down, across] = way ?? [0, 0];
    const to = Math.max(0, Math.min(this.columns.length - 1, number + across));
    const { layer, mosaic } = this.columns[to];
    const most = (mosaic.part?.count ?? 1) - 1;
    const from = unit ?? (down ? -1 : 0);
    const next = Math.max(0, Math.min(most, way ? from + down : ends[event.key]));
    session.go(layer.name, next, "look");
    mosaic.canvas.focus({ preventScroll: true });
  }

  /** Paint the maps that have come; those of an older picture are faint. */
  paint(fresh) {
    const { parts, settings } = this.session,
      { palette } = settings;
    const input = parts.get(-1);
    if (input) this.input.show(input, { columns: 1, tile: INPUT, gap: 0, palette });
    for (const [number, { mosaic, more, layer }] of this.columns.entries()) {
      const part = parts.get(number);
      mosaic.element.classList.toggle("cnnlab-stale", number >= fresh);
      const colours = COLOURS[palette];
      if (!part || (part === mosaic.part && colours === mosaic.colours)) continue;
      mosaic.colours = colours;
      mosaic.show(part, { ...layoutOf(part), palette });
      const all = layer.shape.at(-1);
      put(more, "textContent", part.count < all ? `first ${part.count} of ${all}` : "");
    }
    this.mark();
  }

  /** Bring the layer that is looked at into sight, without moving the page. */
  reach() {
    const column = this.columns[this.session.number]?.element;
    if (!column) return;
    const { left, right } = this.element.getBoundingClientRect(),
      box = column.getBoundingClientRect();
    if (box.left < left) this.element.scrollLeft -= left - box.left + MARGIN;
    else if (box.right > right) this.element.scrollLeft += box.right - right + MARGIN;
  }

  /** Frame what is looked at, and what it depends on. */
  mark() {
    const { session } = this,
      { settings, number, scene } = session;
    const chosen = settings.unit === null ? null : scene.frame?.chosen,
      { fields = {}, only = {} } = chosen ?? {};
    for (const [k, { mosaic, head, layer }] of this.columns.entries()) {
      const here = k === number,
        unit = here ? settings.unit : null;
      put(head, "ariaPressed", String(here));
      put(mosaic.canvas, "tabIndex", here || (number < 0 && k === 0) ? 0 : -1);
      mosaic.mark(
        unit,
        k < number ? shareOf(fields[layer.name], layer.shape) : null,
        only[layer.name],
      );
      put(mosaic.canvas, "ariaLabel", this.words(k, unit));
    }
    this.input.mark(null, shareOf(fields.input, session.facts.input));
  }

  /** A layer, or one map of it, in words. */
  words(number, unit) {
    const { name, shape, kind } = this.session.layers[number],
      part = this.session.parts.get(number);
    const noun = shape.length === 3 ? "map" : "unit";
    const size = shape.length === 3 ? ` of ${shape[0]} by ${shape[1]}` : "";
    if (unit === null || !part || unit >= part.count) {
      return `${name}, ${kind}: ${shape.at(-1)} ${noun}s${size}`;
    }
    const [low, high] = part.ranges.subarray(2 * unit, 2 * unit + 2);
    const range = low === high ? numberText(low) : `from ${numberText(low)} to ${numberText(high)}`;
    return `${name}, ${noun} ${unit} of ${shape.at(-1)}: ${range}`;
  }
}

/** A box in a layer as shares of the sides of its maps. */
function shareOf(box, [height, width]) {
  if (!box) return null;
  const [top, left, bottom, right] = box;
  return [top / height, left / width, bottom / height, right / width];
}

/** How the maps of a layer stand below each other: small where there are many. */
function layoutOf({ count, height, width }) {
  const single = height * width === 1;
  const sizes = single
    ? [
        [12, 22],
        [128, 8],
        [Infinity, 6],
      ]
    : [
        [8, 44],
        [16, 36],
        [32, 30],
        [Infinity, 22],
      ];
  const tile = sizes.find(([most]) => count <= most)[1];
  const rows = Math.max(1, Math.floor(TALL / (tile + (single ? 0 : 3))));
  // One pixel of the canvas is several of the page where maps are small.
  const gap = single ? 0 : Math.max(1, Math.round((2 * Math.max(height, width)) / tile));
  return { columns: Math.ceil(count / rows), tile, gap };
}
