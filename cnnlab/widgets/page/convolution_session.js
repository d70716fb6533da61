// What all views of a ConvolutionStepper share: the layer as set, how far it is stepped through,
// what is pointed at.

import { placeOfStep } from "./convolution_words.js";
import { COLOURS } from "./paint.js";
import { Scene } from "./scene.js";
import { Session } from "./session.js";
import { Steps } from "./stepping.js";
import { levelsOf } from "./twin/colour.js";
import { bankOf, ConvolutionLayer, volumeOf } from "./twin/convolution_layer.js";
import { resizedVolume } from "./volume.js";

const UNFIT =
  "The filter does not fit in the padded image; try a smaller filter, less dilation or more padding.";
const AT_ONCE = 1e6; // products up to which all central differences are there within the frame
const REST = 120; // milliseconds of rest after which the others are computed

/** The number with the strongest colour (_limit). */
export function limitOf(numbers) {
  let most = 0;
  for (const one of numbers) {
    if (Number.isFinite(one) && Math.abs(one) > most) most = Math.abs(one);
  }
  return most || 1;
}

export class ConvolutionSession extends Session {
  constructor(model) {
    super(model);
    this.point = null; // {side: "output", "image" or "weight", part, row, column}
    this.chosen = 0; // the filter whose weights are shown
    this.began = null; // the setting `step`, as it was followed last
    this.steps = new Steps(() => this.#stepped());
    this.scene = new Scene(this, {
      kind: "frame",
      request: () => ({ body: { settings: this.values } }),
      read: (message, [{ buffer, byteOffset, byteLength }], { body }) => ({
        ...message,
        steps: new Uint8Array(buffer, byteOffset, byteLength),
        mode: body.settings.mode,
      }),
      twin: () => this.frame(),
    });
    this.#follow();
    this.scene.changed();
  }

  emit(topic, detail) {
    if (topic === "settings") this.#follow();
    if (topic === "point" && this.point?.side === "output") this.chosen = this.point.part;
    super.emit(topic, detail);
  }

  #follow() {
    const { image, filters, upstream, step } = this.settings;
    this.layer = new ConvolutionLayer(volumeOf(image), bankOf(filters), this.values);
    const { bank, output, positions } = this.layer;
    // What comes back to every output: as set, and 1 where nothing is (_fitted_upstream).
    this.upstream = output
      ? resizedVolume(upstream, [output.height, output.width, output.channels], 1)
      : upstream;
    this.chosen = Math.min(this.chosen, bank.count - 1);
    const { height, width, channels } = this.layer.image;
    this.steps.resize(this.gathering ? height * width * channels : positions * bank.count);
    this.#forget();
    if (this.began === step) return;
    this.began = step; // from here on the hand steps
    this.steps.to(step);
  }

  #stepped() {
    this.point = null; // the step is shown, not what was pointed at before
    const here = this.#stepHere();
    if (here?.side === "output") this.chosen = here.part;
    this.#forget();
    this.emit("steps");
  }

  #forget() {
    this.sofar = null;
    this.differences = null;
    clearTimeout(this.checking);
  }

  get backward() {
    return this.settings.mode === "backward";
  }

  /** Whether the steps of the way back are numbers of the image, not outputs. */
  get gathering() {
    return this.backward && this.settings.order === "gather";
  }

  /** Whether only a part of the gradients is there: gathered ones are whole, one by one. */
  get partial() {
    return this.backward && !this.gathering && this.steps.done !== null;
  }

  #done() {
    const { layer, steps, partial } = this,
      { count } = layer.bank;
    const step = (k) => (k % count) * layer.positions + Math.floor(k / count);
    this.sofar ??= this.#back(partial ? (k) => steps.has(step(k)) : undefined);
    return this.sofar;
  }

  /** What comes back of those outputs that count. */
  #back(counts = () => true) {
    const { layer } = this;
    const from = Float64Array.from(this.upstream.flat(2), (one, k) => (counts(k) ? one : 0));
    const slope = layer.slope(from);
    return { from, slope, gradients: layer.backward(slope) };
  }

  /** What came back to each output by now. */
  get from() {
    return this.#done().from;
  }

  /** What came back to each sum by now: nothing where ReLU is shut. */
  get slope() {
    return this.#done().slope;
  }

  get gradients() {
    return this.#done().gradients;
  }

  /** What the kernel would send. */
  frame() {
    if (!this.layer.fits) return { error: UNFIT };
    const { palette, mode } = this.settings;
    const shown = this.backward
      ? Object.values((this.partial ? this.#back() : this.#done()).gradients)
      : [this.layer.output.values];
    const parts = shown.map((numbers) => ({ limit: limitOf(numbers), numbers }));
    const steps = parts.map(({ limit, numbers }) => [
      ...levelsOf(numbers, limit, COLOURS[palette].signed),
    ]);
    return { parts, steps: Uint8Array.from(steps.flat()), mode };
  }

  /** What is taken apart: what is pointed at, else the last step, else what comes first. */
  get here() {
    const { point, layer, steps } = this;
    if (!layer.fits) return null;
    const size = { image: layer.image, output: layer.output, weight: layer.bank }[point?.side];
    const parts = point?.side === "output" ? layer.bank.count : layer.image.channels;
    if (size && point.part < parts && point.row < size.height && point.column < size.width) {
      return point;
    }
    if (steps.done === 0) return null;
    if (steps.done) return this.#stepHere();
    const side = this.gathering ? "image" : "output";
    return { side, part: this.gathering ? 0 : this.chosen, row: 0, column: 0 };
  }

  #stepHere() {
    return this.steps.last === null || !this.layer.fits ? null : placeOfStep(this.steps.last, this);
  }

  /** Show another filter; who steps is then at the same place of its map. */
  choose(filter) {
    const { layer, steps } = this;
    this.chosen = filter;
    if (this.point?.side === "output") this.point = null;
    if (steps.last !== null && !this.gathering) {
      steps.to(filter * layer.positions + (steps.last % layer.positions) + 1);
    } else this.emit("point");
  }

  /** See to the central differences; the topic "differences" tells when they are there. */
  check() {
    if (!this.settings.check || !this.backward || !this.layer.fits || this.differences) return;
    const { layer, from } = this;
    const compute = () => {
      const kinds = ["image", "filters", "bias"];
      const found = kinds.map((kind) => [kind, layer.differences(from, kind)]);
      this.differences = Object.fromEntries(found);
      this.emit("differences");
    };
    const { height, width, channels, weights } = layer.bank;
    const touched = layer.image.values.length * height * width + weights.length * layer.positions;
    clearTimeout(this.checking);
    if (touched * height * width * channels < AT_ONCE) compute();
    else this.checking = setTimeout(compute, REST);
  }

  dispose() {
    clearTimeout(this.checking);
    this.steps.dispose();
    super.dispose();
  }
}
