// What every widget shares on the page: the line to the kernel, a session with undo, painting,
// number grids, spoken changes. Plain ES module, no build step; joined with the widget's own file
// by _base.py.

import { PALETTES } from "./_palettes.js";

const PATIENCE = 1500; // milliseconds without an answer after which the browser computes alone
const STORE_AFTER = 300; // milliseconds of rest after which the settings are stored
const RATE = 30 / 1000; // pictures a millisecond that are worth having requests in flight for
const QUEUED = 15; // milliseconds beyond the fastest trip that tell of a queue on the way
const CALM = 10; // trips without a queue after which, once there was one, another request is tried
const FAR = 50; // milliseconds of a trip from which on it pays to choose the moment of asking
const NEXT = 20; // milliseconds within which a hand that moves has moved again

// --- Elements -----------------------------------------------------------------------------------

/** Make an element: attributes by name, listeners by on..., children as text or elements. */
export function make(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) element.setAttribute(name, value === true ? "" : value);
  }
  // JupyterLab takes arrow keys and Enter from whatever has the focus, unless that very element objects.
  if (TAKES_KEYS.has(tag) || "tabindex" in attributes) element.setAttribute("data-lm-suppress-shortcuts", "true");
  element.append(...children.filter((child) => child != null));
  return element;
}

/** Set a property only if it changes: what stays the same then costs no style, layout or drawing. */
export function put(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

const TAKES_KEYS = new Set(["button", "input", "select", "textarea"]);
const SVG_TAGS = new Set(["svg", "path", "rect", "g", "text", "pattern", "line", "defs"]);

const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H7",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H9",
  reset: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  upload: "M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3",
  camera: "M1.5 4.5h9v7h-9zM10.5 7l4-2v6l-4-2",
  pencil: "M2.5 13.5l1-3.5 7.5-7.5 2.5 2.5L6 12.5zM9.5 4l2.5 2.5",
  code: "M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5",
};

export function icon(name) {
  return make("svg", { viewBox: "0 0 16 16", class: "cnnlab-icon", "aria-hidden": "true" },
    make("path", { d: ICONS[name] }));
}

/** A button with a picture, words, or both; what is only a picture gets its words as a tooltip. */
export function button(words, { picture, quiet = false, ...attributes }) {
  return make("button", {
    type: "button", class: `cnnlab-button${quiet ? " cnnlab-quiet" : ""}`,
    "aria-label": quiet ? words : null, "data-tip": quiet ? words : null, ...attributes,
  }, picture ? icon(picture) : null, quiet ? null : words);
}

/** A labelled choice: options are [value, words] pairs. */
export function choice(words, options, onchoose, attributes = {}) {
  const select = make("select", { class: "cnnlab-select", ...attributes },
    ...options.map(([value, text]) => make("option", { value }, text)));
  select.addEventListener("change", () => onchoose(select.value));
  return { select, element: make("label", { class: "cnnlab-field" }, make("span", {}, words), select) };
}

/** A few choices side by side, one of them pressed. */
export function segments(words, options, onchoose) {
  const buttons = new Map(options.map(([value, text, tip]) => [value,
    make("button", { type: "button", class: "cnnlab-segment", "data-tip": tip, "aria-label": tip, "aria-pressed": "false",
      onclick: () => onchoose(value) }, text)]));
  return {
    element: make("div", { class: "cnnlab-segments", role: "group", "aria-label": words }, ...buttons.values()),
    buttons,
    show(chosen) {
      for (const [value, part] of buttons) put(part, "ariaPressed", String(value === chosen));
    },
  };
}

// --- Numbers as text ----------------------------------------------------------------------------

/** Write a number with a true minus and at most `digits` decimals. */
export function numberText(value, digits = 3) {
  if (value === null || Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size >= 1e5 || (size > 0 && size < 0.5 * 10 ** -digits)) {
    return value.toExponential(1).replace("e+", "e").replaceAll("-", "−");
  }
  const text = String(Number(size.toFixed(size >= 100 ? Math.min(digits, 1) : digits)));
  return (value < 0 ? "−" : "") + text;
}

