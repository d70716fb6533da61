// One class of a recorder: its name, the button that records, its pictures to leaf through.

import { button, make, put, space } from "./dom.js";
import { HoldButton } from "./holding.js";
import { counted } from "./numbers.js";
import { paintSquare } from "./square.js";

const BACK = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

export class RecorderClass {
  /** @param {Object} hands - record(key, held), files(key, files), rename, away, remove, say */
  constructor(session, key, hands) {
    Object.assign(this, { session, key, hands, chosen: null });
    this.tiles = new Map(); // key of a picture -> canvas
    this.groups = new Map(); // key of a recording -> its parts
    this.name = make("input", {
      class: "cnnlab-recorder-text cnnlab-recorder-name",
      "data-control": "class-name",
      maxlength: 40,
      onchange: () => hands.rename(key, this.name.value),
      onkeydown: (event) => event.key === "Enter" && this.name.blur(),
    });
    this.count = make("span", { class: "cnnlab-hint", "data-role": "count" });
    this.hold = new HoldButton("Hold to record", {
      picture: "record",
      onhold: () => hands.record(key, true),
      onrelease: () => hands.record(key, false),
    });
    this.file = make("input", {
      type: "file",
      multiple: true,
      accept: hands.accept,
      hidden: true,
      "data-control": "files",
      onchange: () => {
        hands.files(key, [...this.file.files]);
        this.file.value = "";
      },
    });
    const quiet = (words, picture, onclick) => button(words, { picture, quiet: true, onclick });
    this.away = quiet("Remove class", "away", () => hands.away(key));
    this.back = quiet("Previous picture", "back", () => this.#step(-1));
    this.ahead = quiet("Next picture", "forward", () => this.#step(1));
    this.which = make("span", { "data-role": "which" });
    this.drop = button("Delete picture", { onclick: () => this.#remove() });
    this.leaf = make(
      "div",
      { class: "cnnlab-fields" },
      make("span", { class: "cnnlab-together" }, this.back, this.ahead),
      this.which,
      this.drop,
    );
    this.sheet = make("div", {
      class: "cnnlab-recorder-sheet",
      role: "group",
      tabindex: 0,
      onkeydown: (event) => this.#key(event),
    });
    this.upload = button("Upload", { picture: "upload", onclick: () => this.file.click() });
    this.element = make(
      "section",
      { class: "cnnlab-recorder-class", "data-role": "class" },
      make("div", { class: "cnnlab-fields" }, this.name, this.count, space(), this.away),
      make("div", { class: "cnnlab-fields" }, this.hold.element, this.upload, this.file),
      this.leaf,
      this.sheet,
    );
    this.element.addEventListener("dragover", (event) => event.preventDefault());
    this.element.addEventListener("drop", (event) => {
      event.preventDefault();
      hands.files(key, [...event.dataTransfer.files]);
    });
  }

  /** Follow the album. @param {Recorded[]} pictures - of this class */
  show(name, pictures, removable) {
    // Whoever looks at the newest goes on to.
    const newest = !this.chosen || this.chosen === this.pictures?.at(-1)?.key;
    this.pictures = pictures;
    if (document.activeElement !== this.name) put(this.name, "value", name);
    put(this.element, "ariaLabel", `Class ${name}`);
    put(this.name, "ariaLabel", `Name of the class ${name}`);
    put(this.hold.element, "ariaLabel", `Hold to record ${name}`);
    put(this.upload, "ariaLabel", `Upload pictures of ${name}`);
    put(this.away, "ariaLabel", `Remove the class ${name}`);
    put(this.away, "disabled", !removable);
    const recordings = Map.groupBy(pictures, ({ recording }) => recording);
    const words = pictures.length
      ? `${counted(pictures.length, "picture")} in ${counted(recordings.size, "recording")}`
      : "no pictures yet";
    put(this.count, "textContent", words);
    if (newest || !pictures.some(({ key }) => key === this.chosen)) {
      this.chosen = pictures.at(-1)?.key;
    }
    this.#showGroups(recordings, name);
    this.#showChosen();
    put(this.leaf, "hidden", !pictures.length);
    put(this.sheet, "hidden", !pictures.length);
    put(this.sheet, "ariaLabel", `Pictures of ${name}: arrow keys leaf, Delete deletes`);
  }

  #showGroups(recordings, name) {
    for (const [recording, { element }] of this.groups) {
      if (recordings.has(recording)) continue;
      element.remove();
      this.groups.delete(recording);
    }
    let number = 0;
    for (const [recording, pictures] of recordings) {
      number += 1;
      let group = this.groups.get(recording);
      if (!group) {
        group = this.#group(recording);
        this.groups.set(recording, group);
        this.sheet.append(group.element);
      }
      const held = this.session.held.has(recording);
      const told = `Recording ${number} · ${counted(pictures.length, "picture")}`;
      put(group.words, "textContent", held ? `${told} · held out` : told);
      put(group.element.dataset, "held", String(held));
      put(group.drop, "ariaLabel", `Delete recording ${number} of ${name}`);
      const tiles = pictures.map((one) => this.#tile(one));
      if (tiles.length !== group.tiles.children.length || tiles[0] !== group.tiles.firstChild) {
        group.tiles.replaceChildren(...tiles);
      }
    }
    const there = new Set(this.pictures.map(({ key }) => key));
    for (const key of this.tiles.keys()) if (!there.has(key)) this.tiles.delete(key);
  }

  #group(recording) {
    const words = make("span", {});
    const of = () => this.pictures.filter((one) => one.recording === recording);
    const drop = button("Delete recording", {
      picture: "away",
      quiet: true,
      onclick: () => this.hands.remove(of()),
    });
    const tiles = make("div", { class: "cnnlab-recorder-tiles" });
    const head = make("div", { class: "cnnlab-recorder-head" }, words, drop);
    const attributes = { class: "cnnlab-recorder-recording", "data-role": "recording" };
    return { words, drop, tiles, element: make("div", attributes, head, tiles) };
  }

  #tile({ key, pixels }) {
    let tile = this.tiles.get(key);
    if (!tile) {
      const choose = () => this.#choose(key);
      tile = make("canvas", {
        class: "cnnlab-recorder-tile",
        "aria-hidden": "true",
        onclick: choose,
      });
      this.tiles.set(key, tile);
    }
    if (pixels && !tile.painted) {
      paintSquare(tile, this.session.shape, pixels);
      tile.painted = true;
    }
    return tile;
  }

  get #place() {
    return this.pictures.findIndex(({ key }) => key === this.chosen);
  }

  #choose(key) {
    this.chosen = key;
    this.#showChosen();
    this.hands.say(this.which.textContent);
  }

