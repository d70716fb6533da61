// Mounts a widget on an empty page with a model as anywidget hands it over: traits, listeners that are
// counted, and what was sent. window.lab plays the kernel.
async ([module, style, traits, pixels, silent]) => {
  const listeners = new Map(), sent = [];
  const bytes = Uint8Array.from(atob(pixels), (letter) => letter.charCodeAt(0));
  const state = { ...traits, _pixels: new DataView(bytes.buffer) };
  const model = {
    get: (name) => state[name],
    set(name, value) { state[name] = value; },
    save_changes() {},
    send(content, _callbacks, buffers) {
      if (silent === "gone") throw new Error("the comm is closed");
      sent.push({ content, buffers, at: performance.now() });
    },
    on(name, act) { listeners.set(name, [...(listeners.get(name) ?? []), act]); },
    off(name, act) { listeners.set(name, (listeners.get(name) ?? []).filter((one) => one !== act)); },
  };
  const address = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
  const widget = (await import(address)).default, el = document.createElement("div");
  document.head.append(Object.assign(document.createElement("style"), { textContent: style }));
  document.body.replaceChildren(el);
  const close = await widget.render({ model, el });
  window.lab = { sent, state, close, listening: () => [...listeners.values()].flat().length,
    fire(name, ...details) { for (const act of listeners.get(name) ?? []) act(...details); },
    change(name, value) { state[name] = value; this.fire(`change:${name}`); },
    /** Answer; of the time since the request, all but `trip` milliseconds were the kernel's. */
    answer(seq, level, { trip = Infinity, ...more } = {}) {
      const steps = new Uint8Array(9).fill(level);
      const { at } = sent.find((one) => one.content.seq === seq);
      const busy = Math.max(0, performance.now() - at - trip);
      this.fire("msg:custom", { client: sent[0].content.client, seq, busy, height: 3, width: 3, low: 0,
        high: 1, limit: 1, ...more }, [new DataView(steps.buffer)]);
    } };
}