/** Read what a person types: 0.5, ,5, −1, 1/9, 1e-3. Returns null for anything else. */
export function readNumber(text) {
  const plain = text.trim().replaceAll("−", "-").replaceAll(",", ".");
  const number = "([+-]?(?:\\d+\\.?\\d*|\\.\\d+)(?:e[+-]?\\d+)?)";
  const parts = plain.match(new RegExp(`^${number}(?:\\s*/\\s*${number})?$`, "i"));
  if (!parts) return null;
  const value = Number(parts[1]) / (parts[2] === undefined ? 1 : Number(parts[2]));
  return Number.isFinite(value) ? value : null;
}

// --- The line to the kernel ---------------------------------------------------------------------

/**
 * Requests and answers. Each lane asks for one kind of thing; of what is asked while its requests
 * are in flight only the newest waits. When the kernel keeps silent, a lane answers by itself.
 */
export class Line {
  constructor(model, onalive) {
    this.model = model;
    this.onalive = onalive;
    this.client = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    this.seq = 0;
    this.alive = null; // not known yet
    this.fastest = Infinity; // trip, of late
    this.room = 1; // requests that may be in flight
    this.calm = 0; // trips since the last queue
    this.caution = 1; // calm trips that it takes to try another request
    this.narrowed = 0; // when there was less room the last time: what left before tells nothing new
    this.lanes = [];
    this.receive = (message, buffers) => this.#receive(message, buffers);
    model.on("msg:custom", this.receive);
  }

  lane(kind, handlers) {
    const lane = new Lane(this, kind, handlers);
    this.lanes.push(lane);
    return lane;
  }

  /**
   * Learn from a trip how many requests may be in flight: as many as thirty pictures a second need,
   * for more would wait for one another. The fastest trip is the way itself; what takes longer has
   * waited in a queue, where more requests would only make pictures older.
   */
  learn(trip, sent) {
    this.fastest = Math.min(trip, this.fastest * 1.01 + 0.1);
    const most = Math.min(6, Math.max(1, Math.round(this.fastest * RATE)));
    this.calm = trip > this.fastest + QUEUED ? 0 : this.calm + 1;
    if (this.calm === 0) {
      if (sent >= this.narrowed) {
        this.room = Math.max(1, this.room - 1);
        this.narrowed = performance.now();
      }
      this.caution = CALM;
    } else if (this.calm % this.caution === 0) this.room = Math.min(most, this.room + 1);
  }

  get far() {
    return this.fastest >= FAR && this.fastest < Infinity;
  }

  get waiting() {
    return this.lanes.reduce((sum, lane) => sum + lane.flying.size, 0);
  }

  watch() {
    clearTimeout(this.timer);
    if (this.waiting) this.timer = setTimeout(() => this.fail(), PATIENCE);
  }

  fail() {
    clearTimeout(this.timer);
    this.#live(false);
    for (const lane of this.lanes) lane.alone();
  }

  #live(alive) {
    if (this.alive === alive) return;
    this.alive = alive;
    this.onalive(alive);
  }

  #receive(message, buffers) {
    if (message?.client !== this.client) return; // for another page
    const lane = this.lanes.find((one) => one.flying.has(message.seq) || one.late.has(message.seq));
    if (!lane) return;
    const back = this.alive === false;
    this.#live(true);
    lane.receive(message, buffers);
    this.watch();
    // What the browser painted while the kernel was silent is asked again.
    if (back) for (const one of this.lanes) one.again();
  }

  dispose() {
    clearTimeout(this.timer);
    for (const lane of this.lanes) clearTimeout(lane.moving);
    this.model.off("msg:custom", this.receive);
    this.lanes = [];
  }
}

class Lane {
  constructor(line, kind, { onanswer, alone }) {
    Object.assign(this, { line, kind, onanswer, answerAlone: alone });
    this.flying = new Map(); // seq -> {asked, sent, ahead}
    this.late = new Set(); // given up, but an answer would show that the kernel is back
    this.want = this.last = null;
    this.sent = -Infinity; // when the last request left
  }

  /**
   * Ask; whatever was waiting to be asked is forgotten. A far kernel is asked at even distances,
   * and with a movement of the hand, for what waits while it moves on is not what it shows.
   */
  ask(body, buffers = []) {
    this.want = this.last = { body, buffers };
    clearTimeout(this.moving);
    this.moving = this.line.far && setTimeout(() => {
      this.moving = null;
      this.pump();
    }, NEXT);
    this.pump(performance.now() - this.sent >= this.line.fastest / this.line.room);
  }

