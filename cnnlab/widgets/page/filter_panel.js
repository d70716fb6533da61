// The filter: presets, size, channels, weights, bias.

import { choice, segments } from "./controls.js";
import { make, put } from "./dom.js";
import { NumberGrid } from "./number_grid.js";
import { largestOf, numberText } from "./numbers.js";
import { colourOf, signedPalette } from "./paint.js";

export const CHANNELS = ["red", "green", "blue"];

const SLICES = [
  ["all", "All", "Change all three slices at once"],
  ["red", "R", "Red"],
  ["green", "G", "Green"],
  ["blue", "B", "Blue"],
];

/** What lists call the filters of the catalogue. */
export const presetNames = (presets) => presets.map(({ name }) => [name, titleOf(name)]);

/**
 * The filters of the catalogue in a list; chosen() is the one that is set, if it is one of them.
 * `filter` names the setting, `control` the list.
 */
export function presetOf(session, title = "Filter", filter = "filter", control = "preset") {
  const presets = session.facts.filters;
  const choose = (name) => {
    const preset = presets.find((one) => one.name === name);
    if (!preset) return;
    const channels = isDeep(session.settings[filter]) ? 3 : 1;
    session.change({ [filter]: withChannels(preset.weights, channels) });
  };
  const options = [["", "Your own"], ...presetNames(presets)];
  const list = choice(title, options, choose, { "data-control": control });
  const chosen = () => presets.find((one) => sameFilter(one.weights, session.settings[filter]));
  const show = () => put(list.select, "value", chosen()?.name ?? "");
  return { element: list.element, show, chosen };
}

/** Edits a setting that is a filter (rows of weights, or of channels of weights), and its bias. */
export class FilterPanel {
  /**
   * @param {Session} session - its facts have the presets and the largest size
   * @param {{filter?: string, bias?: string | null, title?: string}} [how] - the names of the
   *   settings, null for a filter without a bias, and what the filter is called
   * @param {function(number): void} [resize] - gives the filter so many rows and columns
   */
  constructor(
    session,
    { filter = "filter", bias = "bias", title = "Filter" } = {},
    resize = (size) => this.#change(resized(this.filter, size)),
  ) {
    const { facts } = session;
    Object.assign(this, {
      session,
      channel: "all",
      names: { filter, bias },
    });
    const control = (name) => (filter === "filter" ? name : `${filter}-${name}`);
    const called = title.toLowerCase();
    const sizes = Array.from({ length: facts.largestFilter }, (_, k) => [
      k + 1,
      `${k + 1} × ${k + 1}`,
    ]);
    this.oblong = make("option", { value: "", hidden: true });
    this.preset = presetOf(session, title, filter, control("preset"));
    this.size = choice("Size", sizes, (size) => resize(Number(size)), {
      "data-control": control("size"),
    });
    this.size.select.append(this.oblong);
    this.tabs = segments(`Channel of the ${called}`, SLICES, (channel) => {
      this.channel = channel;
      this.show();
    });
    this.grid = new NumberGrid(`Weights of the ${called}`, (...change) => this.#set(...change), {
      several: "differs between the channels",
    });
    this.bias = new NumberGrid(
      "Bias",
      (_row, _column, value, gesture) => session.change({ [bias]: value }, gesture),
      { describe: () => "Bias" },
    );
    this.total = make("span", {
      "data-tip": "The sum of all weights: what a uniform area of 1 becomes, without the bias",
    });
    this.purpose = make("p", { class: "cnnlab-hint" });
    this.element = make(
      "section",
      { class: "cnnlab-filter", "aria-label": title },
      make("div", { class: "cnnlab-filter-choices" }, this.preset.element, this.size.element),
      this.tabs.element,
      this.grid.element,
      make(
        "div",
        { class: "cnnlab-fields" },
        bias && make("span", {}, "Bias"),
        bias && this.bias.element,
        this.total,
      ),
      this.purpose,
    );
  }

  get filter() {
    return this.session.settings[this.names.filter];
  }

  #change(filter, gesture = null) {
    this.session.change({ [this.names.filter]: filter }, gesture);
  }

  #set(row, column, value, gesture) {
    const only = CHANNELS.indexOf(this.channel);
    const changed = (weight) => {
      if (!Array.isArray(weight)) return value;
      return weight.map((one, c) => (only < 0 || c === only ? value : one));
    };
    const filter = this.filter.map((line, i) =>
      line.map((weight, j) => (i === row && j === column ? changed(weight) : weight)),
    );
    this.#change(filter, gesture);
  }

  /** The weights to show: null where the slices differ. */
  #slice() {
    const only = CHANNELS.indexOf(this.channel);
    const shown = (weight) => {
      if (!Array.isArray(weight)) return weight;
      if (only >= 0) return weight[only];
      return weight.every((one) => one === weight[0]) ? weight[0] : null;
    };
    return this.filter.map((line) => line.map(shown));
  }

  show() {
    const { filter } = this,
      { settings } = this.session;
    const limit = largestOf(filter);
    const colours = signedPalette(settings.palette);
    this.grid.update(this.#slice(), (value) => colourOf(value, limit, colours));
    if (this.names.bias) {
      const bias = settings[this.names.bias],
        reach = Math.max(limit, Math.abs(bias));
      this.bias.update([[bias]], (value) => colourOf(value, reach, colours));
    }
    put(this.tabs.element, "hidden", !isDeep(filter));
    this.tabs.show(this.channel);
    put(this.total, "textContent", sumOf(filter));
    const square = filter.length === filter[0].length;
    put(this.oblong, "textContent", `${filter.length} × ${filter[0].length}`);
    put(this.size.select, "value", square ? String(filter.length) : "");
    this.preset.show();
    const otherwise = "Type, drag sideways, or press the arrow keys to change a weight.";
    put(this.purpose, "textContent", this.preset.chosen()?.purpose ?? otherwise);
  }
}

