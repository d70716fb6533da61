// The wire to the kernel. The page asks, the kernel answers:
//
//   page -> kernel   {kind, client, seq, revision, settings, ...}   and perhaps bytes
//   kernel -> page   {client, seq, ...} or {client, seq, error}   and perhaps bytes
//
// What follows the hand is asked on a lane: one request is under way, and of what is asked meanwhile
// only the newest waits. What must not be skipped, an answer to a question say, is committed.

/**
 * @typedef {Object} Message
 * What comes back from the kernel.
 * @property {string} client - the page that asked
 * @property {number} seq - the number of its request
 * @property {string} [error] - why there is no answer, in words
 * @property {DataView[]} [buffers] - bytes that came with it, where it was committed
 *
 * @typedef {Object} Asked
 * @property {Object} body - what is asked beside kind, client and seq
 * @property {DataView[]} buffers
 */

const PATIENCE = 1500; // milliseconds without an answer after which the kernel counts as silent
const SILENCE = 4000; // the same for a commitment, which is worth waiting for

const HEALS = "If it is not busy, choose Run All Above Selected Cell, then run this cell.";
const SILENT = `The kernel is not responding. ${HEALS}`;
const ALONE = "This page has no kernel. Open its notebook in JupyterLab to have one.";
const RECENT = 10_000; // milliseconds for which a kernel that has answered counts as there
const BEAT = 15_000; // milliseconds from one look to the next while a widget is in sight

/** Nobody answered. */
export class Silent extends Error {}

/** Requests and answers of one page. */
export class Line {
  /** onalive(back) hears when the kernel turns silent, or answers; back: after a silence. */
  constructor(model, onalive = () => {}) {
    this.model = model;
    this.onalive = onalive;
    this.client = `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}`;
    this.seq = 0;
    this.alive = null; // not known yet
    this.heard = -Infinity; // when the kernel answered last
    this.lanes = [];
    this.promised = new Map(); // seq -> how to keep the promise
    this.receive = (message, buffers) => this.#receive(message, buffers);
    model.on("msg:custom", this.receive);
    // JupyterLab says so as the kernel restarts.
    this.doubt = () => this.check();
    model.on("comm_live_update", this.doubt);
  }

  /** Why the browser is on its own, and what helps; empty while the kernel answers. */
  get trouble() {
    if (this.alive !== false) return "";
    return this.model.alone ? ALONE : SILENT;
  }

  /** See whether the kernel is there, before a hand needs it. */
  async check() {
    if (this.checking || this.lanes.some((lane) => lane.flying !== null)) return;
    this.checking = true;
    await this.#promise(0, "hello", {}, [], PATIENCE).catch(() => {});
    this.checking = false;
  }

  /** Check whenever the learner comes back to a widget, and now and then while it is in sight. */
  watch(element, signal) {
    const look = () => performance.now() - this.heard > RECENT && this.check();
    // A server that ends takes its kernels along, and JupyterLab tells no widget.
    const beat = setInterval(() => inSight(element) && look(), BEAT);
    signal.addEventListener("abort", () => clearInterval(beat));
    for (const name of ["pointerenter", "focusin"]) {
      element.addEventListener(name, look, { signal });
    }
    document.addEventListener("visibilitychange", look, { signal });
    // Whoever leaves a widget to run a cell finds there what was set last.
    const leave = ({ relatedTarget }) => {
      if (!element.contains(relatedTarget)) for (const lane of this.lanes) lane.hurry();
    };
    element.addEventListener("focusout", leave, { signal });
  }

  /** A way for one kind of request; onanswer(message, buffers, asked) hears what came back. */
  lane(kind, onanswer) {
    const lane = new Lane(this, kind, onanswer);
    this.lanes.push(lane);
    return lane;
  }

  /**
   * Send what must not be skipped, in the order in which it happens.
   * @returns {Promise<Message>} rejected, in words, by an error or where nobody answers
   */
  commit(kind, body = {}, buffers = []) {
    this.seq += 1;
    return this.#promise(this.seq, kind, body, buffers, SILENCE);
  }