  again() {
    if (this.last) this.ask(this.last.body, this.last.buffers);
  }

  get free() {
    return this.line.alive === false || this.flying.size < this.line.room;
  }

  pump(due = false) {
    if (!this.want) return;
    if (this.line.alive === false) return this.alone();
    if (this.flying.size >= this.line.room || (this.moving && !due)) return;
    const asked = this.want;
    this.want = null;
    this.#send(asked);
  }

  #send(asked) {
    const seq = ++this.line.seq, { client, model } = this.line;
    this.sent = performance.now();
    if (this.line.alive === false) this.late.add(seq);
    else this.flying.set(seq, { asked, sent: this.sent, ahead: this.flying.size });
    try {
      model.send({ kind: this.kind, client, seq, ...asked.body }, undefined, asked.buffers);
      if (this.line.waiting === 1) this.line.watch();
    } catch {
      if (this.line.alive !== false) this.line.fail(); // the kernel is gone for good
    }
  }

  receive(message, buffers) {
    const flight = this.flying.get(message.seq);
    this.late.delete(message.seq);
    // What was asked before needs no answer any more: an older picture is never painted over a newer.
    for (const seq of this.flying.keys()) if (seq <= message.seq) this.flying.delete(seq);
    if (flight) {
      const trip = performance.now() - flight.sent - message.busy * (1 + flight.ahead);
      this.line.learn(Math.max(0, trip), flight.sent);
      this.onanswer(message, buffers, flight.asked);
    }
    this.pump();
  }

  /** The kernel keeps silent: answer from the browser, once a picture, and try the kernel too. */
  alone() {
    const asked = this.want ?? (this.flying.size ? this.last : null);
    for (const seq of this.flying.keys()) this.late.add(seq);
    this.flying.clear();
    this.want = null;
    if (!asked) return;
    if (performance.now() - (this.tried ?? 0) > PATIENCE) {
      this.tried = performance.now();
      this.#send(asked);
    }
    this.asked = asked;
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      if (this.line.alive === false) this.answerAlone?.(this.asked);
    });
  }
}

// --- A session: settings, undo, and what is stored -----------------------------------------------

/** Undo and redo: situations, newest last. Changes of one gesture make one step. */
class History {
  constructor() {
    this.past = [];
    this.future = [];
  }

  remember(situation, gesture) {
    const now = performance.now();
    const same = gesture && gesture === this.gesture && (gesture.held || now - this.when < 800);
    this.gesture = gesture;
    this.when = now;
    this.future = [];
    if (same) return;
    this.past.push(situation);
    if (this.past.length > 200) this.past.shift();
  }

  step(from, to, now) {
    if (!from.length) return null;
    to.push(now);
    this.gesture = null;
    return from.pop();
  }
}

const SESSIONS = new Map();

/** The session of a model, shared by all its views; give it back with release(). */
export function sessionOf(model, Kind) {
  const key = model.get("_key");
  const entry = SESSIONS.get(key) ?? { session: new Kind(model), users: 0 };
  entry.users++;
  SESSIONS.set(key, entry);
  return {
    session: entry.session,
    release() {
      if (--entry.users) return;
      SESSIONS.delete(key);
      entry.session.dispose();
    },
  };
}

export class Session {
  constructor(model) {
    this.model = model;
    this.listeners = new Set();
    this.history = new History();
    this.settings = structuredClone(model.get("_settings").values);
    this.line = new Line(model, () => this.emit("alive"));
    this.heard = () => this.#hear();
    model.on("change:_settings", this.heard);
  }

  /** Call listener(topic, detail) at every change; returns how to stop. */
  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(topic, detail) {
    for (const listener of this.listeners) listener(topic, detail);
  }

  /** What undo brings back; a subclass adds its contents. */
  situation() {
    return { settings: this.settings };
  }

  restore({ settings }) {
    this.settings = settings;
    this.changed();
  }

  /** A change by hand. `gesture` is an object or a word that holds what is one step of undo. */
  change(patch, gesture = null) {
    this.history.remember(this.situation(), gesture);
    this.settings = { ...this.settings, ...patch };
    this.changed();
  }

  changed() {
    clearTimeout(this.storing);
    this.storing = setTimeout(() => this.store(), STORE_AFTER);
    this.emit("settings");
  }

