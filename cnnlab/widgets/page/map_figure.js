// A feature map with its title, its range and its colour bar.

import { choice, oneOf } from "./controls.js";
import { make, put, space } from "./dom.js";
import { FACTS } from "./facts.js";
import { figure } from "./figure.js";
import { numberText } from "./numbers.js";
import { numbersOver } from "./overlay.js";
import { COLOURS, ColourBar, Picture } from "./paint.js";
import { POINTABLE } from "./pointing.js";
import { levelsOf, limitOf, rangeOf } from "./twin/colour.js";

export class MapFigure {
  constructor(title = "Feature map", role = "map") {
    this.title = title;
    this.picture = new Picture(role, title, {
      ...POINTABLE,
      "aria-roledescription": title.toLowerCase(),
    });
    this.heading = make("strong", {}, title);
    this.low = make("b", {});
    this.high = make("b", {});
    this.size = make("span", {});
    this.bar = new ColourBar();
    const range = { class: "cnnlab-range", "data-role": "range" };
    const read = make("span", range, this.low, " to ", this.high);
    this.element = figure(
      [this.heading, " ", this.size, space(), read],
      { "data-role": "map-figure" },
      this.picture.element,
      this.bar.element,
    );
  }

  /** Show a frame; returns it in words. */
  show(frame, source) {
    const { height, width, low, high, limit, palette, numbers } = frame;
    this.picture.paint(frame, source);
    this.picture.element.classList.remove("cnnlab-stale");
    put(this.size, "textContent", `${height} × ${width}`);
    put(this.low, "textContent", numberText(low, 2));
    put(this.high, "textContent", numberText(high, 2));
    const range = `from ${numberText(low)} to ${numberText(high)}`;
    const label = `${this.title}: ${height} rows, ${width} columns, ${range}`;
    if (this.label !== label) this.picture.canvas.setAttribute("aria-label", label);
    this.label = label;
    this.bar.show(palette, limit, low, high);
    this.numbers = numbersOver(this.picture, numbers, 1, 2);
    return `${this.title} ${height} by ${width}, ${range}`;
  }

  /** Call it otherwise, from the next frame on. */
  rename(title) {
    this.title = title;
    put(this.heading, "textContent", title);
  }

  /** The map belongs to older settings: there is none for those that are set now. */
  fade() {
    this.picture.element.classList.add("cnnlab-stale");
  }
}

/**
 * A map as the kernel would send it (maps.message).
 * @param {{height: number, width: number, values: Float32Array}} map
 * @param {{palette: string, limit: number | null}} how - without a limit it follows the map
 * @param {Uint8Array} [spare] - where the steps of the palette may be written
 */
export function mapFrame({ height, width, values }, { palette, limit: fixed }, spare) {
  const limit = fixed ?? limitOf(values),
    [low, high] = rangeOf(values);
  const steps = levelsOf(values, limit, COLOURS[palette].signed, spare);
  const numbers = values.length <= FACTS.numbersUpTo ** 2 ? Array.from(values) : undefined;
  return { height, width, low, high, limit, steps, palette, numbers };
}

/** The kernel's answer to a request for a map. */
export function readMap(message, [{ buffer, byteOffset, byteLength }], { body }) {
  const steps = new Uint8Array(buffer, byteOffset, byteLength);
  return { ...message, steps, palette: body.settings.palette };
}

/** Controls of the settings `palette` and `limit`: which colours, and up to which number. */
export function colourControls(session) {
  const options = [
    ["auto", "Automatic"],
    ["keep", "Fixed"],
  ];
  const range = choice(
    "Range",
    options,
    (value) => {
      const limit = value === "auto" ? null : Math.fround(session.scene.frame?.limit ?? 1);
      session.change({ limit });
    },
    { "data-control": "limit" },
  );
  const show = () => put(range.select, "value", session.settings.limit === null ? "auto" : "keep");
  return [oneOf(session, "palette", "Colours"), { element: range.element, show }];
}
