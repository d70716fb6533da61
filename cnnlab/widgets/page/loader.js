// All that travels with each widget: it fetches the script and the style sheet of its kind.

import { common } from "./common.js";

let widget, sheet;

async function initialize({ model }) {
  const { script, style } = await common(model, model.get("_kind"));
  sheet = style;
  const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  widget = (await import(address)).default;
  URL.revokeObjectURL(address);
  return widget.initialize?.({ model });
}

function render({ model, el }) {
  dress(el, model.get("_anywidget_id"));
  return widget.render({ model, el });
}

/** Put the style sheet where the widget stands, once a kind: in the page, or in a shadow of it. */
function dress(el, kind) {
  const root = el.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  const worn = home.querySelector(`style[data-cnnlab="${kind}"]`);
  const style = worn ?? document.createElement("style");
  style.dataset.cnnlab = kind;
  if (style.textContent !== sheet) style.textContent = sheet; // another release of the package
  if (!worn) home.append(style);
}

export default { initialize, render };