  undo() {
    const back = this.history.step(this.history.past, this.history.future, this.situation());
    if (back) this.restore(back);
  }

  redo() {
    const ahead = this.history.step(this.history.future, this.history.past, this.situation());
    if (ahead) this.restore(ahead);
  }

  reset() {
    this.change(structuredClone(this.model.get("_initial")));
  }

  store() {
    const { client, seq } = this.line;
    this.save({ _settings: { client, seq, values: this.settings } });
  }

  save(traits) {
    try {
      for (const [name, value] of Object.entries(traits)) this.model.set(name, value);
      this.model.save_changes();
    } catch {
      // no kernel; the page goes on by itself
    }
  }

  #hear() {
    const { client, values } = this.model.get("_settings");
    if (client === this.line.client || JSON.stringify(values) === JSON.stringify(this.settings)) return;
    this.history.remember(this.situation(), "Python");
    this.settings = structuredClone(values);
    clearTimeout(this.storing);
    this.emit("settings");
  }

  dispose() {
    clearTimeout(this.storing);
    this.model.off("change:_settings", this.heard);
    this.line.dispose();
    this.listeners.clear();
  }
}

// --- Painting -----------------------------------------------------------------------------------

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function packed(red, green, blue) {
  return LITTLE_ENDIAN
    ? ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0
    : ((red << 24) | (green << 16) | (blue << 8) | 255) >>> 0;
}

/** The palettes of display.py: 256 colours each, as bytes and as whole pixels. */
export const COLOURS = Object.fromEntries(Object.entries(PALETTES).map(([name, palette]) => {
  const bytes = Uint8Array.from(atob(palette.colours), (letter) => letter.charCodeAt(0));
  const pixels = new Uint32Array(256);
  for (let k = 0; k < 256; k++) pixels[k] = packed(bytes[3 * k], bytes[3 * k + 1], bytes[3 * k + 2]);
  return [name, { ...palette, bytes, pixels }];
}));

/** A canvas that is painted pixel by pixel, and a drawing over it that leaves its pixels alone. */
export class Picture {
  constructor(role, label, attributes = {}) {
    this.canvas = make("canvas", { class: "cnnlab-canvas", "data-role": role, "data-frame": 0,
      role: "img", "aria-label": label, ...attributes });
    this.overlay = make("svg", { class: "cnnlab-overlay", "aria-hidden": "true" });
    this.element = make("div", { class: "cnnlab-picture" }, this.canvas, this.overlay);
    this.context = this.canvas.getContext("2d");
    this.resize(1, 1);
  }

  get width() {
    return this.canvas.width;
  }

  get height() {
    return this.canvas.height;
  }

