// All that travels with each widget: it fetches the script and the style sheet of its kind.

import { common } from "./common.js";
import { heed } from "./heed.js";

const REST = 1000; // milliseconds to wait for a widget: anywidget gives up a model that takes two seconds

// By model: a promise of the module, its sheet and what ends it. anywidget loads this script for each
// model, marimo once for all.
const opened = new Map();

async function open(model) {
  const [{ script, style }] = await Promise.all([common(model, model.get("_kind")), heed(model)]);
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const widget = (await import(address)).default;
  URL.revokeObjectURL(address);
  return { widget, style, end: await widget.initialize?.({ model }) };
}

/** Begin, and wait for a moment; whoever shows it waits for the rest, and hears what went wrong. */
async function initialize({ model }) {
  const mine = open(model),
    come = mine.catch(() => {});
  opened.set(model.get("_identity"), mine);
  await Promise.race([come, new Promise((resolve) => setTimeout(resolve, REST))]);
  return () => come.then((widget) => widget?.end?.());
}

async function render({ model, el }) {
  const { widget, style } = await opened.get(model.get("_identity"));
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
