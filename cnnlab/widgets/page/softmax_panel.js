// Softmax: scores to drag, the probabilities they become, and the sums on the margins.

import { choice, oneOf, sizeOf, switched } from "./controls.js";
import { Plot } from "./curves.js";
import { fields, make, put } from "./dom.js";
import { figure } from "./figure.js";
import { gridOn } from "./number_grid.js";
import { numberText } from "./numbers.js";
import { colourOf } from "./paint.js";
import { line, table } from "./table.js";
import { probabilitiesOf } from "./twin/activating.js";
import { sigmoid, softmax } from "./twin/activation.js";

const LOOKS = ["first", "second", "third"]; // of the examples
const REACH = [-6, 6]; // of the scores on the plane
const GREY = { background: "var(--paper-low)", ink: "var(--ink)" };
const MOVED = 0.0005; // less is not told

export class SoftmaxPanel {
  constructor(session) {
    this.session = session;
    this.scores = new Plot("Scores", { ratio: 1.9, across: "class", upright: false });
    this.bars = new Plot("Probabilities", { ratio: 1.9, across: "class", upright: false });
    this.grid = gridOn(session, "logits", "Scores");
    this.words = make("p", { "data-role": "softmax-words" });
    this.loss = make("p", { "data-role": "loss" });
    this.hint = make("p", { class: "cnnlab-hint", "data-role": "softmax-hint" });
    this.table = make("div", { class: "cnnlab-softmax-table", "data-role": "probabilities" });
    this.right = choice("Right class", [], (value) => session.change({ right: Number(value) }), {
      "data-control": "right",
    });
    const [rows, columns] = sizeOf(session, "logits", ["Examples", "Classes"]);
    this.controls = [
      rows,
      columns,
      oneOf(session, "axis", "Sums are 1"),
      switched(session, "twice", "Softmax twice"),
    ];
    const title = (words) => make("strong", {}, words);
    this.element = make(
      "section",
      { class: "cnnlab-softmax", "aria-label": "Softmax" },
      make(
        "div",
        { class: "cnnlab-softmax-planes" },
        figure([title("Scores (logits): drag them")], {}, this.scores.element, this.grid.element),
        figure([title("Probabilities")], {}, this.bars.element, this.words),
      ),
      fields(...this.controls.map(({ element }) => element), this.right.element),
      this.table,
      this.loss,
      this.hint,
    );
  }

  /**
   * Show scores and probabilities; returns what changed in words.
   * @param {number[][]} rows - the probabilities
   * @param {string} source - who computed them
   */
  show(rows, source) {
    const { session } = this,
      { settings, history } = session,
      { logits } = settings;
    const classes = logits[0].length,
      examples = logits.length;
    for (const control of this.controls) control.show();
    const earlier = history.past.at(-1)?.values.logits; // before this gesture began
    const alike =
      earlier?.length === examples &&
      earlier[0].length === classes &&
      JSON.stringify(earlier) !== JSON.stringify(logits);
    const before = alike ? probabilitiesOf({ ...settings, logits: earlier }) : null;
    this.grid.update(logits, () => GREY, { digits: 2 });
    this.#showPlanes(logits, rows, before);
    this.#showTable(logits, rows, source);
    this.#showLoss(rows, classes);
    const words = this.#changes(rows[0], before?.[0]);
    put(this.words, "textContent", words);
    return words;
  }

