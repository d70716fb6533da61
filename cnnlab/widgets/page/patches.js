// What a unit responds to most strongly in the data set: whole images, its field framed on each.

import { make, put } from "./dom.js";
import { counted, numberText } from "./numbers.js";
import { frameOver } from "./overlay.js";
import { Picture } from "./paint.js";

const PATIENCE = 500; // milliseconds after which it is said how far the search is
const NO_DATA = "Without a data set there are no patches; hand one over as data=...";
const NO_UNIT = "Choose a map to see what it responds to.";
const LATER = "The kernel looks through the data set.";
const NOTHING = "This unit responds to nothing in these images.";

export class Patches {
  constructor(session) {
    this.session = session;
    this.words = make("p", { class: "cnnlab-hint", role: "status", "data-role": "search" });
    this.bar = make("progress", { max: 1, "aria-label": "Search through the data set" });
    this.strip = make("ol", { class: "cnnlab-patches", "aria-label": "Strongest patches" });
    this.tiles = [];
    this.element = make(
      "section",
      { "aria-label": "Strongest patches", "data-role": "patches" },
      make("h3", {}, "Strongest patches"),
      this.words,
      this.bar,
      this.strip,
    );
  }

  show() {
    const { session } = this,
      { facts, settings, strongest } = session;
    const found = strongest?.found ?? [];
    const going = strongest && strongest.done < strongest.count;
    const slow = going && performance.now() - session.began > PATIENCE;
    put(this.bar, "hidden", !slow);
    if (slow) put(this.bar, "value", strongest.done / strongest.count);
    put(this.words, "textContent", this.#said(facts, settings, strongest, slow));
    put(this.strip, "hidden", !found.length);
    while (this.tiles.length < found.length) this.#add();
    for (const [k, tile] of this.tiles.entries()) {
      put(tile.item, "hidden", k >= found.length);
      if (k < found.length) this.#fill(tile, found[k]);
    }
  }

  #said(facts, { unit }, strongest, slow) {
    if (!facts.data) return NO_DATA;
    if (unit === null) return NO_UNIT;
    if (!strongest) return LATER;
    const { done, count, found } = strongest;
    if (slow) return `${done} of ${count} images looked through.`;
    if (found.every(({ activation }) => !(activation > 0))) return NOTHING;
    const images = counted(count, "image");
    return `The ${found.length} images of ${images} to which it responds most strongly, its field framed.`;
  }

  #add() {
    const picture = new Picture("patch", "");
    const words = make("span", {});
    const act = () => this.session.openExample(tile.image);
    const attributes = { type: "button", class: "cnnlab-patch", onclick: act };
    const item = make("li", {}, make("button", attributes, picture.element, words));
    const tile = { picture, words, item };
    this.tiles.push(tile);
    this.strip.append(item);
  }

  #fill(tile, { part, image, name, activation, box }) {
    const { picture } = tile,
      { height, width, channels, steps } = part;
    tile.image = image;
    if (tile.part !== part) {
      tile.part = part;
      const values = Float32Array.from(steps, (byte) => byte / 255);
      picture.paintPhotograph({ height, width, channels, values }, 1);
    }
    const [down, across] = [
      height / this.session.facts.input[0],
      width / this.session.facts.input[1],
    ];
    const [top, left, bottom, right] = box;
    const field = {
      top: top * down,
      left: left * across,
      height: (bottom - top) * down,
      width: (right - left) * across,
    };
    picture.overlay.replaceChildren(...frameOver(picture, field));
    put(tile.words, "textContent", `${numberText(activation, 2)}: image ${image}, ${name}`);
    const rows = `rows ${top} to ${bottom - 1}, columns ${left} to ${right - 1}`;
    const label = `Image ${image}, ${name}: ${numberText(activation, 2)} at ${rows}. Take it for the picture.`;
    put(tile.item.firstChild, "ariaLabel", label);
  }
}