/** The sum of the weights in words; of equal slices, what is seen is one third of it. */
function sumOf(filter) {
  const sum = (weights) => weights.reduce((total, one) => total + one, 0);
  const text = (value) => numberText(Math.abs(value) < 1e-5 ? 0 : value, 2); // rounding is no sum
  const total = sum(filter.flat(2));
  if (!isDeep(filter)) return `Sum ${text(total)}`;
  const slices = filter[0][0].map((_, c) => sum(filter.flat().map((weight) => weight[c])));
  if (slices.every((one) => one === slices[0])) {
    return `Sum ${slices.length} × ${text(slices[0])} = ${text(total)}`;
  }
  return `Sum ${slices.map(text).join(" + ").replaceAll("+ −", "− ")} = ${text(total)}`;
}

/** The same filter for one channel or for three (FilterLab._photo_changed). */
export function withChannels(filter, channels) {
  if (isDeep(filter) === (channels === 3)) return filter;
  const mean = (slices) => Math.fround(slices.reduce((sum, one) => sum + one, 0) / slices.length);
  return filter.map((line) =>
    line.map((weight) => (Array.isArray(weight) ? mean(weight) : [weight, weight, weight])),
  );
}

/** Rows of weights, or of channels of weights, as twin/convolution.js takes them. */
export function flatFilter(filter) {
  const weights = Float32Array.from(filter.flat(2));
  const height = filter.length,
    width = filter[0].length;
  return { height, width, channels: weights.length / height / width, weights };
}

function isDeep(filter) {
  return Array.isArray(filter[0][0]);
}

/** The name of a preset as people write it. */
export function titleOf(name) {
  return (name[0].toUpperCase() + name.slice(1)).replaceAll("_", " ");
}

/** Whether the weights of a preset, one for all slices or one for each, are those of a filter. */
export function sameFilter(weights, filter) {
  const same = (weight, other) =>
    [other].flat().every((one, c) => Math.fround(one) === Math.fround(weight[c] ?? weight));
  return (
    weights.length === filter.length &&
    weights[0].length === filter[0].length &&
    weights.every((line, i) => line.every((weight, j) => same(weight, filter[i][j])))
  );
}

/** Keep the middle of the filter where it is; what is new is zero. */
export function resized(filter, size) {
  const zero = isDeep(filter) ? filter[0][0].map(() => 0) : 0;
  const up = Math.floor((size - 1) / 2) - Math.floor((filter.length - 1) / 2);
  const left = Math.floor((size - 1) / 2) - Math.floor((filter[0].length - 1) / 2);
  return Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (__, j) => filter[i - up]?.[j - left] ?? zero),
  );
}
