// What all views of a TrainingBoard share: the curves so far, told bit by bit while it trains.
//
// While it trains, the page does not ask for every look (shared/watching.py): it asks for a number of
// them, and again before they are used up. A page that falls behind so gets fewer.

import { bytesOf, grown } from "./points.js";
import { Session } from "./session.js";

const SPACING = 70; // milliseconds from one look to the next, at the least
const LOOKS = 24; // that are asked for at once
const RENEW = 8; // left, at which more are asked for
const QUIET = 1000; // milliseconds without a look, while it trains, after which the page asks
const PARTS = 3; // of bytes a run: points, filters, maps

export class BoardSession extends Session {
  constructor(model) {
    super(model);
    this.runs = [];
    this.behind = []; // by run: the pictures behind a cell
    this.lane = this.line.lane("frame", (message, buffers) => this.#answered(message, buffers));
    this.lane.spacing = SPACING;
    this.pictures = this.line.lane("pictures", (message, buffers, { body }) => {
      if (message.error) return;
      this.behind[body.run] = { ...message, ...body, pixels: buffers.map(bytesOf) };
      this.emit("pictures", body.run);
    });
    this.moved = () => this.look();
    model.on("change:_pulse", this.moved);
    this.told = (message, buffers) => this.#told(message, buffers);
    model.on("msg:custom", this.told);
    this.#playRested();
    this.look();
  }

  emit(topic, detail) {
    super.emit(topic, detail);
    if (topic === "settings") this.look();
  }

  get running() {
    return this.runs.some(({ about }) => about.state === "running");
  }

  /** Ask for what is not known yet. */
  look() {
    const known = this.runs.map(({ about, points }) => ({
      have: points.length,
      attempt: about.attempt,
      counted: about.counted,
    }));
    this.lane?.ask({ settings: this.values, known, seen: this.image?.number, looks: LOOKS });
  }

  /** Do what a button says; the answer shows what came of it. */
  async act(act, more = {}) {
    await this.#commit("act", { act, ...more });
  }

  async setRate(run, value) {
    await this.#commit("rate", { run, value });
  }

  async #commit(kind, body) {
    try {
      await this.line.commit(kind, body);
      this.emit("notice", "");
    } catch (error) {
      this.emit("notice", error.message);
    }
    this.look();
  }

  askPictures(run, row, column) {
    this.pictures.ask({ run, row, column });
  }

  /** What was seen when the training rested last: all there is where no kernel runs. */
  #playRested() {
    const rested = this.model.get("_rested"),
      bytes = bytesOf(this.model.get("_rested_bytes"));
    if (!rested.runs) return;
    let from = 0;
    const parts = rested.lengths.map((length) => {
      from += length;
      return bytes.slice(from - length, from);
    });
    this.#take(rested, parts);
  }

  #answered(message, buffers) {
    if (message.error) {
      this.emit("notice", message.error);
      return;
    }
    this.#show(message, buffers);
  }

  /** A look that was asked for in advance. */
  #told(message, buffers) {
    if (message.client !== this.line.client || message.left === undefined) return;
    this.#show(message, buffers);
    if (message.left === RENEW) this.line.send("watch", { looks: LOOKS }, []);
  }

  #show(message, buffers) {
    this.#take(message, buffers.map(bytesOf));
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = undefined;
      this.emit("board");
    });
    clearTimeout(this.waiting);
    if (this.running) this.waiting = setTimeout(() => this.look(), QUIET);
  }

  #take({ runs, image }, parts) {
    for (const [k, about] of runs.entries()) {
      const [points, filters, maps] = parts.slice(PARTS * k, PARTS * (k + 1));
      const before = this.runs[k];
      const same = before?.about.attempt === about.attempt;
      const known = grown(same ? before.points : [], about.from, points);
      const kept = about.kept ?? before?.about.kept ?? [];
      const confusion = about.confusion ?? before?.about.confusion;
      const of = about.of ?? before?.about.of;
      this.runs[k] = {
        about: { ...about, kept, confusion, of },
        points: known,
        filters: about.filters && { ...about.filters, steps: filters },
        maps: about.maps && { ...about.maps, steps: maps },
      };
    }
    const pixels = parts[PARTS * runs.length];
    if (pixels) this.image = { ...image, pixels };
  }

  dispose() {
    cancelAnimationFrame(this.drawing);
    clearTimeout(this.waiting);
    this.model.off("change:_pulse", this.moved);
    this.model.off("msg:custom", this.told);
    super.dispose();
  }
}
