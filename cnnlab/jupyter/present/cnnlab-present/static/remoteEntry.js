// Presenting from JupyterLab itself: one idea a screen, in big type, by keyboard or clicker.
//
// A screen is a text and the cells up to the next text; whatever is on no screen now is hidden. A
// cell runs as its screen comes, so widgets are live, and what is changed or written goes on from
// there. The code of a widget is hidden, C shows it. `cnnlab present` loads this as a JupyterLab extension, for that start only. Written as
// JupyterLab loads one, a module-federation container, so that nothing has to be built.

const STYLE = `
.cnnlab-talk { --cnnlab-talk-size: clamp(18px, 1.75vw, 40px); }
.cnnlab-talk .jp-Notebook {
  --jp-content-font-size1: var(--cnnlab-talk-size);
  --jp-content-font-size2: calc(1.2 * var(--cnnlab-talk-size));
  --jp-content-font-size3: calc(1.44 * var(--cnnlab-talk-size));
  --jp-content-font-size4: calc(1.6 * var(--cnnlab-talk-size));
  --jp-content-font-size5: calc(1.8 * var(--cnnlab-talk-size));
  --jp-code-font-size: calc(0.85 * var(--cnnlab-talk-size));
  --jp-ui-font-size1: calc(0.75 * var(--cnnlab-talk-size));
  padding: 1vh max(2vw, calc((100vw - 1500px) / 2)) 4vh;
}
.cnnlab-talk .cnnlab-elsewhere,
.cnnlab-talk .jp-Notebook-footer,
.cnnlab-talk .jp-InputPrompt,
.cnnlab-talk .jp-OutputPrompt,
.cnnlab-talk .jp-Collapser,
.cnnlab-talk .jp-cell-toolbar { display: none !important; }
.cnnlab-talk:not(.cnnlab-talk-code) .jp-CodeCell:has(.jp-OutputArea [data-widget]:not([data-widget=Verdict])) .jp-Cell-inputWrapper { display: none; }
.cnnlab-talk .jp-Cell { padding-inline: 0; }
.cnnlab-talk .jp-MarkdownCell, .cnnlab-talk .jp-MarkdownCell * { outline: none; box-shadow: none; }
.cnnlab-talk .jp-MarkdownCell .jp-InputArea { border-color: transparent; }
.cnnlab-talk .jp-OutputArea-output img { min-width: 50%; max-height: 62vh; object-fit: contain; object-position: left; }
.cnnlab-talk-place {
  position: fixed; right: 16px; bottom: 10px; z-index: 10; padding: 2px 10px; border-radius: 4px;
  font: 16px var(--jp-ui-font-family); color: var(--jp-ui-font-color1); background: var(--jp-layout-color2);
}
`;

const AHEAD = { PageDown: 1, PageUp: -1, ArrowRight: 1, ArrowLeft: -1 };
const LOOK = 150; // milliseconds from one look for the notebook to the next
const REST = 4; // pixels that may be left below the fold

/** One notebook, screen by screen. */
class Talk {
  constructor(app, panel) {
    this.app = app;
    this.panel = panel;
    this.notebook = panel.content;
    this.number = 0;
    this.ran = new Set(); // ids of the cells that have run in this talk
    this.notebook.notebookConfig = { ...this.notebook.notebookConfig, windowingMode: "none" };
    panel.addClass("cnnlab-talk");
    panel.toolbar.hide();
    this.place = document.createElement("div");
    this.place.className = "cnnlab-talk-place";
    this.place.setAttribute("role", "status");
    document.body.append(this.place);
    window.addEventListener("keydown", (event) => this.press(event), { capture: true });
    // Cells that are written or moved in the talk belong to the screen they stand on.
    this.notebook.model.cells.changed.connect(() => requestAnimationFrame(() => this.hide()));
  }

  /** The screens: for each, the places of its cells. */
  get screens() {
    const screens = [];
    this.notebook.widgets.forEach((cell, place) => {
      if (cell.model.type === "markdown" || !screens.length) screens.push([]);
      screens.at(-1).push(place);
    });
    return screens;
  }

  get scroller() {
    return this.notebook.outerNode ?? this.notebook.node;
  }

  hide() {
    const here = new Set(this.screens[this.number]);
    this.notebook.widgets.forEach((cell, place) => {
      cell.node.classList.toggle("cnnlab-elsewhere", !here.has(place));
    });
    this.place.textContent = `${this.number + 1} / ${this.screens.length}`;
  }

  /** Show a screen, and run what has not run up to there. */
  async show(number) {
    const { screens } = this;
    this.number = Math.min(Math.max(number, 0), screens.length - 1);
    this.hide();
    this.scroller.scrollTop = 0;
    this.notebook.mode = "command";
    this.notebook.activeCellIndex = screens[this.number][0];
    this.running = (this.running ?? Promise.resolve()).then(() => this.run(this.number));
    await this.running;
  }

  async run(number) {
    for (const place of this.screens.slice(0, number + 1).flat()) {
      const cell = this.notebook.widgets[place];
      if (cell.model.type !== "code" || this.ran.has(cell.model.id)) continue;
      this.ran.add(cell.model.id);
      this.notebook.activeCellIndex = place;
      this.notebook.deselectAll();
      await this.app.commands.execute("notebook:run-cell");
    }
    if (number === this.number) {
      this.notebook.activeCellIndex = this.screens[number][0];
      this.scroller.scrollTop = 0;
    }
  }

  /** Go on, or first to what is below the fold of a long screen. */
  turn(step) {
    const { scroller } = this;
    const left =
      step > 0
        ? scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop
        : scroller.scrollTop;
    if (left > REST) scroller.scrollBy({ top: step * 0.8 * scroller.clientHeight });
    else this.show(this.number + step);
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    const pages = event.key.startsWith("Page"); // what a clicker sends, wherever the focus is
    const busy = event.target.closest?.(
      "input, textarea, select, [contenteditable=true], .cnnlab, .lm-Menu",
    );
    if (busy && !pages) return;
    if (pages) this.turn(AHEAD[event.key]);
    else if (event.key in AHEAD) this.show(this.number + AHEAD[event.key]);
    else if (event.key === "c") this.panel.node.classList.toggle("cnnlab-talk-code");
    else if (event.key === "Home") this.show(0);
    else if (event.key === "End") this.show(this.screens.length - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** Fold away what stands around a notebook; the menu stays. */
function leaveRoom(shell) {
  shell.collapseLeft();
  shell.collapseRight();
  for (const side of ["left", "right"]) {
    if (shell.isSideTabBarVisible?.(side)) shell.toggleSideTabBarVisibility(side);
  }
  for (const widget of shell.widgets("bottom")) widget.hide();
}

function begin(app) {
  const look = setInterval(() => {
    const panel = app.shell.currentWidget;
    if (!panel?.content?.widgets?.length || !panel.context?.isReady) return;
    if (!panel.sessionContext?.session?.kernel) return;
    clearInterval(look);
    app.shell.mode = "single-document";
    leaveRoom(app.shell);
    new Talk(app, panel).show(0);
  }, LOOK);
}

const plugin = {
  id: "cnnlab-present:talk",
  description: "Shows a notebook one idea a screen.",
  autoStart: true,
  activate(app) {
    const style = document.createElement("style");
    style.textContent = STYLE;
    document.head.append(style);
    app.restored.then(() => begin(app));
  },
};

window._JUPYTERLAB = window._JUPYTERLAB ?? {};
window._JUPYTERLAB["cnnlab-present"] = {
  init() {},
  get: async () => () => ({ __esModule: true, default: plugin }),
};
