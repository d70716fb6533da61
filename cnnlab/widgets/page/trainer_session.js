// The session of a FilterTrainer: steps that the page asks for, one answer after the other. While it
// plays, the kernel tells where the filter is, and the browser's twin paints what it makes of the
// picture; the maps of the filter that stays are the kernel's.

import { flatFilter } from "./filter_panel.js";
import { mapFrame, readMap } from "./map_figure.js";
import { PhotoSession } from "./photo.js";
import { Scene } from "./scene.js";
import { limitOf } from "./twin/colour.js";
import { Convolution } from "./twin/convolution.js";

const PLAIN = { bias: 0, stride: 1, padding: 0, pad_value: 0, dilation: 1 };
const STORE_EVERY = 1000; // milliseconds: a page that closes while it plays loses no more
const STEP_EVERY = 34; // milliseconds: where a picture takes longer, it brings several steps
const LONGEST = 20; // milliseconds: maps that take the browser longer come from the kernel
const REST = 9; // numbers a pixel that a picture takes beside its filter: sums, colours, difference
const UNFIT = "The filter does not fit in the picture; try a smaller one.";

export class TrainerSession extends PhotoSession {
  constructor(model) {
    super(model);
    Object.assign(this, { losses: [], run: null, playing: null, times: 1, stored: 0, come: null });
    this.pace = 3e-6; // milliseconds a number, learnt from what was painted
    this.twins = [new Convolution(), new Convolution()]; // of the filter and of the wish
    this.told = (message) => this.#told(message);
    model.on("msg:custom", this.told);
    this.walk = this.line.lane("steps", (...answer) => this.#stepped(...answer));
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => this.#request(),
      read: (...answer) => this.#read(...answer),
      twin: () => this.#twin(null),
    });
    this.scene.changed();
  }

  #request(more = {}) {
    const { body, buffers } = this.asking();
    return { body: { ...body, ...more, run: this.run, have: this.losses.length }, buffers };
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
    this.#ask(this.playing);
  }

  #begin(play) {
    play.held = true;
    this.playing = play;
    this.silenced = null;
    this.emit("play");
  }

  pause() {
    this.silenced = null;
    const play = this.playing;
    if (!play) return;
    this.playing = null;
    this.come?.();
    play.held = false;
    this.store();
    this.emit("play");
  }

  one() {
    this.pause();
    if (this.#answers()) this.#ask(null);
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
    const size = [filter.length, filter[0].length, height, width];
    return `${this.run} ${JSON.stringify([wish, painted])} ${size} ${palette}`;
  }

  #ask(play) {
    const walking = this.#knowsWish();
    const { height, width } = this.image(),
      { filter } = this.values;
    const work = height * width * (filter.length * filter[0].length + REST);
    const paints = Boolean(play) && walking && work * this.pace < LONGEST;
    const times = play ? this.times : 1;
    const { body, buffers } = this.#request({ times, walking, paints });
    this.asked = performance.now();
    this.walk.ask({ ...body, play, work }, buffers);
  }

  /** While it plays, a picture is painted with a frame, and the kernel works meanwhile. */
  #stepped(message, buffers, asked) {
    const { play } = asked.body;
    if (play && play === this.silenced) this.#begin(play);
    this.come = () => {
      this.come = null;
      cancelAnimationFrame(this.coming);
      this.#take(message, buffers, asked);
    };
    if (play && play === this.playing) this.coming = requestAnimationFrame(this.come);
    else this.come();
  }

  #take(message, buffers, asked) {
    const { play, settings, work } = asked.body;
    if (message.error) {
      this.pause();
      this.emit("notice", message.error);
      return;
    }
    const changed = ["filter", "wish", "painted"].some(
      (name) => settings[name] !== this.values[name],
    );
    const frame = buffers.length ? this.#read(message, buffers, asked) : null;
    if (!frame) this.#count(message);
    if (!changed) {
      this.history.remember(this.situation(), play ?? null);
      this.values = { ...this.values, filter: message.filter };
      clearTimeout(this.storing);
    }
    const over = message.stopped || message.settled;
    if (!over && play && play === this.playing) this.#goOn(play);
    if (!changed) {
      for (const listener of this.listeners) listener("settings");
      if (frame) this.scene.given(frame);
      else this.#paint(message, work);
    }
    if (over) {
      this.pause();
      this.emit("notice", message.stopped || "Nothing changes any more: the numbers are there.");
    }
    if (this.playing) return;
    this.store();
    if (!frame) this.scene.ask(); // nothing is under way now: the kernel's maps of where it stands
  }

  #goOn(play) {
    const now = performance.now();
    if (now - this.stored > STORE_EVERY) {
      this.store(); // nothing is under way now, so that it cannot be older than a step
      this.stored = now;
    }
    const due = (now - this.asked) / STEP_EVERY;
    this.times = Math.max(1, Math.min(this.facts.mostSteps, Math.ceil(due)));
    this.#ask(play);
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
    this.playing = this.come = null;
    this.model.off("msg:custom", this.told);
    super.dispose();
  }
}

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
