// Widgets in a page of their own, written by `cnnlab export`: no notebook, no kernel, no network.
// Each model plays its saved state; what would go to a kernel is refused, and the widget goes on
// by itself.

const STATE = "application/vnd.jupyter.widget-state+json";
const { state: states } = JSON.parse(document.querySelector(`script[type="${STATE}"]`).textContent);
const models = new Map();

class Model {
  alone = true;
  widget_manager = { get_model: async (id) => modelOf(id) };

  constructor({ state, buffers = [] }) {
    this.state = { ...state };
    for (const { data, path } of buffers) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      this.state[path[0]] = new DataView(bytes.buffer);
    }
  }

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
  }

  send() {
    throw new Error("this page has no kernel");
  }

  // Nobody else changes a model here, and nothing is stored.
  on() {}
  off() {}
  save_changes() {}

  /** The widget's module, one a model, however many views there are. */
  get widget() {
    this.started ??= this.#start();
    return this.started;
  }

  async #start() {
    const text = new Blob([this.get("_esm")], { type: "text/javascript" });
    const address = URL.createObjectURL(text);
    const { default: widget } = await import(address);
    URL.revokeObjectURL(address);
    await widget.initialize?.({ model: this });
    return widget;
  }
}

function modelOf(id) {
  if (!models.has(id)) models.set(id, new Model(states[id]));
  return models.get(id);
}

for (const el of document.querySelectorAll("[data-cnnlab-model]")) {
  const model = modelOf(el.dataset.cnnlabModel);
  model.widget.then((widget) => widget.render({ model, el }));
}

export default {};
