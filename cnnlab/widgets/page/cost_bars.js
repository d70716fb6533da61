// What layers have to learn on a picture of real size: numbers, and bars on a logarithmic scale.

import { make, put } from "./dom.js";
import { line, table } from "./table.js";

const DECADES = 13; // the end of the scale: more weights than any picture here can ask for
const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

export function grouped(number) {
  return number.toLocaleString("en");
}

/** Bytes of so many float32 numbers, in words. */
function memoryOf(numbers) {
  let size = 4 * numbers,
    unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${Number(size.toPrecision(3))} ${UNITS[unit]}`;
}

function withBiases(weights, biases) {
  const noun = biases === 1 ? "bias" : "biases";
  return `${grouped(weights)} + ${grouped(biases)} ${noun} = ${grouped(weights + biases)}`;
}

export class CostBars {
  /** @param {[string, string][]} kinds - the names of the layers, and what the page calls them */
  constructor(kinds) {
    this.rows = kinds.map(([kind, words]) => {
      const cells = ["neuron", "map"].map((role) => {
        const bar = make("span", { class: "cnnlab-map-cost-bar", "aria-hidden": "true" });
        const text = make("span", { "data-role": `${kind}-${role}` });
        return { bar, text, element: make("td", {}, text, bar) };
      });
      return {
        kind,
        cells,
        element: line(
          words,
          cells.map((one) => one.element),
        ),
      };
    });
    this.heading = make("span", {});
    this.told = make("p", { "data-role": "cost-words" });
    const heads = ["", "Weights for one number of the output", this.heading];
    const attributes = { class: "cnnlab-table cnnlab-map-costs", "aria-label": "Weights to learn" };
    this.element = make(
      "div",
      {},
      table(
        attributes,
        heads,
        this.rows.map((one) => one.element),
      ),
      make(
        "p",
        { class: "cnnlab-hint" },
        "The bars have a logarithmic scale: each mark is ten times as many as the one before.",
      ),
      this.told,
    );
  }

  /** Show costs as of twin/matrix.js; returns them in words. */
  show(costs, { side, channels }) {
    if (!costs) {
      for (const { text, bar } of this.rows.flatMap((row) => row.cells)) {
        put(text, "textContent", "–");
        bar.style.setProperty("--share", "0");
      }
      put(this.told, "textContent", "The filter does not fit in this picture.");
      return this.told.textContent;
    }
    const { down, across, convolution, dense } = costs;
    put(this.heading, "textContent", `Weights for the whole feature map, ${down} × ${across}`);
    for (const { kind, cells } of this.rows) {
      const { neuron, weights, biases } = costs[kind];
      const shown = [
        [neuron, 1],
        [weights, biases],
      ];
      for (const [k, [number, more]] of shown.entries()) {
        put(cells[k].text, "textContent", withBiases(number, more));
        const share = Math.log10(number + more) / DECADES;
        cells[k].bar.style.setProperty("--share", share.toFixed(4));
      }
    }
    const [full, shared] = [dense, convolution].map(({ weights, biases }) => weights + biases);
    const words =
      `A picture of ${side} × ${side} × ${channels}: one number of a fully connected layer has ` +
      `${side} · ${side} · ${channels} = ${grouped(dense.neuron)} weights; the convolution has ` +
      `${grouped(shared)} numbers to learn for the whole map, whatever the size of the picture. ` +
      `As float32 the map takes ${memoryOf(shared)} of weights as a convolution, ` +
      `${memoryOf(full)} fully connected.`;
    put(this.told, "textContent", words);
    return words;
  }
}
