// One number of a network taken apart: what the kernel tells of it (shared/unit_arithmetic.py),
// printed.

import { make, put } from "./dom.js";
import { grid, sign } from "./inspector.js";
import { counted, numberText } from "./numbers.js";
import { colourOf, signedPalette } from "./paint.js";
import { ProductTable } from "./product_table.js";

const ACROSS = 6; // products of a dense unit in a row

export class UnitPanel {
  constructor() {
    this.title = make("strong", { "data-role": "unit-title" });
    this.formula = make("span", { class: "cnnlab-formula", "data-role": "formula" });
    this.lines = make("div", { class: "cnnlab-lines", "data-role": "slices" });
    this.products = new ProductTable();
    this.field = make("p", { class: "cnnlab-hint", "data-role": "field" });
    this.element = make(
      "section",
      { class: "cnnlab-inspector", "aria-label": "One number taken apart" },
      make("div", { class: "cnnlab-inspected" }, this.title, this.formula),
      this.lines,
      this.products.element,
      this.field,
    );
  }

  /**
   * Show a number; returns it in words.
   * @param {Object} chosen - as the kernel tells it
   * @param {{below: string, input: number[], palette: string}} about - the name of the layer below
   */
  show(chosen, { below, input, palette }) {
    const { unit, place } = chosen,
      colours = signedPalette(palette);
    const title = place ? `Map ${unit}, row ${place[0]}, column ${place[1]}` : `Unit ${unit}`;
    const formula = FORMULAS[chosen.kind](chosen, below);
    put(this.title, "textContent", `${chosen.layer}: ${title}`);
    put(this.formula, "textContent", formula);
    this.lines.replaceChildren(...linesOf(chosen, below, colours));
    put(this.products.element, "hidden", chosen.kind !== "dense");
    if (chosen.kind === "dense") this.#showProducts(chosen, below, colours);
    put(this.field, "textContent", fieldInWords(chosen.fields.input, input));
    return `${chosen.layer}, ${title}: ${formula}`;
  }

  #showProducts({ terms, others }, below, palette) {
    const rows = [];
    for (let k = 0; k < terms.length; k += ACROSS) rows.push(terms.slice(k, k + ACROSS));
    while (rows.at(-1).length < rows[0].length) rows.at(-1).push(null);
    const limit = Math.max(...terms.map(({ value }) => Math.abs(value))) || 1;
    const which = others ? `The ${terms.length} largest products` : "All products";
    const caption = `${which}: a number of ${below} × its weight`;
    this.products.show({ caption, rows, sum: "", none: "", digits: 3 }, (value) =>
      colourOf(value, limit, palette),
    );
  }
}

function linesOf(chosen, below, palette) {
  if (chosen.pixels) {
    const colour = (value) => colourOf(value, chosen.largestPixel, palette);
    return [make("div", { class: "cnnlab-line" }, grid(`Under the window`, chosen.pixels, colour))];
  }
  if (chosen.kind !== "convolution") return [];
  const { slices, largestPixel, largestWeight } = chosen;
  const pixel = (value) => colourOf(value, largestPixel, palette),
    weight = (value) => colourOf(value, largestWeight, palette),
    product = (value) => colourOf(value, largestPixel * largestWeight, palette);
  return slices.map(({ channel, pixels, weights, products, sum }) => {
    const name = below === "input" ? `channel ${channel}` : `map ${channel}`;
    const grids = pixels
      ? [
          grid("Pixels", pixels, pixel),
          sign("×"),
          grid("Weights", weights, weight),
          sign("="),
          grid("Products", products, product),
          sign("Σ"),
        ]
      : [];
    return make(
      "div",
      { class: "cnnlab-line", role: "group", "aria-label": `Arithmetic of ${name}` },
      make("span", { class: "cnnlab-unit-slice" }, name),
      ...grids,
      make("span", { class: "cnnlab-sum" }, numberText(sum)),
    );
  });
}

/** What a sum becomes; empty where the layer carries no function with it. */
function activated({ activation, value }) {
  return activation ? ` → ${activation} ${numberText(value)}` : "";
}

function signed(words, value) {
  return `${value < 0 ? "−" : "+"} ${words}${numberText(Math.abs(value))}`;
}

const FORMULAS = {
  convolution(chosen) {
    const { slices, others, rest, bias, sum } = chosen;
    const sums = slices.map((one, k) => (k ? signed("", one.sum) : numberText(one.sum)));
    const more = others ? ` ${signed("", rest)} (${others} others)` : "";
    const total = `${signed("bias ", bias)} = ${numberText(sum)}${activated(chosen)}`;
    return `sums ${sums.join(" ")}${more} ${total}`;
  },
  dense(chosen) {
    const { terms, others, rest, bias, sum } = chosen;
    const shown = terms.reduce((total, { value }) => total + value, 0);
    const more = others ? ` ${signed("", rest)} (${others} others)` : "";
    const products = `${numberText(shown)} (${counted(terms.length, "product")})`;
    return `${products}${more} ${signed("bias ", bias)} = ${numberText(sum)}${activated(chosen)}`;
  },
  largest({ numbers, value, winner }, below) {
    const where = winner ? ` at row ${winner[0]}, column ${winner[1]} of ${below}` : "";
    return `the largest of ${counted(numbers, "number")} is ${numberText(value)}${where}`;
  },
  average({ sum, of, value }) {
    return `the sum ${numberText(sum)} / ${of} = ${numberText(value)}`;
  },
  function({ name, input, value }) {
    return `${name}(${numberText(input)}) = ${numberText(value)}`;
  },
  softmax({ input, largest, power, sum, value }) {
    const exponent = `exp(${numberText(input)} − ${numberText(largest)})`.replace("− −", "+ ");
    return `${exponent} = ${numberText(power)}; ${numberText(power)} / ${numberText(sum)}, the sum of all, = ${numberText(value)}`;
  },
  taken({ from, value }, below) {
    const [row, column, map] = from;
    const where = from.length === 3 ? `row ${row}, column ${column}, map ${map}` : `number ${from}`;
    return `${where} of ${below} = ${numberText(value)}`;
  },
  dropout({ input, value }) {
    return `${numberText(input)} → ${numberText(value)}: outside training dropout hands on what it gets`;
  },
  normalization({ input, mean, variance, epsilon, scale, shift, value }) {
    const [x, m] = [numberText(input), numberText(mean)];
    const root = `√(${numberText(variance)} + ${epsilon})`;
    return `(${x} − ${m}) / ${root} × ${numberText(scale)} ${signed("", shift)} = ${numberText(value)}`;
  },
  rescaling({ input, scale, shift, value }) {
    return `${numberText(input)} × ${numberText(scale, 5)} ${signed("", shift)} = ${numberText(value)}`;
  },
  other({ name, value }) {
    return `${numberText(value)}; how ${name} computes it is not known here`;
  },
};

function fieldInWords([top, left, bottom, right], [height, width]) {
  if (bottom <= top || right <= left) return "It depends on padding only.";
  const [rows, columns] = [bottom - top, right - left];
  if (rows === height && columns === width) return "It depends on the whole input.";
  return (
    `It depends on ${rows} × ${columns} pixels of the input: rows ${top} to ${bottom - 1}, ` +
    `columns ${left} to ${right - 1}. Frames show the places in every layer between.`
  );
}
