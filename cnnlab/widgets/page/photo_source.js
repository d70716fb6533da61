// Where a picture comes from: a list of samples, a file, the webcam, a drawing pad.

import { Camera, FILM } from "./camera.js";
import { buttons, choice } from "./controls.js";
import { button, make } from "./dom.js";
import { FACTS } from "./facts.js";
import { figure } from "./figure.js";
import { numbersOver } from "./overlay.js";
import { Picture } from "./paint.js";
import { coloursOf, greysOf } from "./photo.js";

const PAD_SIDE = 128; // pixels of the drawing pad
const PEN = 6; // pixels that its pen is wide, unless a widget says otherwise

/** The picture itself with its title, and the controls that bring another one. */
export class PhotoPanel {
  constructor(session) {
    this.session = session;
    this.picture = new Picture("input", "The picture");
    this.sample = choice(
      "Picture",
      [["", "Your own"], ...session.facts.samples],
      (name) => name && session.openSample(name),
      { "data-control": "sample" },
    );
    this.file = make("input", {
      type: "file",
      accept: ["image/*", ...FACTS.suffixes].join(),
      hidden: true,
      "data-control": "file",
      onchange: () => {
        this.#open(this.file.files[0]);
        this.file.value = "";
      },
    });
    this.upload = button("Upload", { picture: "upload", onclick: () => this.file.click() });
    this.sources = [
      new Source(this, "Webcam", "camera", Webcam),
      new Source(this, "Draw", "pencil", DrawingPad),
    ];
    const options = [
      [false, "Grey"],
      [true, "Colour"],
    ];
    this.colour = buttons(session, "colour", "Channels of the picture", options, (colour) =>
      session.fitted(colour),
    );
    this.live = make("div", { class: "cnnlab-fields", hidden: true });
    const attributes = { "data-role": "input-figure" };
    this.figure = figure([], attributes, this.picture.element, this.live);
    this.caption = this.figure.firstChild;
    const { canvas } = this.picture;
    canvas.addEventListener("dragover", (event) => event.preventDefault());
    canvas.addEventListener("drop", (event) => {
      event.preventDefault();
      this.#open(event.dataTransfer.files[0]);
    });
  }

  /** What goes into a toolbar. */
  get controls() {
    const sources = this.sources.map(({ opener }) => opener);
    return [this.sample.element, this.upload, this.file, ...sources, this.colour.element];
  }

  #open(file) {
    if (!file) return;
    this.stopLive();
    this.session.openFile(file);
  }

  /** Show words and buttons of a source that runs. */
  startLive(words, ...controls) {
    this.live.replaceChildren(make("span", { class: "cnnlab-hint" }, words), ...controls);
    this.live.hidden = false;
  }

  stopLive() {
    for (const source of this.sources) source.stop();
    this.live.hidden = true;
  }

  /** Follow the settings: another picture, or the same in colour or as grey. */
  show() {
    this.colour.show();
    const { about } = this.session.picture,
      image = this.session.image();
    const { select } = this.sample;
    select.value = about.sample ?? about.pattern ?? "";
    if (select.selectedIndex < 0) select.value = ""; // its name is no choice of the list
    if (image === this.shown) return;
    this.shown = image;
    this.colour.element.hidden = about.channels !== 3 || this.session.facts.greyOnly;
    this.picture.paintPhotograph(image, about.white);
    const { height, width, channels } = image;
    const size = ` ${height} × ${width}${channels === 3 ? " × 3" : ""}`;
    this.caption.replaceChildren(make("strong", {}, "Picture"), size);
    const name = about.sample ? `, ${about.sample}` : "";
    const kind = channels === 3 ? "three channels" : "grey";
    const label = `The picture${name}: ${height} rows, ${width} columns, ${kind}`;
    this.picture.canvas.setAttribute("aria-label", label);
    this.numbers = numbersOver(this.picture, image.values, channels, 2);
  }

  dispose() {
    for (const source of this.sources) source.dispose();
  }
}

/** A button that starts and stops a source of moving pictures. */
class Source {
  constructor(panel, words, picture, Kind) {
    Object.assign(this, { panel, Kind });
    const attributes = { picture, "aria-pressed": "false", onclick: () => this.#toggle() };
    this.opener = button(words, attributes);
  }

  async #toggle() {
    const on = this.running;
    this.panel.stopLive();
    if (on) return;
    const source = new this.Kind(this.panel);
    this.running = source;
    const started = await source.start();
    if (this.running !== source || this.closed) source.stop();
    else if (!started) this.running = null;
    else this.opener.setAttribute("aria-pressed", "true");
  }

  stop() {
    this.running?.stop();
    this.running = null;
    this.opener.setAttribute("aria-pressed", "false");
  }

  dispose() {
    this.closed = true;
    this.stop();
  }
}

