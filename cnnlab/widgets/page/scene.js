// The hand sees the browser's arithmetic at once; the kernel's is what stays.
//
// With every change the browser's twin of the arithmetic paints, within the frame: after a rest at
// once, while the frame is still to come, and in a drag once a frame. Beside it one request is under
// way to the kernel, and the newest settings wait. The kernel's picture takes the place of the
// twin's as soon as it belongs to what is set now. A picture that takes the twin longer
// than a frame is left to the kernel and to a worker, whichever is sooner: the hand waits for
// neither, and an older picture is never painted over a newer one.

const LONGEST = 24; // milliseconds of work after which the hand would feel the twin
const SPACING = 210; // milliseconds between requests while the twin keeps up: five a second
const STEP_APART = 1; // steps of a palette by which rounding may set twin and kernel apart
const DIFFERENT =
  "The browser's picture and the kernel's differ. What you see now is the kernel's.";

/**
 * @typedef {Object} Frame
 * What is painted.
 * @property {Uint8Array} [steps] - steps of a palette, by which twin and kernel are compared
 * @property {boolean} [same] - it is what is painted already
 * @property {string} [error] - why there is nothing to paint, in words
 */

export class Scene {
  /**
   * @param {Session} session - the topics "notice" and "frame" tell what is painted
   * @param {Object} parts
   * @param {string} parts.kind - what the kernel is asked for
   * @param {function(): {body: Object, buffers?: DataView[]}} parts.request
   * @param {function(Message, DataView[], Asked): Frame} parts.read - reads the kernel's answer
   * @param {function(): Frame} [parts.twin] - paints in the browser; without it only the kernel does
   * @param {function(): number} [parts.work] - numbers that the twin would have to touch
   * @param {function(): Promise<Frame>} [parts.apart] - the same in a worker
   * @param {number} [parts.longest] - milliseconds of work after which the hand would feel the twin
   * @param {function(Frame, Frame): number} [parts.distance] - by how much two frames differ, if
   *   they are no steps of a palette
   */
  constructor(session, parts) {
    this.distance = (ours, theirs) => distanceOf(ours.steps, theirs.steps);
    Object.assign(this, { session, longest: LONGEST, ...parts });
    this.version = 0; // of what is set
    this.shown = -1; // version of what is painted
    this.source = null; // "browser" or "kernel"
    this.rested = true; // the last picture of the twin has had its frame
    this.pace = 1.5e-6; // milliseconds a number, learnt from what was done
    this.lane = session.line.lane(this.kind, (...answer) => this.#answered(...answer));
    this.lane.spacing = this.twin ? SPACING : 0;
  }

  /** Something was set: paint within this frame, and ask. */
  changed() {
    this.version += 1;
    if (!this.drawing) {
      this.drawing = requestAnimationFrame(() => this.#draw());
      if (this.rested) queueMicrotask(() => this.#draw()); // once all have heard of the change
    }
    this.ask();
  }

  /** Ask the kernel for what is set now. */
  ask() {
    const { body, buffers } = this.request();
    this.lane.ask({ ...body, version: this.version }, buffers);
  }

  /** The kernel went on by itself: what it brings is what is set now, and newer than all before. */
  given(frame, source = "kernel") {
    this.version += 1;
    this.#take(frame, source, this.version);
  }

  /** Whether a source of moving pictures, such as a camera, may bring the next one. */
  get ready() {
    return this.shown === this.version;
  }

  /** Paint at once, for a view that has just been made. */
  now() {
    if (this.shown < 0) this.#draw();
  }

  #draw() {
    cancelAnimationFrame(this.drawing);
    this.drawing = undefined;
    const { version } = this;
    if (this.shown === version || !this.twin) return; // the kernel was sooner, or is alone
    const work = this.work?.() ?? 0;
    const quick = work * this.pace <= this.longest || !this.apart;
    this.lane.spacing = quick ? SPACING : 0;
    if (!quick) {
      this.#drawApart(version);
      return;
    }
    const began = performance.now();
    const frame = this.twin();
    const took = performance.now() - began;
    // Slow to believe in a slow twin: the first runs wait for the browser's compiler.
    const change = took / work - this.pace;
    if (work > 1e5) this.pace += (change < 0 ? 0.5 : 0.1) * change;
    this.rested = false;
    this.resting = requestAnimationFrame(() => {
      this.rested = true;
    });
    this.#take(frame, "browser", version);
  }

  /** One picture at a time goes to the worker, and then the newest. */
  async #drawApart(version) {
    if (this.away) return;
    this.away = true;
    try {
      const frame = await this.apart();
      if (version > this.shown) this.#take(frame, "browser", version);
    } finally {
      this.away = false;
    }
    if (this.version > Math.max(version, this.shown)) this.#draw();
  }

  #answered(message, buffers, asked) {
    const { version } = asked.body;
    const frame = message.error ? { error: message.error } : this.read(message, buffers, asked);
    if (version < this.shown) return;
    const same = version === this.shown && this.source === "browser";
    const apart = same ? this.distance(this.frame, frame) : 0;
    frame.same = same && apart === 0; // nothing to paint again
    this.#take(frame, "kernel", version);
    if (apart > STEP_APART) this.session.emit("notice", DIFFERENT);
  }

  #take(frame, source, version) {
    this.frame = frame;
    this.source = source;
    this.shown = version;
    this.session.emit("notice", frame.error ?? "");
    this.session.emit("frame", { frame, source });
  }

  dispose() {
    cancelAnimationFrame(this.drawing);
    cancelAnimationFrame(this.resting);
  }
}

/** By how many steps of a palette two pictures differ at the most. */
function distanceOf(ours, theirs) {
  if (!ours || !theirs) return 0;
  if (ours.length !== theirs.length) return Infinity;
  let apart = 0;
  for (let k = 0; k < theirs.length; k++) {
    const distance = Math.abs(ours[k] - theirs[k]);
    if (distance > apart) apart = distance;
  }
  return apart;
}