  #step(way) {
    const to = this.pictures[this.#place + way];
    if (to) this.#choose(to.key);
  }

  #showChosen() {
    const place = this.#place;
    put(this.which, "textContent", `Picture ${place + 1} of ${this.pictures.length}`);
    put(this.back, "disabled", place <= 0);
    put(this.ahead, "disabled", place + 1 >= this.pictures.length);
    for (const [key, tile] of this.tiles) {
      tile.classList.toggle("cnnlab-recorder-here", key === this.chosen);
    }
    const tile = this.tiles.get(this.chosen);
    if (!tile) return;
    const { offsetTop: top, offsetHeight: height } = tile, // of the sheet: it is positioned
      { scrollTop, clientHeight } = this.sheet;
    if (top < scrollTop) this.sheet.scrollTop = top;
    else if (top + height > scrollTop + clientHeight) {
      this.sheet.scrollTop = top + height - clientHeight;
    }
  }

  #remove() {
    const place = this.#place,
      one = this.pictures[place];
    if (!one) return;
    this.chosen = (this.pictures[place + 1] ?? this.pictures[place - 1])?.key;
    this.hands.remove([one]);
  }

  #key(event) {
    const way = BACK[event.key];
    if (!way && event.key !== "Delete") return;
    if (event.target !== this.sheet) return;
    event.preventDefault();
    if (way) this.#step(way);
    else this.#remove();
  }
}
