// FeatureExplorer on the page: a cover to slide, maps of a class, their control, units and patches.

import { buttons, choice, oneOf, switched } from "./page/controls.js";
import { fields, make, put } from "./page/dom.js";
import { Evidence } from "./page/evidence.js";
import { FeatureSession } from "./page/feature_session.js";
import { Leafing } from "./page/leafing.js";
import { coverOver, Occluder } from "./page/occluder.js";
import { Patches } from "./page/patches.js";
import { PhotoPanel } from "./page/photo_source.js";
import { ScoreBars } from "./page/score_bars.js";
import { widgetOf } from "./page/session.js";
import { UnitChoice } from "./page/unit_choice.js";
import { WidgetView } from "./page/view.js";

class FeatureView extends WidgetView {
  constructor(session) {
    super(session, "FeatureExplorer", "Feature explorer");
    this.source.without = "The last maps stay. ";
  }

  open() {
    const element = super.open();
    for (const part of [this.occluder, this.evidence, this.unit]) {
      part.point(this.listeners.signal);
    }
    this.onResize(this.unit.element, (width) => this.unit.fit(width, this.session.scene.source));
    return element;
  }

  build() {
    const { session } = this,
      { facts } = session;
    this.photo = new PhotoPanel(session);
    this.leafing = facts.data ? new Leafing(session) : null;
    this.occluder = new Occluder(session);
    this.scores = new ScoreBars(facts.classNames);
    this.evidence = new Evidence(session);
    this.unit = new UnitChoice(session);
    this.patches = new Patches(session);
    const grey = facts.input[2] === 1;
    const toolbar = this.photo.controls.filter(
      (one) => !(grey && one === this.photo.colour.element),
    );
    const asked = fields(
      this.#target(),
      this.bound(buttons(session, "of", "What is explained")),
      this.bound(buttons(session, "colours", "Scale of the colours")),
      this.bound(switched(session, "signed", "Grad-CAM with what counts against it")),
      this.bound(oneOf(session, "palette", "Colours")),
      ...(grey ? [this.bound(oneOf(session, "fitting", "Fitting"))] : []),
    );
    asked.classList.add("cnnlab-controls");
    const part = (name, ...children) => make("div", { class: name }, ...children);
    const side = part("cnnlab-features-side", this.occluder.element, this.scores.element);
    return {
      toolbar,
      parts: [
        ...(this.leafing ? [this.leafing.element] : []),
        part("cnnlab-features-top", this.photo.figure, this.occluder.figure, side),
        asked,
        this.evidence.element,
        part("cnnlab-features-unit", this.unit.element, this.patches.element),
      ],
    };
  }

  /** The class is chosen on purpose: none is until somebody does. */
  #target() {
    const { session } = this,
      { classNames } = session.facts;
    const options = classNames.map((name, k) => [String(k), name]);
    const choose = (value) => session.change({ target: value === "" ? null : Number(value) });
    const list = choice("Explain the class", [["", "Choose a class"], ...options], choose, {
      "data-control": "target",
      disabled: !session.facts.explains,
    });
    const show = () => put(list.select, "value", String(session.settings.target ?? ""));
    return this.bound({ element: list.element, show });
  }

  show(topic, detail) {
    if (topic === "settings" || topic === "picture") this.#showSettings();
    else if (topic === "frame") this.#showFrame(detail);
    else if (topic === "cover") this.#showCover();
    else if (topic === "point") this.#drawOver();
    else if (topic === "patches") this.patches.show();
  }

  #showSettings() {
    this.photo.show();
    this.leafing?.show();
    this.photo.picture.overlay.replaceChildren(...(this.photo.numbers ?? []));
    this.evidence.show();
    this.patches.show();
    const { frame, source } = this.session.scene;
    this.unit.show(source);
    if (frame && !frame.error) this.evidence.tell(frame, source); // in other colours
    this.#showCover();
  }

  /** The cover is where the hand is, before its price is known. */
  #showCover() {
    this.occluder.show();
    this.evidence.mark();
    this.#drawOver();
  }

  #showFrame({ frame, source }) {
    if (frame.error) return;
    put(this.element.dataset, "source", source);
    const answer = this.scores.show(frame.scores);
    this.occluder.show();
    const cost = this.occluder.tell(frame.cover);
    const maps = this.evidence.tell(frame, source);
    const unit = this.unit.show(source);
    this.patches.show();
    this.#drawOver();
    this.announcer.say([cost || answer, maps, unit].filter(Boolean).join(". "));
  }

  #drawOver() {
    const { picture } = this.occluder;
    const field = this.unit.fieldOver(picture),
      { layer, unit } = this.session.settings;
    this.occluder.explain(field.length ? `Dashed: what unit ${unit} of ${layer} sees.` : "");
    picture.overlay.replaceChildren(...field, ...coverOver(picture, this.session));
    this.unit.mark();
  }

  dispose() {
    this.photo.dispose();
    super.dispose();
  }
}

export default widgetOf(FeatureSession, FeatureView);