/** Pictures from the camera, one whenever the last has been painted. */
class Webcam {
  constructor(panel) {
    this.panel = panel;
    this.session = panel.session;
    this.camera = new Camera();
    this.gesture = { held: true };
    this.last = null;
  }

  async start() {
    const trouble = await this.camera.open();
    if (trouble) this.session.emit("notice", trouble);
    if (trouble || this.stopped) return false;
    this.session.emit("notice", "");
    this.context = make("canvas", FILM).getContext("2d", { willReadFrequently: true });
    const freeze = button("Freeze", { onclick: () => this.panel.stopLive() });
    this.panel.startLive("Live from the webcam.", freeze);
    this.#grab();
    return true;
  }

  #grab() {
    if (this.stopped) return;
    this.next = requestAnimationFrame(() => this.#grab());
    if (!this.camera.ready || !this.session.scene.ready) return;
    const { width, height } = FILM;
    this.context.drawImage(this.camera.video, 0, 0, width, height);
    const bytes = coloursOf(this.context.getImageData(0, 0, width, height));
    this.last = { height, width, channels: 3, bytes };
    this.#show(false);
  }

  #show(rest) {
    const { gesture, session } = this;
    session.showPicture(this.last, { gesture, rest, colour: session.settings.colour });
  }

  stop() {
    this.stopped = true;
    cancelAnimationFrame(this.next);
    this.camera.close();
    if (this.last) this.#show(true);
    this.gesture.held = false;
  }
}

const STROKES = { ArrowUp: [0, -2], ArrowDown: [0, 2], ArrowLeft: [-2, 0], ArrowRight: [2, 0] };

/** White ink on black, by mouse, finger or arrow keys; every stroke is one step further. */
class DrawingPad {
  constructor(panel) {
    Object.assign(this, { panel, session: panel.session, surface: panel.picture.canvas });
    this.gesture = { held: true };
    this.pen = { x: PAD_SIDE / 2, y: PAD_SIDE / 2 };
    this.listeners = new AbortController();
    const pad = make("canvas", { width: PAD_SIDE, height: PAD_SIDE });
    this.context = pad.getContext("2d", { willReadFrequently: true });
    const { pen: lineWidth = PEN } = this.session.facts;
    const look = { lineCap: "round", lineJoin: "round", lineWidth };
    Object.assign(this.context, { ...look, strokeStyle: "#fff", fillStyle: "#000" });
  }

  start() {
    const { surface, panel, pen } = this;
    const on = (name, act) =>
      surface.addEventListener(name, act, { signal: this.listeners.signal });
    let down = false;
    on("pointerdown", (event) => {
      event.preventDefault();
      surface.focus();
      surface.setPointerCapture(event.pointerId);
      down = true;
      Object.assign(pen, this.#place(event));
      this.#stroke({ x: pen.x + 0.01, y: pen.y });
    });
    on("pointermove", (event) => down && this.#stroke(this.#place(event)));
    for (const name of ["pointerup", "pointercancel"]) {
      on(name, () => {
        down = false;
      });
    }
    on("keydown", (event) => this.#key(event));
    panel.startLive(
      "Draw on the picture; by keyboard with the arrow keys (Shift moves the pen without ink).",
      button("Clear", { onclick: () => this.#clear() }),
      button("Done", { onclick: () => panel.stopLive() }),
    );
    surface.classList.add("cnnlab-drawing");
    surface.setAttribute("tabindex", 0);
    this.#clear();
    surface.focus();
    return true;
  }

  #place(event) {
    const box = this.surface.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * PAD_SIDE,
      y: ((event.clientY - box.top) / box.height) * PAD_SIDE,
    };
  }

  #key(event) {
    const way = STROKES[event.key];
    if (!way) return;
    event.preventDefault();
    const inside = (at) => Math.max(0, Math.min(PAD_SIDE, at));
    const to = { x: inside(this.pen.x + way[0]), y: inside(this.pen.y + way[1]) };
    if (event.shiftKey) Object.assign(this.pen, to);
    else this.#stroke(to);
  }

  #stroke(to) {
    this.context.beginPath();
    this.context.moveTo(this.pen.x, this.pen.y);
    this.context.lineTo(to.x, to.y);
    this.context.stroke();
    Object.assign(this.pen, to);
    this.#show();
  }

  #clear() {
    this.context.fillRect(0, 0, PAD_SIDE, PAD_SIDE);
    this.#show();
  }

  #show(rest = false) {
    const bytes = greysOf(this.context.getImageData(0, 0, PAD_SIDE, PAD_SIDE));
    const picture = { height: PAD_SIDE, width: PAD_SIDE, channels: 1, bytes };
    this.session.showPicture(picture, { gesture: this.gesture, rest });
  }

  stop() {
    this.listeners.abort();
    this.surface.classList.remove("cnnlab-drawing");
    this.surface.removeAttribute("tabindex");
    this.#show(true);
    this.gesture.held = false;
  }
}
