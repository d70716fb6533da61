// All that travels with each widget: it fetches the script and the style sheet of its kind.

import { common } from "./common.js";

let opened; // a promise of the widget's own module, its sheet and what ends it

async function open(model) {
  const { script, style } = await common(model, model.get("_kind"));
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const widget = (await import(address)).default;
  URL.revokeObjectURL(address);
  return { widget, style, end: await widget.initialize?.({ model }) };
}

/** Begin, and wait for nothing: anywidget gives up a model that takes two seconds. */
function initialize({ model }) {
  opened = open(model);
  const ended = opened.then(({ end }) => end);
  ended.catch(() => {}); // whoever shows it hears why
  return () => ended.then((end) => end?.()).catch(() => {});
}

async function render({ model, el }) {
  const { widget, style } = await opened;
  dress(el, model.get("_anywidget_id"), style);
  return widget.render({ model, el });
}

/** Put the style sheet where the widget stands, once a kind: in the page, or in a shadow of it. */
function dress(el, kind, sheet) {
  const root = el.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  const worn = home.querySelector(`style[data-cnnlab="${kind}"]`);
  const style = worn ?? document.createElement("style");
  style.dataset.cnnlab = kind;
  if (style.textContent !== sheet) style.textContent = sheet; // another release of the package
  if (!worn) home.append(style);
}

export default { initialize, render };
