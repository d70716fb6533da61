// The fields of one layer of a list: its kind, its numbers, and buttons that move it or take it away.

import { choice, wholeNumber } from "./controls.js";
import { button, make, put } from "./dom.js";
import { paddingField, sidesField } from "./sides.js";
import { pairOf } from "./twin/layers.js";

const MANY = { least: 1, most: 4096 },
  SMALL = { least: 1, most: 32 },
  ZEROS = { least: 0, most: 32 };

/** A shape as people write it. */
export function shapeText(shape) {
  return shape.join(" × ");
}

export class LayerEditor {
  /**
   * @param {LayerChanges} changes
   * @param {number} index
   * @param {Object} hooks
   * @param {function(number, number): void} hooks.move - by the hand: (index, way)
   * @param {function(number): void} hooks.remove
   * @param {function(string): void} hooks.refuse - hears in words what cannot be set
   * @param {string[]} [hooks.activations] - what a layer can carry; then all settings are offered
   */
  constructor(changes, index, hooks) {
    Object.assign(this, { changes, hooks, controls: [] });
    const names = changes.kinds.map(({ title, entry }) => [entry.layer, title]);
    this.kind = choice("", names, (name) => changes.become(this.index, name), {
      "data-control": "kind",
    }).select;
    this.fields = make("div", { class: "cnnlab-fields cnnlab-layer-fields" });
    const quiet = (picture, onclick) => button("", { picture, quiet: true, onclick });
    this.up = quiet("up", () => hooks.move(this.index, -1));
    this.down = quiet("down", () => hooks.move(this.index, 1));
    this.away = quiet("away", () => hooks.remove(this.index));
    const buttons = make("span", { class: "cnnlab-layer-buttons" }, this.up, this.down, this.away);
    this.element = make("div", { class: "cnnlab-layer" }, this.kind, this.fields, buttons);
    this.#place(index);
  }

  /** What the parts are called to those who listen. */
  #place(index) {
    if (this.index === index) return;
    this.index = index;
    const number = `layer ${index + 1}`;
    put(this.kind, "ariaLabel", `Layer ${index + 1}: kind`);
    for (const [name, verb] of [
      ["up", "Move up"],
      ["down", "Move down"],
      ["away", "Remove"],
    ]) {
      put(this[name], "ariaLabel", `${verb} ${number}`);
      this[name].dataset.tip = `${verb} ${number}`;
    }
  }

  /** Focus the button that moves on in a way, or back where it ends. */
  focus(way) {
    const [first, second] = way < 0 ? [this.up, this.down] : [this.down, this.up];
    (first.disabled ? second : first).focus();
  }

  show(index = this.index) {
    this.#place(index);
    const layers = this.changes.read(),
      entry = layers[index];
    if (this.shown !== entry.layer) this.#build(entry);
    for (const control of this.controls) control.show();
    put(this.up, "disabled", index === 0);
    put(this.down, "disabled", index === layers.length - 1);
  }

  #build(entry) {
    this.shown = entry.layer;
    // A layer that is not offered, such as Dropout, keeps its place in the list while it is there.
    const offered = this.changes.kinds.length;
    while (this.kind.options.length > offered) this.kind.lastChild.remove();
    if (!this.changes.kinds.some((kind) => kind.entry.layer === entry.layer)) {
      this.kind.append(make("option", { value: entry.layer }, entry.layer));
    }
    put(this.kind, "value", entry.layer);
    this.controls = this.#controls(entry.layer);
    this.fields.replaceChildren(...this.controls.map((control) => control.element));
  }

  #controls(name) {
    const { changes, hooks } = this,
      { refuse, activations } = hooks;
    const entry = () => changes.read()[this.index];
    const write = (key) => (value, gesture) => changes.edit(this.index, { [key]: value }, gesture);
    const read = (key) => () => entry()[key];
    const whole = (key, words) =>
      wholeNumber(`layer-${key}`, words, MANY, read(key), write(key), refuse);
    const sides = (key, words, from = read(key)) =>
      sidesField(`layer-${key}`, words, SMALL, from, write(key), refuse);
    const padding = () =>
      paddingField("layer-padding", "p", ZEROS, {
        read: read("padding"),
        write: write("padding"),
        none: () => 0,
        refuse,
      });
    const parts = {
      Conv2D: () => [
        whole("filters", "filters"),
        sides("kernel_size", "f"),
        sides("stride", "s"),
        padding(),
        sides("dilation", "d"),
      ],
      MaxPool2D: () => [
        sides("window", "f"),
        sides("stride", "s", () => entry().stride ?? entry().window),
        this.#follows(entry),
        padding(),
      ],
      Dense: () => [whole("units", "units")],
    };
    parts.AvgPool2D = parts.MaxPool2D;
    const more = {
      Conv2D: () => [carried(activations, entry, write), ticked("bias", entry, write)],
      Dropout: () => [share(entry, write, refuse)],
      Maxout: () => [whole("pieces", "pieces")],
    };
    more.Dense = more.Conv2D;
    return [...(parts[name]?.() ?? []), ...((activations && more[name]?.()) ?? [])];
  }

  /** Whether a pooling's stride is that of its window, as where none is said. */
  #follows(entry) {
    const box = make("input", {
      type: "checkbox",
      "data-control": "layer-follows",
      onchange: () => {
        const { window } = entry();
        this.changes.edit(this.index, { stride: box.checked ? null : window });
      },
    });
    const element = make("label", { class: "cnnlab-field" }, box, make("span", {}, "s = f"));
    return { element, show: () => put(box, "checked", entry().stride === null) };
  }
}

/** The activation that a layer carries with it, or none. */
function carried(activations, entry, write) {
  const options = [["", "no activation"], ...activations.map((name) => [name, name])];
  const list = choice("", options, (name) => write("activation")(name || null), {
    "aria-label": "activation",
    "data-control": "layer-activation",
  });
  return { element: list.element, show: () => put(list.select, "value", entry().activation ?? "") };
}

function ticked(key, entry, write) {
  const box = make("input", {
    type: "checkbox",
    "data-control": `layer-${key}`,
    onchange: () => write(key)(box.checked),
  });
  const element = make("label", { class: "cnnlab-field" }, box, make("span", {}, key));
  return { element, show: () => put(box, "checked", entry()[key]) };
}

/** A share as whole percent: of Dropout. */
function share(entry, write, refuse) {
  const percent = () => Math.round(100 * entry().rate);
  const set = (value, gesture) => write("rate")(value / 100, gesture);
  return wholeNumber("layer-rate", "drops %", { least: 0, most: 99 }, percent, set, refuse);
}

/** A window as people write it: 3, or 3 × 5. */
function sideText(value) {
  const [down, across] = pairOf(value);
  return down === across ? String(down) : `${down} × ${across}`;
}

/** A layer in a few words. */
export function layerText(entry) {
  const size = sideText(entry.kernel_size ?? entry.window ?? 1),
    stride = sideText(entry.stride ?? entry.window ?? 1);
  const names = { Conv2D: "convolution", MaxPool2D: "max pooling", AvgPool2D: "average pooling" };
  const name = names[entry.layer];
  if (!name) return entry.layer;
  const dilation = entry.dilation && sideText(entry.dilation) !== "1";
  return `${name} ${size}, stride ${stride}${dilation ? `, dilation ${sideText(entry.dilation)}` : ""}`;
}