  #promise(seq, kind, body, buffers, patience) {
    return new Promise((keep, refuse) => {
      const give = () => {
        this.promised.delete(seq);
        this.live(false);
        refuse(new Silent(this.trouble));
      };
      this.promised.set(seq, { keep, refuse, timer: setTimeout(give, patience) });
      if (!this.#send(seq, kind, body, buffers)) {
        clearTimeout(this.promised.get(seq).timer);
        give();
      }
    });
  }

  /** Send one request; returns its number, or null where the kernel is gone for good. */
  send(kind, body, buffers) {
    this.seq += 1;
    return this.#send(this.seq, kind, body, buffers) ? this.seq : null;
  }

  #send(seq, kind, body, buffers) {
    try {
      const { client, revision } = this;
      this.model.send({ kind, client, seq, revision, ...body }, undefined, buffers);
      return true;
    } catch {
      this.live(false);
      return false;
    }
  }

  /** Which of Python's settings the page has heard of: what was asked before counts no more. */
  get revision() {
    return this.model.get("_settings").revision;
  }

  live(alive) {
    if (this.alive === alive) return;
    const back = this.alive === false && alive;
    this.alive = alive;
    this.onalive(back);
  }

  #receive(message, buffers) {
    if (message?.client !== this.client) return; // for another page
    this.heard = performance.now();
    const promise = this.promised.get(message.seq);
    if (promise) {
      clearTimeout(promise.timer);
      this.promised.delete(message.seq);
      if (message.error) promise.refuse(new Error(message.error));
      else promise.keep({ ...message, buffers });
    } else {
      this.lanes.find((lane) => lane.sent.has(message.seq))?.receive(message, buffers);
    }
    this.live(true);
  }

  dispose() {
    for (const { timer } of this.promised.values()) clearTimeout(timer);
    for (const lane of this.lanes) lane.dispose();
    this.promised.clear();
    this.model.off("msg:custom", this.receive);
    this.model.off("comm_live_update", this.doubt);
  }
}

function inSight(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return !document.hidden && element.checkVisibility() && bottom > 0 && top < innerHeight;
}

/** One request under way, the newest value waiting. */
class Lane {
  constructor(line, kind, onanswer) {
    Object.assign(this, { line, kind, onanswer });
    this.spacing = 0; // milliseconds between requests at the least
    this.sent = new Map(); // seq -> asked; those given up stay, for an answer shows a kernel back
    this.flying = null; // the number of the request under way
    this.want = null;
    this.when = -Infinity; // when the last request left
  }

  /** Ask; whatever was waiting to be asked is forgotten. */
  ask(body, buffers = []) {
    this.want = { body: { revision: this.line.revision, ...body }, buffers };
    this.#pump();
  }

  #pump() {
    if (!this.want || this.flying !== null) return;
    // A kernel that keeps silent is tried now and then, as the hand moves.
    const spacing = this.line.alive === false ? PATIENCE : this.spacing;
    const rest = this.when + spacing - performance.now();
    clearTimeout(this.timer);
    if (rest > 0) {
      this.timer = setTimeout(() => this.#pump(), rest);
      return;
    }
    this.#go();
  }

  /** Send what waits, whatever is under way. */
  hurry() {
    if (this.want) this.#go();
  }

  #go() {
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    const asked = this.want;
    this.want = null;
    this.when = performance.now();
    this.flying = this.line.send(this.kind, asked.body, asked.buffers);
    if (this.flying === null) return;
    this.sent.set(this.flying, asked);
    this.patience = setTimeout(() => {
      this.flying = null;
      this.line.live(false);
      this.#pump();
    }, PATIENCE);
  }

  receive(message, buffers) {
    const asked = this.sent.get(message.seq);
    for (const seq of this.sent.keys()) if (seq <= message.seq) this.sent.delete(seq);
    if (this.flying !== null && this.flying <= message.seq) {
      clearTimeout(this.patience);
      this.flying = null;
    }
    this.onanswer(message, buffers, asked);
    this.#pump();
  }

  dispose() {
    clearTimeout(this.timer);
    clearTimeout(this.patience);
    this.want = null;
  }
}
