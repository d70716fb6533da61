// The picture as the network takes it, with a cover that the hand slides over it, and its price.

import { button, make, put } from "./dom.js";
import { figure } from "./figure.js";
import { numberText, percent } from "./numbers.js";
import { frameOver } from "./overlay.js";
import { Picture } from "./paint.js";
import { POINTABLE, pointing } from "./pointing.js";
import { slider } from "./slider.js";
import { line, table } from "./table.js";

const HINT = "Slide the cover over the picture: point at it, or use the arrow keys.";
const NO_CLASS = "Choose a class to read its score.";
const CLOSE = {
  "aria-description":
    "Arrow keys move the cover; with Shift ten pixels at once. Escape takes it off.",
};

/** The frame of the cover over a picture of the input's size. */
export function coverOver(picture, session) {
  const { cover } = session.settings;
  if (!cover) return [];
  const [height] = session.facts.input,
    scale = picture.height / height,
    side = session.size * scale;
  const [top, left] = cover.map((at) => at * scale);
  return frameOver(picture, { top, left, height: side, width: side });
}

export class Occluder {
  constructor(session) {
    this.session = session;
    this.picture = new Picture("seen", "What the network sees", { ...POINTABLE, ...CLOSE });
    this.legend = make("p", { class: "cnnlab-hint", "data-role": "legend", hidden: true });
    const [height, width] = session.facts.input;
    const size = ` ${height} × ${width}`;
    this.figure = figure(
      [make("strong", {}, "What the network sees"), size],
      { "data-role": "seen-figure" },
      this.picture.element,
      make("p", { class: "cnnlab-hint" }, HINT),
      this.legend,
    );
    this.size = this.#slid("occluder", "Cover", { min: 1, max: session.facts.most, step: 1 });
    this.fill = this.#slid("fill", "Brightness", { min: 0, max: 1, step: 0.05 });
    this.mean = button("Mean of the picture", {
      "data-control": "mean",
      "aria-pressed": "false",
      onclick: () => session.change({ fill: session.settings.fill === null ? 0 : null }),
    });
    this.off = button("Take it off", { onclick: () => session.coverAt(null) });
    this.controls = make(
      "div",
      { class: "cnnlab-fields", role: "group", "aria-label": "The cover" },
      this.size.element,
      this.fill.element,
      ...(session.facts.input[2] === 3 ? [this.#colour()] : []),
      this.mean,
      this.off,
    );
    this.answer = make("p", { "data-role": "cover-answer" });
    this.rows = ["Score", "Probability"].map((name) => {
      const cells = [0, 1, 2].map(() => make("td", {}));
      return { name, cells, element: line(name, cells) };
    });
    const head = ["", "Whole picture", "Covered", "Drop"];
    const lines = this.rows.map(({ element }) => element);
    this.table = table({ "aria-label": "What the cover costs" }, head, lines);
    this.element = make(
      "section",
      { class: "cnnlab-occluder", "aria-label": "Occluder", "data-role": "cover-told" },
      this.controls,
      this.answer,
      this.table,
    );
  }

  /** A slider whose value is written beside it; however long it is held is one step of undo. */
  #slid(name, words, range) {
    const { session } = this;
    let gesture = {};
    const input = slider({
      ...range,
      "data-control": name,
      onpointerdown: () => {
        gesture = { held: true };
      },
      oninput: () => {
        const value = Number(input.value);
        if (name === "occluder") session.resize(value, gesture);
        else session.change({ [name]: value }, gesture);
      },
      onchange: () => {
        gesture.held = false;
      },
    });
    const written = make("output", { class: "cnnlab-written" });
    const slid = make("span", { class: "cnnlab-slid" }, input, written);
    const element = make("label", { class: "cnnlab-field" }, make("span", {}, words), slid);
    return { input, written, element };
  }

  #colour() {
    const { session } = this;
    this.colour = make("input", {
      type: "color",
      "data-control": "fill-colour",
      oninput: () => {
        const fill = this.colour.value.match(/\w\w/g).map((two) => Number.parseInt(two, 16) / 255);
        session.change({ fill }, "colour of the cover");
      },
    });
    return make("label", { class: "cnnlab-field" }, make("span", {}, "Colour"), this.colour);
  }

  point(signal) {
    pointing(this.picture, this.session.hand, signal);
  }

