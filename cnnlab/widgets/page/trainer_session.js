// The session of a FilterTrainer: steps that the page asks for, one answer after the other. While it
// plays, the kernel tells where the filter is after each of the next steps, the browser's twin paints
// one of them a frame, and more are asked for meanwhile. The maps of the filter that stays are the
// kernel's.

import { flatFilter } from "./filter_panel.js";
import { mapFrame, readMap } from "./map_figure.js";
import { PhotoSession } from "./photo.js";
import { Scene } from "./scene.js";
import { limitOf } from "./twin/colour.js";
import { Convolution } from "./twin/convolution.js";

const PLAIN = { bias: 0, stride: 1, padding: 0, pad_value: 0, dilation: 1 };
const STORE_EVERY = 1000; // milliseconds: a page that closes while it plays loses no more
const STEP_EVERY = 34; // milliseconds: where a picture takes longer, it brings several steps
const PICTURES = 4; // that an answer brings, where the browser paints
const AHEAD = 2; // pictures left, at which more are asked for
const LONGEST = 20; // milliseconds: maps that take the browser longer come from the kernel
const REST = 9; // numbers a pixel that a picture takes beside its filter: sums, colours, difference
const UNFIT = "The filter does not fit in the picture; try a smaller one.";

export class TrainerSession extends PhotoSession {
  constructor(model) {
    super(model);
    Object.assign(this, { losses: [], run: null, playing: null, stored: 0 });
    this.period = STEP_EVERY; // milliseconds from one picture to the next
    this.queue = []; // steps that the kernel has taken and the page has not painted
    this.pace = 3e-6; // milliseconds a number, learnt from what was painted
    this.twins = [new Convolution(), new Convolution()]; // of the filter and of the wish
    this.told = (message) => this.#told(message);
    model.on("msg:custom", this.told);
    this.walk = this.line.lane("steps", (...answer) => this.#stepped(...answer));
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => {
        const asked = this.#request({});
        if (this.playing) delete asked.body.settings.filter; // the kernel is ahead, and keeps its own
        return asked;
      },
      read: (...answer) => this.#read(...answer),
      twin: () => this.#twin(null),
    });
    this.scene.changed();
  }

  #request(more, set = {}) {
    const { body, buffers } = this.asking();
    const settings = { ...body.settings, ...set };
    return {
      body: { ...body, ...more, settings, run: this.run, have: this.losses.length },
      buffers,
    };
  }

  /** The maps at once; loss and gradient are the kernel's where it told them. */
  #twin(told) {
    const { palette, filter, wish, painted } = this.settings;
    const rows = painted.length ? filter.length : Math.max(filter.length, wish.length),
      columns = painted.length ? filter[0].length : Math.max(filter[0].length, wish[0].length);
    const mapOf = (weights, k) =>
      this.twins[k].run(this.image(), flatFilter(laid(weights, rows, columns)), PLAIN);
    const map = mapOf(filter, 0);
    if (!map) return { error: UNFIT };
    const aim = painted.length ? { ...map, values: spread(painted, map) } : mapOf(wish, 1);
    const apart = this.apart?.length === aim.values.length ? this.apart : aim.values.slice();
    for (let k = 0; k < apart.length; k++) apart[k] = map.values[k] - aim.values[k];
    this.apart = apart; // fresh memory costs more than the sums
    const known = told && this.#knowsWish();
    const look = { palette, limit: known ? this.wish.limit : limitOf(aim.values) };
    const spare = this.spare?.steps.length === apart.length ? this.spare : {};
    this.spare = mapFrame({ ...map, values: apart }, look, spare.steps);
    return {
      ...mapFrame(map, look),
      wish: known ? { ...this.wish, same: true } : mapFrame(aim, look),
      difference: this.spare,
      ...(told ?? { loss: meanSquare(apart) }),
    };
  }

  #read(message, buffers, asked) {
    this.arrived(asked);
    this.#count(message);
    const frame = readMap(message, buffers, asked);
    frame.difference = readMap(message.difference, [buffers[1]], asked);
    if (message.wish) {
      this.wish = readMap(message.wish, [buffers[2]], asked);
      this.wishOf = this.#wishKey(asked.body.settings);
    }
    frame.wish = { ...this.wish, same: !message.wish };
    return frame;
  }

  /** Go on with the losses that are known. */
  #count(message) {
    if (message.run !== this.run || message.from === 0) this.losses = [];
    this.run = message.run;
    this.losses.length = Math.min(this.losses.length, message.from);
    this.losses.push(...message.losses);
  }

  // -- Steps -----------------------------------------------------------------------------------

  /** Take one step after another; what one play changes is one step of undo. */
  play() {
    if (this.playing || !this.#answers()) return;
    this.#begin({ held: true });
    if (!this.walking) this.#ask(this.playing);
  }

  #begin(play) {
    play.held = true;
    this.playing = play;
    this.silenced = null;
    this.shown = performance.now();
    this.emit("play");
  }

  pause() {
    this.silenced = null;
    const play = this.playing;
    if (!play) return;
    this.playing = null;
    if (this.coming) this.#settle();
    play.held = false;
    this.store();
    this.emit("play");
  }

  one() {
    this.pause();
    if (!this.#answers()) return;
    this.single = true;
    if (!this.walking) this.#ask(null);
  }

  /** Whether steps are under way, whose answer says where the kernel then stands. */
  get walking() {
    return this.walk.flying !== null;
  }

  async restart() {
    this.pause();
    try {
      await this.line.commit("restart", { settings: this.values });
    } catch (error) {
      this.emit("notice", `The numbers are drawn by the kernel. ${error.message}`);
    }
  }

  #answers() {
    if (this.line.alive !== false) return true;
    this.emit("notice", `The steps are computed by the kernel. ${this.line.trouble}`);
    this.line.check();
    return false;
  }

  /** Whether the wish that is painted is the one that is set, in these colours. */
  #knowsWish() {
    return this.wishOf === this.#wishKey(this.values);
  }

  #wishKey({ wish, painted, filter, palette }) {
    const { height, width } = this.image();
    const { length, 0: row } = filter ?? this.values.filter;
    const size = [length, row.length, height, width];
    return `${this.run} ${JSON.stringify([wish, painted])} ${size} ${palette}`;
  }

  #ask(play) {
    const { height, width } = this.image(),
      { filter, wish, painted } = this.values;
    const walking = this.#knowsWish();
    const work = height * width * (filter.length * filter[0].length + REST);
    const pictures = play && walking && work * this.pace < LONGEST ? PICTURES : 0;
    if (!this.queue.length) this.course = { filter, wish, painted };
    this.single = false;
    const times = play ? Math.ceil(this.period / STEP_EVERY) : 1;
    const { told } = this.queue.at(-1) ?? {};
    const { body, buffers } = this.#request({ times, pictures, walking }, this.#standing());
    const have = told ? told.from + told.losses.length : body.have;
    this.walk.ask({ ...body, have, play, work, course: this.course }, buffers);
  }

  /** The kernel stands where the pictures that are still to be painted end. */
  #standing() {
    const last = this.queue.at(-1);
    return last ? { filter: last.told.filter } : {};
  }

  store() {
    const { values } = this;
    this.values = { ...values, ...this.#standing() };
    super.store();
    this.values = values;
  }

  #stepped(message, buffers, asked) {
    const { play, course } = asked.body;
    if (play && play === this.silenced) this.#begin(play);
    if (message.error) {
      this.pause();
      this.emit("notice", message.error);
      return;
    }
    const goes = play && play === this.playing;
    if (course === this.course) {
      const { before, ...last } = message;
      this.queue.push(...before.map((told) => ({ told, asked })), { told: last, buffers, asked });
      if (goes) this.coming ??= requestAnimationFrame(() => this.#next());
      else this.#settle();
    }
    if (!this.coming && (this.playing || this.single)) this.#ask(this.playing);
  }

  /** Paint the next picture; its frame is there, and the kernel works meanwhile. */
  #next() {
    this.coming = undefined;
    const now = performance.now();
    this.period += 0.3 * (Math.min(now - this.shown, 10 * STEP_EVERY) - this.period);
    this.shown = now;
    const next = this.queue.shift(),
      { told } = next;
    const same = this.#same();
    if (same) this.#adopt(next);
    else this.queue = []; // what a hand has set counts
    const over = same && ends(told),
      ending = over || this.queue.some((one) => ends(one.told));
    if (!ending && !this.walking && this.queue.length <= AHEAD) this.#goOn();
    if (same) this.#show(next);
    if (this.queue.length) this.coming = requestAnimationFrame(() => this.#next());
    else if (over) this.#end(told);
  }

  /** Nobody plays any more: stand where the kernel stands. */
  #settle() {
    cancelAnimationFrame(this.coming);
    this.coming = undefined;
    const { queue } = this,
      last = queue.at(-1),
      same = this.#same();
    this.queue = [];
    if (!last || !same) return;
    for (const one of queue) this.#adopt(one);
    this.#show(last);
    if (ends(last.told)) this.#end(last.told);
    this.store();
    if (!last.buffers?.length && !this.walking && !this.playing) this.scene.ask();
  }

  #end({ stopped }) {
    this.pause();
    this.emit("notice", stopped || "Nothing changes any more: the numbers are there.");
    this.store();
  }

  /** Whether all is as the walk has set it. */
  #same() {
    return ["filter", "wish", "painted"].every((name) => this.course[name] === this.values[name]);
  }

  #adopt({ told, asked }) {
    this.#count(told);
    this.history.remember(this.situation(), asked.body.play ?? null);
    this.course.filter = told.filter;
    this.values = { ...this.values, filter: told.filter };
    clearTimeout(this.storing);
  }

  #show({ told, buffers = [], asked }) {
    for (const listener of this.listeners) listener("settings");
    if (buffers.length) this.scene.given(this.#read(told, buffers, asked));
    else this.#paint(told, asked.body.work);
  }

  #goOn() {
    const now = performance.now();
    if (now - this.stored > STORE_EVERY) {
      this.store(); // nothing is under way now, so that it cannot be older than a step
      this.stored = now;
    }
    this.#ask(this.playing);
  }

  /** Paint what the filter makes of the picture, and learn how long that takes. */
  #paint(told, work) {
    const began = performance.now();
    this.scene.given(this.#twin(told), "browser");
    const change = (performance.now() - began) / work - this.pace;
    this.pace += (change < 0 ? 0.5 : 0.1) * change; // slow to believe in a slow twin, as a Scene
  }

  #told({ do: order }) {
    if (order === "play") this.play();
    else if (order === "pause") this.pause();
  }

  emit(topic, detail) {
    super.emit(topic, detail);
    if (topic === "alive" && this.line.alive === false && this.playing) {
      const { playing } = this;
      this.pause();
      this.silenced = playing; // goes on by itself when a slow kernel answers after all
      this.emit("notice", `The steps are computed by the kernel. ${this.line.trouble}`);
    }
  }

  dispose() {
    cancelAnimationFrame(this.coming);
    this.playing = null;
    this.model.off("msg:custom", this.told);
    super.dispose();
  }
}

/** Whether there is nothing behind this step. */
const ends = ({ stopped, settled }) => Boolean(stopped || settled);

function meanSquare(values) {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return sum / values.length;
}

/** A map of a coarse one, each of whose numbers is a block of it (spread). */
function spread(painted, { height, width }) {
  const values = new Float32Array(height * width);
  for (let k = 0; k < values.length; k++) {
    const row = painted[Math.floor((Math.floor(k / width) * painted.length) / height)];
    values[k] = row[Math.floor(((k % width) * row.length) / width)];
  }
  return values;
}

/** A filter in the middle of zeros (padded). */
function laid(filter, rows, columns) {
  const middle = (size) => Math.floor((size - 1) / 2);
  const up = middle(rows) - middle(filter.length),
    left = middle(columns) - middle(filter[0].length);
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (__, j) => filter[i - up]?.[j - left] ?? 0),
  );
}
