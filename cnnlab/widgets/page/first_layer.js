// The filters of the first convolution, and what they make of one picture, as they change.

import { make, put } from "./dom.js";
import { numberText } from "./numbers.js";
import { Picture } from "./paint.js";

/** Pictures of three bytes a pixel: red, green and blue. */
export function paintColours(picture, { height, width, pixels }) {
  const values = Float32Array.from(pixels, (byte) => byte / 255);
  picture.paintPhotograph({ height, width, channels: 3, values }, 1);
}

export class FirstLayer {
  constructor(name) {
    this.name = name ? `, ${name}` : "";
    this.image = new Picture("image", `The picture${this.name}`);
    this.says = make("p", { class: "cnnlab-hint", "data-role": "says" });
    this.tiles = [];
    this.pairs = make("div", { class: "cnnlab-first-pairs" });
    this.title = make("strong", {});
    this.element = make(
      "div",
      { class: "cnnlab-first", "data-role": "first-layer" },
      this.title,
      make(
        "div",
        { class: "cnnlab-first-parts" },
        make("div", { class: "cnnlab-first-image" }, this.image.element, this.says),
        this.pairs,
      ),
    );
  }

  show({ about, filters, maps }, image, classes, palette) {
    if (image !== this.seen) paintColours(this.image, image);
    this.seen = image;
    const { label, says } = about.picture;
    const words = `It is ${classes[label]}; the network says ${classes[says]}.`;
    put(this.says, "textContent", words);
    put(this.title, "textContent", filters ? `Filters of ${filters.layer}, and their maps` : "");
    if (!filters) return;
    while (this.tiles.length < filters.count) this.#tile(this.tiles.length);
    for (const [k, tile] of this.tiles.entries()) {
      for (const [role, { height, width, steps, limit }] of Object.entries({ filters, maps })) {
        const part = steps.subarray(k * height * width, (k + 1) * height * width);
        tile[role].paint({ height, width, steps: part, palette }, "kernel");
        const noun = role === "filters" ? "Filter" : "Map";
        const told = `${noun} ${k}${this.name}, colours up to ${numberText(limit, 2)}`;
        put(tile[role].canvas, "ariaLabel", told);
      }
    }
  }

  #tile(k) {
    const tile = { filters: new Picture("filter", ""), maps: new Picture("map", "") };
    this.tiles.push(tile);
    const number = make("span", { class: "cnnlab-hint", "aria-hidden": "true" }, String(k));
    const parts = [tile.filters.element, tile.maps.element, number];
    this.pairs.append(make("div", { class: "cnnlab-first-pair" }, ...parts));
  }
}
