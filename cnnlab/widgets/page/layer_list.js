// A list of layers to add, edit, move and take away, what comes out of each between them.

import { button, make, put } from "./dom.js";
import { LayerChanges } from "./layer_changes.js";
import { LayerEditor, shapeText } from "./layer_editor.js";

export class LayerList {
  /**
   * @param {Session} session - has the setting `layers`, and `chain` as twin/layers.js lays it out
   */
  constructor(session) {
    this.session = session;
    this.changes = new LayerChanges(
      session.facts.settings.layers,
      () => session.settings.layers,
      (layers, gesture) => session.change({ layers }, gesture),
    );
    this.rows = [];
    this.list = make("ol", { class: "cnnlab-layers", "aria-label": "Layers" });
    this.input = make("p", { class: "cnnlab-layer-size", "data-role": "input-size" });
    this.adders = this.changes.kinds.map(({ title, entry }) =>
      button(`+ ${title}`, {
        "aria-label": `Add: ${title}`,
        onclick: () => this.changes.add(entry),
      }),
    );
    const adding = {
      class: "cnnlab-fields",
      role: "group",
      "aria-label": "Add a layer at the end",
    };
    this.element = make(
      "div",
      { class: "cnnlab-layer-list" },
      this.input,
      this.list,
      make("div", adding, ...this.adders),
    );
  }

  /** @param {number[]} shape - of what enters */
  show(shape) {
    const { layers } = this.session.settings,
      { chain } = this.session;
    put(this.input, "textContent", `Image: ${shapeText(shape)}`);
    while (this.rows.length > layers.length) this.rows.pop().element.remove();
    while (this.rows.length < layers.length) {
      this.rows.push(new LayerRow(this, this.rows.length));
      this.list.append(this.rows.at(-1).element);
    }
    for (const [k, row] of this.rows.entries()) row.show(chain[k]);
    for (const adder of this.adders) put(adder, "disabled", this.changes.full);
  }

  move(index, way) {
    if (this.changes.move(index, way)) this.rows[index + way].editor.focus(way);
  }

  remove(index) {
    this.changes.remove(index);
    const next = this.rows[Math.min(index, this.rows.length - 1)];
    (next?.editor.away ?? this.adders[0]).focus();
  }
}

class LayerRow {
  constructor(list, index) {
    Object.assign(this, { list, index });
    this.editor = new LayerEditor(list.changes, index, {
      move: (from, way) => list.move(from, way),
      remove: (one) => list.remove(one),
      refuse: (words) => list.session.emit("notice", words),
    });
    this.size = make("p", { class: "cnnlab-layer-size", "data-role": "layer-size" });
    this.element = make(
      "li",
      { onkeydown: (event) => this.#key(event) },
      this.editor.element,
      this.size,
    );
  }

  /** Alt with an arrow moves the layer, whatever part of it has the focus. */
  #key(event) {
    const way = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!event.altKey || !way) return;
    event.preventDefault();
    this.list.move(this.index, way);
  }

  /** @param {{shape: number[], field: number[], error: string} | undefined} found */
  show(found) {
    this.editor.show();
    put(this.size.dataset, "state", !found ? "idle" : found.error ? "bad" : "fine");
    put(this.size, "textContent", sizeInWords(found));
  }
}

/** What comes out of a layer, or why nothing does. */
function sizeInWords(found) {
  if (!found) return "Nothing arrives here: a layer above does not fit.";
  if (found.error) return found.error;
  return `↓ ${shapeText(found.shape)}, each number sees ${shapeText(found.field)} pixels of the image`;
}