  /** Follow what is set, at once: the cover is painted here, and its price comes from the kernel. */
  show() {
    const { session } = this,
      { cover, fill, occluder } = session.settings,
      tone = this.tones;
    const grey = tone.reduce((sum, one) => sum + one, 0) / tone.length;
    put(this.size.input, "value", String(occluder));
    put(this.size.written, "textContent", `${session.size} × ${session.size}`);
    put(this.fill.input, "value", String(grey));
    put(this.fill.written, "textContent", numberText(grey, 2));
    put(this.mean, "ariaPressed", String(fill === null));
    put(this.off, "disabled", cover === null);
    if (this.colour) {
      const two = (one) =>
        Math.round(255 * Math.max(0, Math.min(1, one)))
          .toString(16)
          .padStart(2, "0");
      put(this.colour, "value", `#${tone.map(two).join("")}`);
    }
    this.paint();
  }

  /** The brightness of the cover, channel by channel. */
  get tones() {
    const { session } = this,
      { fill } = session.settings,
      channels = session.facts.input[2];
    if (fill === null) return session.sections.input?.mean ?? new Array(channels).fill(0);
    return Array.isArray(fill) ? fill : new Array(channels).fill(fill);
  }

  paint() {
    const { session, picture } = this,
      { input } = session.sections;
    if (!input) return;
    const { part, white } = input,
      { height, width, channels, steps } = part,
      { cover } = session.settings,
      tones = this.tones;
    const look = `${cover} ${session.size} ${tones}`;
    if (this.painted === part && this.look === look) return;
    Object.assign(this, { painted: part, look });
    const values = Float32Array.from(steps, (byte) => byte / 255);
    if (cover) {
      const scale = height / session.facts.input[0];
      const [top, left] = cover.map((at) => Math.round(at * scale)),
        side = Math.max(1, Math.round(session.size * scale));
      for (let i = top; i < Math.min(height, top + side); i++) {
        for (let j = left; j < Math.min(width, left + side); j++) {
          for (let c = 0; c < channels; c++) {
            values[channels * (i * width + j) + c] = tones[channels === 1 ? 0 : c] / white;
          }
        }
      }
    }
    picture.paintPhotograph({ height, width, channels, values }, 1);
    const where = cover ? `, covered at row ${cover[0]}, column ${cover[1]}` : "";
    put(
      picture.canvas,
      "ariaLabel",
      `What the network sees: ${height} rows, ${width} columns${where}`,
    );
  }

  /** Say whose field is framed by dashes, if any is. */
  explain(field) {
    put(this.legend, "hidden", !field);
    put(this.legend, "textContent", field);
  }

  /** Say what the cover costs; returns it in words. */
  tell(cover) {
    const { session, rows } = this,
      { classNames } = session.facts;
    put(this.answer, "hidden", !cover);
    put(this.table, "hidden", cover?.target === undefined);
    if (!cover) return "";
    const at = `row ${cover.at[0]}, column ${cover.at[1]}`;
    const best = `${classNames[cover.best]}, ${percent(cover.sure)}`;
    const answer = `Cover at ${at}. Answer to the covered picture: ${best}.`;
    if (cover.target === undefined) {
      put(this.answer, "textContent", `${answer} ${NO_CLASS}`);
      return answer;
    }
    put(this.answer, "textContent", answer);
    const name = classNames[cover.target];
    const scores = cover.score.map((one) => numberText(one, 3)),
      drop = cover.score[0] - cover.score[1];
    const chances = cover.probability.map(percent),
      points = 100 * (cover.probability[0] - cover.probability[1]);
    const told = [
      [`Score of ${name}`, ...scores, numberText(drop, 3)],
      [`Probability of ${name}`, ...chances, pointsText(points)],
    ];
    for (const [k, [words, ...cells]] of told.entries()) {
      put(rows[k].element.firstChild, "textContent", words);
      for (const [c, cell] of cells.entries()) put(rows[k].cells[c], "textContent", cell);
    }
    return `Covered at ${at}: the score of ${name} is ${scores[1]}, a drop of ${numberText(drop, 3)}`;
  }
}

/** A difference of two percentages. */
function pointsText(points) {
  if (points !== 0 && Math.abs(points) < 0.05) return "under 0.1 points";
  return `${numberText(points, 1)} points`;
}