  #showPlanes(logits, rows, before) {
    const { session } = this,
      examples = logits.length,
      x = [-0.6, logits[0].length - 0.4];
    const width = 0.7 / examples;
    const middle = (i, j) => j + (i - (examples - 1) / 2) * width;
    const bar = (i, j, height, look) => {
      const [left, right] = [middle(i, j) - 0.4 * width, middle(i, j) + 0.4 * width];
      return {
        look,
        filled: look !== "faint",
        points: [
          [left, 0],
          [left, height],
          [right, height],
          [right, 0],
        ],
      };
    };
    const all = (rows, draw) =>
      rows.flatMap((row, i) => Array.from(row, (one, j) => draw(i, j, one)));
    this.scores.show({
      x,
      y: REACH,
      curves: all(logits, (i, j, score) => bar(i, j, score, LOOKS[i])),
      handles: all(logits, (i, j, score) => ({
        name: `score ${i} ${j}`,
        label: examples > 1 ? `Score of example ${i}, class ${j}` : `Score of class ${j}`,
        x: middle(i, j),
        y: score,
        look: LOOKS[i],
        moves: "y",
        text: `${numberText(score)}, probability ${numberText(rows[i][j])}`,
        onmove: (_x, y, gesture) => {
          const moved = logits.map((row) => [...row]);
          moved[i][j] = y;
          session.change({ logits: moved }, gesture);
        },
      })),
    });
    const ghosts = before ? all(before, (i, j, share) => bar(i, j, share, "faint")) : [];
    const roomy = examples * rows[0].length <= 10; // else the table has them
    const notes = all(roomy ? rows : [], (i, j, share) => ({
      x: middle(i, j),
      y: Math.min(share, 0.92),
      text: numberText(share, examples > 1 || rows[0].length > 6 ? 2 : 3),
    }));
    const bars = all(rows, (i, j, share) => bar(i, j, share, LOOKS[i]));
    this.bars.show({ x, y: [0, 1], curves: [...bars, ...ghosts], notes });
  }

  #changes(now, before) {
    const moves = before ? Array.from(now, (share, j) => share - before[j]) : [];
    const told = (sign) =>
      moves.flatMap((by, j) => {
        if (sign * by < MOVED) return [];
        const from = numberText(before[j]);
        return [`class ${j} ${sign > 0 ? "rose" : "fell"} from ${from} to ${numberText(now[j])}`];
      });
    const [up, down] = [told(1), told(-1)];
    if (up.length || down.length) return `${capital([...up, ...down].join(", "))}.`;
    if (now.length === 1) return "One score alone has probability 1, wherever it is.";
    return "Raise one score and see who falls.";
  }

  #showTable(logits, rows, source) {
    const { settings } = this.session,
      classes = logits[0].length;
    const limit = 1,
      colour = settings.palette;
    const cell = (value) => {
      const { background, ink } = colourOf(value, limit, colour);
      return make("td", { style: `background: ${background}; color: ${ink}` }, numberText(value));
    };
    const sum = (values) => values.reduce((total, one) => total + one, 0);
    const margin = (value) =>
      make(
        "td",
        { class: Math.abs(value - 1) < 1e-4 ? "" : "cnnlab-softmax-off" },
        numberText(value),
      );
    const head = ["", ...rows[0].map((_, j) => `class ${j}`), "sum"];
    const apart = [...sigmoid(Float32Array.from(logits[0]))];
    const body = rows.map((row, i) =>
      line(
        rows.length > 1 ? `Softmax, example ${i}` : "Softmax",
        [...Array.from(row, cell), margin(sum(row))],
        { "data-role": `row-${i}` },
      ),
    );
    if (rows.length > 1) {
      const columns = Array.from(rows[0], (_, j) =>
        make("td", {}, numberText(sum(rows.map((row) => row[j])))),
      );
      body.push(
        line("Sum over the batch", [...columns, make("td", {})], { "data-role": "column-sums" }),
      );
    }
    const each = rows.length > 1 ? "Sigmoid of each score, example 0" : "Sigmoid of each score";
    body.push(
      line(each, [...apart.map(cell), make("td", {}, numberText(sum(apart)))], {
        "data-role": "sigmoid",
      }),
    );
    this.table.replaceChildren(table({}, head, body));
    this.table.dataset.source = source;
    const { select } = this.right;
    if (select.options.length !== classes) {
      const options = rows[0].map((_, j) => make("option", { value: j }, `class ${j}`));
      select.replaceChildren(...options);
    }
    put(select, "value", String(Math.min(settings.right, classes - 1)));
  }

  #showLoss(rows, classes) {
    const { right, twice, axis } = this.session.settings;
    const losses = rows.map((row) => -Math.log(row[Math.min(right, classes - 1)]));
    const said = losses.map((one) => numberText(one)).join(", ");
    const best = Float32Array.from({ length: classes }, (_, j) => Number(j === 0));
    const floor = numberText(-Math.log(softmax(best)[0]));
    const floors = twice
      ? ` After a second softmax it can never go under ${floor}: probabilities are no further apart than 0 and 1.`
      : " It can come as near to 0 as it likes.";
    put(
      this.loss,
      "textContent",
      `Loss, −log of the right class: ${said}.${axis === "classes" ? floors : ""}`,
    );
    const hints = {
      batch:
        "Each class now adds up to 1 over the examples, and the examples do not: no probabilities.",
      classes:
        "Softmax shares out 1 among the classes. Sigmoid asks each class alone: use it where several may be right.",
    };
    put(this.hint, "textContent", hints[axis]);
  }
}

function capital(words) {
  return words[0].toUpperCase() + words.slice(1);
}