  resize(height, width) {
    if (this.image && this.width === width && this.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.image = this.context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.overlay.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.element.style.setProperty("--ratio", width / height);
    this.element.classList.toggle("cnnlab-coarse", Math.max(width, height) <= 256);
  }

  /** Paint steps of a palette, one byte a pixel. */
  paint(height, width, steps, palette, source) {
    this.resize(height, width);
    const { pixels } = COLOURS[palette];
    for (let k = 0; k < steps.length; k++) this.pixels[k] = pixels[steps[k]];
    this.show(source);
  }

  /** Paint a photograph: values from 0 to `white`, one or three a pixel (display.photograph). */
  paintPhotograph({ height, width, channels, values }, white) {
    this.resize(height, width);
    const scale = Math.fround(255 / Math.fround(white));
    const byte = (value) => {
      const step = Math.fround(Math.fround(value * scale) + 0.5);
      return step >= 255 ? 255 : step > 0 ? step | 0 : 0;
    };
    for (let k = 0; k < height * width; k++) {
      const red = byte(values[k * channels]);
      this.pixels[k] = channels === 1 ? packed(red, red, red)
        : packed(red, byte(values[3 * k + 1]), byte(values[3 * k + 2]));
    }
    this.show("page");
  }

  show(source) {
    this.context.putImageData(this.image, 0, 0);
    this.canvas.dataset.source = source;
    this.canvas.dataset.frame = Number(this.canvas.dataset.frame) + 1;
  }

  /** Screen pixels that one pixel of the picture takes. */
  get scale() {
    return (this.canvas.clientWidth || this.width) / this.width;
  }

  /** The pixel under the pointer. */
  at(event) {
    const box = this.canvas.getBoundingClientRect();
    const inside = (share, size) => Math.max(0, Math.min(size - 1, Math.floor(share * size)));
    return {
      row: inside((event.clientY - box.top) / box.height, this.height),
      column: inside((event.clientX - box.left) / box.width, this.width),
    };
  }

  /** Colours of a pixel as painted, and black or white, whichever is read better on it. */
  inkAt(index) {
    const { data } = this.image;
    return inkOn(data[4 * index], data[4 * index + 1], data[4 * index + 2]);
  }
}

/** Black or white, whichever has more contrast on a colour (WCAG 2.2, relative luminance). */
export function inkOn(red, green, blue) {
  const linear = (byte) => (byte <= 10 ? byte / 3294.6 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return light > 0.179 ? "#000" : "#fff";
}

/** Background and ink of a number in a signed palette. */
export function colourOf(value, limit, palette) {
  const { bytes, signed } = COLOURS[palette];
  const share = value / (limit || 1);
  const step = Math.max(0, Math.min(254, Math.floor(signed ? share * 127 + 127.5 : share * 254 + 0.5)));
  const colour = Array.from(bytes.subarray(3 * step, 3 * step + 3));
  return { background: `rgb(${colour})`, ink: inkOn(...colour) };
}

// --- Numbers to change by hand ------------------------------------------------------------------

/**
 * A grid of numbers: type, drag sideways, or use the arrow keys. Up and down change a number
 * (Shift: more, Alt: less), left and right go to the next one, Ctrl with an arrow moves any way.
 */
export class NumberGrid {
  constructor(label, onchange, { step = 0.1, describe = (row, column) => `row ${row + 1}, column ${column + 1}` } = {}) {
    Object.assign(this, { onchange, step, describe, cells: [], values: [] });
    this.element = make("div", { class: "cnnlab-grid", role: "grid", "aria-label": label });
  }

  /** Show values (rows of numbers; null where there are several), coloured by colour(value). */
  update(values, colour, digits = 3) {
    const rows = values.length, columns = values[0].length;
    if (this.cells.length !== rows || this.cells[0]?.length !== columns) this.#build(rows, columns);
    this.values = values;
    values.forEach((line, row) => line.forEach((value, column) => {
      const cell = this.cells[row][column], { background, ink } = colour(value ?? 0);
      const look = `${value} ${background} ${ink}`;
      if (cell.look === look && !cell.typing) return; // what stays the same costs no drawing
      cell.look = look;
      const text = this.#text(value, digits);
      if (cell.value !== text && !cell.typing) cell.value = text;
      cell.setAttribute("aria-label", `${this.describe(row, column)}: ${value === null ? "several values" : numberText(value)}`);
      cell.title = value === null ? "differs between the channels" : String(value);
      cell.style.setProperty("--cell", background);
      cell.style.setProperty("--ink", ink);
    }));
  }

  /** Small cells leave out the zero before the point. */
  #text(value, digits = 3) {
    if (value === null) return "…";
    const text = numberText(value, digits);
    return this.cells.length > 5 || this.cells[0]?.length > 5 ? text.replace(/^(−?)0\./, "$1.") : text;
  }

  #build(rows, columns) {
    const [row, column] = this.here ?? [0, 0];
    this.here = [Math.min(row, rows - 1), Math.min(column, columns - 1)];
    this.cells = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (__, j) => this.#cell(i, j)));
    this.element.style.setProperty("--columns", columns);
    this.element.dataset.size = Math.max(rows, columns);
    this.element.replaceChildren(...this.cells.map((line) =>
      make("div", { role: "row", class: "cnnlab-row" },
        ...line.map((cell) => make("div", { role: "gridcell" }, cell)))));
  }

