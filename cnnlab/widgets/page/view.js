// The base of every view: frame, history, notice, code, spoken words; controls that follow settings.

import { frame, make, put, space } from "./dom.js";
import { onTheme } from "./paint.js";
import { Announcer, CodePanel, HistoryButtons, Notice } from "./panels.js";
import { SourceLine } from "./source_line.js";

/**
 * A subclass builds its parts in build() and shows them in show(topic, detail); build() returns
 * {toolbar, parts}: controls that stand before undo and redo, and what comes below the toolbar.
 * What it does once all stands goes into an open() of its own.
 */
export class WidgetView {
  constructor(session, name, label) {
    this.session = session;
    this.controls = [];
    this.listeners = new AbortController();
    this.announcer = new Announcer();
    this.history = new HistoryButtons(session);
    this.notice = new Notice();
    this.code = new CodePanel(session);
    this.source = new SourceLine(session.line, "Computed in your browser. ");
    Object.assign(this, { name, label });
  }

  /** Build what is shown, and follow the session from now on. */
  open() {
    const { session } = this;
    const { toolbar, parts } = this.build();
    const bar = { class: "cnnlab-toolbar", role: "toolbar", "aria-label": "Picture and history" };
    this.element = frame(
      this.name,
      this.label,
      make(
        "div",
        bar,
        ...toolbar,
        space(),
        this.history.element,
        this.code.opener,
        this.source.element,
      ),
      this.notice.element,
      this.code.element,
      ...parts,
      this.announcer.element,
    );
    this.history.listen(this.element, this.listeners.signal);
    session.line.watch(this.element, this.listeners.signal);
    this.unsubscribe = session.subscribe((topic, detail) => this.#hear(topic, detail));
    this.unwatch = onTheme(() => {
      this.#showSettings();
      this.#showScene(); // in other colours
    });
    this.#showSettings();
    this.#showScene();
    return this.element;
  }

  #showScene() {
    const { scene } = this.session;
    if (scene?.frame) {
      this.notice.say(scene.frame.error ?? "");
      this.session.emit("frame", scene);
    } else scene?.now();
  }

  /** Keep a control, so that it follows its setting. */
  bound(control) {
    this.controls.push(control);
    return control.element;
  }

  /** Listen for as long as the view lives. */
  on(target, name, act) {
    target.addEventListener(name, act, { signal: this.listeners.signal });
  }

  /** Act on the width of an element, now and whenever its size changes while the view lives. */
  onResize(element, act) {
    const watcher = new ResizeObserver(([{ contentRect }]) => act(contentRect.width));
    watcher.observe(element);
    this.listeners.signal.addEventListener("abort", () => watcher.disconnect());
  }

  #hear(topic, detail) {
    if (topic === "settings") this.#showSettings();
    else if (topic === "alive") this.source.show();
    else if (topic === "notice") this.notice.say(detail);
    else if (topic === "code") this.code.show(detail);
    else this.show(topic, detail);
  }

  #showSettings() {
    for (const control of this.controls) control.show();
    const { about } = this.session.picture ?? {};
    const of = about?.sample ?? about?.file ?? (about && `${about.height} × ${about.width}`);
    put(this.element, "ariaLabel", of ? `${this.label}: ${of}` : this.label);
    this.history.show();
    this.source.show();
    this.show("settings");
  }

  dispose() {
    this.listeners.abort();
    this.unsubscribe();
    this.unwatch();
    this.announcer.dispose();
    this.element.remove();
  }
}
