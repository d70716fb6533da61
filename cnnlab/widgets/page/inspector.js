// One output pixel taken apart: pixels, weights, products, sums, in numbers and colours.

import { make } from "./dom.js";
import { CHANNELS } from "./filter_panel.js";
import { largestOf, numberText } from "./numbers.js";
import { colourOf, signedPalette } from "./paint.js";

const HINT =
  "Point at the feature map, or go there with Tab and the arrow keys, to take another pixel apart; " +
  "a click holds it.";

export class Inspector {
  constructor() {
    const attributes = { "aria-label": "One pixel taken apart", "data-role": "inspector" };
    this.element = make("section", { class: "cnnlab-inspector", ...attributes });
  }

  /** Keep room for the arithmetic of a filter, so that nothing jumps when a pixel is pointed at. */
  reserve(rows) {
    this.element.style.setProperty("--rows", rows);
  }

  /**
   * Show a pixel as twin/convolution.js explains it, with its number after the activation, or
   * nothing. Returns the arithmetic in words.
   */
  show(pixel, { filter, bias, activation, palette, pad_value: pad }, white) {
    if (!pixel) {
      this.element.replaceChildren();
      return "";
    }
    const colours = signedPalette(palette),
      limit = largestOf(filter);
    const single = pixel.channels.length === 1;
    const lines = pixel.channels.map(({ pixels, products, sum }, c) => {
      const weights = filter.map((line) => line.map((weight) => [weight].flat()[c]));
      const name = single ? null : CHANNELS[c];
      return make(
        "div",
        {
          class: "cnnlab-line",
          role: "group",
          "aria-label": name ? `Arithmetic of ${name}` : "Arithmetic",
        },
        name && make("span", { class: "cnnlab-channel", "data-channel": name }, name),
        grid("Pixels", pixels, (value) => colourOf(value, white, "grey"), pad),
        sign("×"),
        grid("Weights", weights, (value) => colourOf(value, limit, colours)),
        sign("="),
        grid("Products", products, (value) => colourOf(value, limit * white, colours)),
        sign("Σ"),
        make("span", { class: "cnnlab-sum" }, numberText(sum)),
      );
    });
    const formula = formulaOf(pixel, bias, activation);
    this.element.replaceChildren(
      make(
        "div",
        { class: "cnnlab-inspected" },
        make("strong", {}, `Row ${pixel.row}, column ${pixel.column}`),
        make("span", { class: "cnnlab-formula", "data-role": "formula" }, formula),
      ),
      make("div", { class: "cnnlab-lines" }, ...lines),
      make("p", { class: "cnnlab-hint" }, HINT),
    );
    return `Row ${pixel.row}, column ${pixel.column}: ${formula}`;
  }
}

function formulaOf(pixel, bias, activation) {
  const sums = pixel.channels.map(({ sum }) => numberText(sum));
  const parts = [
    sums.length === 1 ? `sum ${sums[0]}` : `sums ${sums.join(" + ").replaceAll("+ −", "− ")}`,
    `${bias < 0 ? "−" : "+"} bias ${numberText(Math.abs(bias))}`,
    `= ${numberText(pixel.result)}`,
  ];
  if (activation === "relu") parts.push(`→ ReLU ${numberText(pixel.activated)}`);
  return parts.join(" ");
}

/** A sign between two grids. */
export function sign(text) {
  return make("span", { class: "cnnlab-sign", "aria-hidden": "true" }, text);
}

/** A small table of numbers with colours; hatching stands for what is no pixel but padding. */
export function grid(words, rows, colour, pad = 0) {
  const digits = Math.max(...rows.flat().map(Math.abs)) < 0.1 ? 3 : 2;
  const text = (value) => numberText(Number(value.toFixed(digits)), digits);
  const cell = (value) => {
    if (value === null) return make("td", { class: "cnnlab-zero", title: "padding" }, text(pad));
    const { background, ink } = colour(value);
    return make(
      "td",
      { style: `background:${background};color:${ink}`, title: value },
      text(value),
    );
  };
  return make(
    "table",
    {
      class: "cnnlab-small",
      "aria-label": words,
      "data-size": Math.max(rows.length, rows[0].length),
    },
    make("caption", {}, words),
    make("tbody", {}, ...rows.map((line) => make("tr", {}, ...line.map(cell)))),
  );
}