  #cell(row, column) {
    const first = this.here[0] === row && this.here[1] === column;
    const cell = make("input", {
      class: "cnnlab-number", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
      "data-row": row, "data-column": column, tabindex: first ? 0 : -1,
      onfocus: () => {
        this.#arrive(row, column);
        cell.before = this.values[row][column];
        if (!cell.scrubbing) cell.select();
      },
      onblur: () => this.#finish(cell, row, column),
      oninput: () => {
        cell.typing = true;
        const value = readNumber(cell.value);
        cell.classList.toggle("cnnlab-wrong", value === null);
        cell.setAttribute("aria-invalid", String(value === null));
        if (value !== null) this.onchange(row, column, value, `type ${row} ${column}`);
      },
      onkeydown: (event) => this.#key(event, cell, row, column),
      onmousedown: (event) => cell.typing || event.preventDefault(), // no caret while dragging
      onpointerdown: (event) => this.#press(event, cell, row, column),
    });
    return cell;
  }

  #arrive(row, column) {
    const [i, j] = this.here;
    this.cells[i]?.[j]?.setAttribute("tabindex", -1);
    this.here = [row, column];
    this.cells[row][column].setAttribute("tabindex", 0);
  }

  #finish(cell, row, column) {
    cell.typing = false;
    cell.classList.remove("cnnlab-wrong");
    cell.removeAttribute("aria-invalid");
    cell.value = this.#text(this.values[row][column]);
  }

  #set(row, column, value, gesture) {
    const tidy = Math.round(value * 1e4) / 1e4;
    this.cells[row][column].typing = false;
    this.onchange(row, column, tidy, gesture);
  }

  #key(event, cell, row, column) {
    const value = this.values[row][column] ?? 0;
    const factor = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    const up = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const walking = event.ctrlKey || event.metaKey;
    if (way && (walking || (way[0] === 0 && !cell.typing && !event.shiftKey))) {
      this.cells[row + way[0]]?.[column + way[1]]?.focus();
    } else if (up && !walking) {
      this.#set(row, column, value + up * factor * this.step, `key ${row} ${column}`);
      this.#selectSoon(cell);
    } else if ((event.key === "Home" || event.key === "End") && !cell.typing) {
      this.cells[row].at(event.key === "Home" ? 0 : -1).focus();
    } else if (event.key === "Enter") {
      this.#finish(cell, row, column);
      cell.select();
    } else if (event.key === "Escape" && cell.before !== undefined && cell.before !== null) {
      this.#set(row, column, cell.before, `type ${row} ${column}`);
      cell.select();
    } else {
      return;
    }
    event.preventDefault();
  }

  /** Select the text again before the next picture: doing it at once would lay out the page twice. */
  #selectSoon(cell) {
    this.selecting ??= requestAnimationFrame(() => {
      this.selecting = undefined;
      if (document.activeElement === cell && !cell.typing) cell.select();
    });
  }

  #press(event, cell, row, column) {
    if (event.button || cell.typing) return;
    const start = { x: event.clientX, y: event.clientY, value: this.values[row][column] ?? 0 };
    const gesture = { held: true };
    const move = (now) => {
      const way = now.clientX - start.x - (now.clientY - start.y);
      if (!cell.scrubbing && Math.abs(way) < 4) return;
      cell.scrubbing = true;
      cell.classList.add("cnnlab-scrubbing");
      now.preventDefault();
      const factor = now.shiftKey ? 10 : now.altKey ? 0.1 : 1;
      this.#set(row, column, start.value + Math.round(way / 4) * factor * this.step, gesture);
    };
    const end = () => {
      cell.removeEventListener("pointermove", move);
      cell.classList.remove("cnnlab-scrubbing");
      gesture.held = false;
      if (document.activeElement !== cell) cell.focus();
      cell.scrubbing = false;
      cell.select();
    };
    cell.setPointerCapture(event.pointerId);
    cell.addEventListener("pointermove", move);
    cell.addEventListener("pointerup", end, { once: true });
    cell.addEventListener("pointercancel", end, { once: true });
  }
}

// --- Words for those who listen -----------------------------------------------------------------

/** A live region: says the last thing when the hand rests. */
export class Announcer {
  constructor() {
    this.element = make("div", { class: "cnnlab-spoken", role: "status", "aria-live": "polite" });
  }

  say(words) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.element.textContent = words; }, 400);
  }

  dispose() {
    clearTimeout(this.timer);
  }
}

/** The frame around a widget: keys belong to it, not to the notebook's shortcuts. */
export function frame(name, label, ...children) {
  return make("div", { class: `cnnlab cnnlab-${name}`, role: "region", "aria-label": label,
    "data-widget": name, "data-lm-suppress-shortcuts": "true" }, ...children);
}
