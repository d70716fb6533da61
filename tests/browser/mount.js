// Mounts a widget on an empty page with a model as anywidget hands it over: traits, listeners that
// are counted, and what was sent. window.lab plays the kernel.
async ([module, traits, bytes, held, silent]) => {
  const listeners = new Map(),
    sent = [],
    state = { ...traits };
  const read = (text) =>
    new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  for (const [name, text] of Object.entries(bytes)) state[name] = read(text);
  const model = {
    widget_manager: {
      async get_model(id) {
        if (window.late-- > 0) throw new Error("widget model not found");
        return { get: () => held[id] };
      },
    },
    get(name) {
      if (!(name in state)) throw new Error(`there is no trait ${name}`);
      return state[name];
    },
    set(name, value) {
      if (!(name in state)) throw new Error(`there is no trait ${name}`);
      state[name] = value;
    },
    save_changes() {},
    send(content, _callbacks, buffers) {
      if (silent === "gone") throw new Error("the comm is closed");
      sent.push({ content: structuredClone(content), buffers, at: performance.now() });
    },
    on(name, act) {
      listeners.set(name, [...(listeners.get(name) ?? []), act]);
    },
    off(name, act) {
      listeners.set(
        name,
        (listeners.get(name) ?? []).filter((one) => one !== act),
      );
    },
  };
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const widget = (await import(address)).default;
  const el = document.createElement("div");
  document.body.replaceChildren(el);
  const end = await widget.initialize?.({ model });
  window.lateStill = window.late;
  const close = await widget.render({ model, el });
  window.lab = {
    sent,
    state,
    close() {
      close?.();
      end?.();
    },
    listening: () => [...listeners.values()].flat().length,
    fire(name, ...details) {
      for (const act of listeners.get(name) ?? []) act(...details);
    },
    change(name, value) {
      model.set(name, value);
      this.fire(`change:${name}`);
    },
    reply(seq, message, ...buffers) {
      const views = buffers.map((one) => new DataView(Uint8Array.from(one).buffer));
      this.fire("msg:custom", { client: sent[0].content.client, seq, ...message }, views);
    },
    /** Answer a request for a frame with a map of 3x3 pixels of one colour. */
    answer(seq, level) {
      const about = { height: 3, width: 3, low: 0, high: 1, limit: 1 };
      this.reply(seq, about, new Array(9).fill(level));
    },
  };
};
