// Pixels: palettes, canvases, and the drawing over them that leaves their pixels alone.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";
import { PALETTES } from "./palettes.js";
import { NAN_LEVEL } from "./twin/colour.js";

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function packed(red, green, blue) {
  return LITTLE_ENDIAN
    ? ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
    : ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;
}

/** The palettes of display.py: 256 colours each, as whole pixels, and as background and ink. */
export const COLOURS = Object.fromEntries(
  Object.entries(PALETTES).map(([name, palette]) => {
    const bytes = Uint8Array.from(atob(palette.colours), (letter) => letter.charCodeAt(0));
    const pixels = new Uint32Array(256);
    for (let k = 0; k < 256; k++) {
      pixels[k] = packed(bytes[3 * k], bytes[3 * k + 1], bytes[3 * k + 2]);
    }
    const looks = Array.from(pixels, (_, k) => {
      const colour = Array.from(bytes.subarray(3 * k, 3 * k + 3));
      return { background: `rgb(${colour})`, ink: inkOn(...colour) };
    });
    return [name, { ...palette, pixels, looks }];
  }),
);

/** On a dark page zero is dark: a picture of edges then does not glare. */
Object.defineProperty(COLOURS, "auto", { get: () => COLOURS[isDark() ? "night" : "blue_red"] });

/** Whether the page is dark. */
export function isDark() {
  return document.body.dataset.jpThemeLight === "false";
}

/** Call act() whenever the page turns dark or light; returns how to stop. */
export function onTheme(act) {
  const watch = new MutationObserver(act);
  watch.observe(document.body, { attributeFilter: ["data-jp-theme-light"] });
  return () => watch.disconnect();
}

/** The palette in which weights are drawn: the chosen one, where it tells minus from plus. */
export function signedPalette(palette) {
  return COLOURS[palette].signed ? palette : "auto";
}

/** A canvas that is painted pixel by pixel, and a drawing over it. */
export class Picture {
  constructor(role, label, attributes = {}) {
    this.canvas = make("canvas", {
      class: "cnnlab-canvas",
      "data-role": role,
      "data-frame": 0,
      role: "img",
      "aria-label": label,
      ...attributes,
    });
    this.overlay = make("svg", { class: "cnnlab-overlay", "aria-hidden": "true" });
    this.element = make("div", { class: "cnnlab-picture" }, this.canvas, this.overlay);
    this.context = this.canvas.getContext("2d", { alpha: false, willReadFrequently: true });
    // To ask the page for a width costs a layout of it, at every picture.
    new ResizeObserver(([{ contentRect }]) => {
      this.wide = contentRect.width;
    }).observe(this.canvas);
    this.resize(1, 1);
  }

  get width() {
    return this.canvas.width;
  }

  get height() {
    return this.canvas.height;
  }

  resize(height, width) {
    if (this.image && this.width === width && this.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.wide = 0; // until the page has laid it out
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const holder = this.element.closest(".cnnlab-figure") ?? this.element;
    holder.style.setProperty("--ratio", width / height);
    this.element.classList.toggle("cnnlab-coarse", Math.max(width, height) <= 256);
  }

  /** Paint steps of a palette, one byte a pixel, unless they are what is painted already. */
  paint({ height, width, steps, palette, same }, source) {
    const { pixels } = COLOURS[palette];
    this.canvas.dataset.source = source;
    if (same && this.colours === pixels) return;
    this.colours = pixels;
    this.resize(height, width);
    for (let k = 0; k < steps.length; k++) this.pixels[k] = pixels[steps[k]];
    this.#show();
  }

  /** Paint a photograph: values from 0 to `white`, one or three a pixel (display.photograph). */
  paintPhotograph({ height, width, channels, values }, white) {
    this.resize(height, width);
    const scale = Math.fround(255 / Math.fround(white));
    const byte = (value) => {
      const step = Math.fround(Math.fround(value * scale) + 0.5);
      return step >= 255 ? 255 : step > 0 ? step | 0 : 0;
    };
    for (let k = 0; k < height * width; k++) {
      const red = byte(values[k * channels]);
      this.pixels[k] =
        channels === 1
          ? packed(red, red, red)
          : packed(red, byte(values[3 * k + 1]), byte(values[3 * k + 2]));
    }
    this.#show();
  }

  #show() {
    this.context.putImageData(this.image, 0, 0);
    this.canvas.dataset.frame = Number(this.canvas.dataset.frame) + 1;
  }

  /** Screen pixels that one pixel of the picture takes. */
  get scale() {
    this.wide ||= this.canvas.clientWidth;
    return (this.wide || this.width) / this.width;
  }

  /** The pixel under the pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    return {
      row: inside((event.clientY - box.top) / box.height, this.height),
      column: inside((event.clientX - box.left) / box.width, this.width),
    };
  }

  /** Black or white, whichever is read better on a pixel as painted. */
  inkAt(index) {
    const { data } = this.image;
    return inkOn(data[4 * index], data[4 * index + 1], data[4 * index + 2]);
  }
}

/** Black or white, whichever has more contrast on a colour (WCAG 2.2, relative luminance). */
function inkOn(red, green, blue) {
  const linear = (byte) => (byte <= 10 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return light > 0.179 ? "#000" : "#fff";
}

/** Background and ink of a number in a palette. */
export function colourOf(value, limit, palette) {
  const { looks, signed } = COLOURS[palette];
  const share = value / (limit || 1);
  const level = Math.floor(signed ? share * 127 + 127.5 : share * 254 + 0.5);
  return looks[level >= 254 ? 254 : level > 0 ? level : level <= 0 ? 0 : NAN_LEVEL];
}

/** The bar that tells which number has which colour. */
export class ColourBar {
  constructor() {
    this.bar = make("canvas", {
      class: "cnnlab-bar",
      width: 255,
      height: 1,
      "aria-hidden": "true",
    });
    this.ticks = [0, 1, 2].map(() => make("span", {}));
    const ticks = make("div", { class: "cnnlab-ticks", "aria-hidden": "true" }, ...this.ticks);
    this.element = make("div", {}, this.bar, ticks);
  }

  /** Show the numbers from -limit or 0 to limit; what lies beyond has the colour of the end. */
  show(palette, limit, low, high) {
    const { pixels, signed } = COLOURS[palette];
    if (pixels !== this.pixels) {
      const context = this.bar.getContext("2d");
      const image = context.createImageData(255, 1);
      new Uint32Array(image.data.buffer).set(pixels.subarray(0, 255));
      context.putImageData(image, 0, 0);
      this.pixels = pixels;
    }
    const end = numberText(limit);
    const upper = `${high > limit ? "≥ " : ""}${signed ? "+" : ""}${end}`;
    const least = signed ? limit : 0;
    const lower = `${low < -least ? "≤ " : ""}${signed ? "−" : ""}${signed ? end : "0"}`;
    const words = [lower, signed ? "0" : "", upper];
    words.forEach((word, k) => {
      put(this.ticks[k], "textContent", word);
    });
  }
}
