// Elements: made, labelled, changed only where they differ.

/**
 * Make an element: attributes by name, listeners by on..., children as text or elements.
 * @param {string} tag
 * @param {Object<string, *>} [attributes]
 * @param {...(Node | string | null)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = SVG_TAGS.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value != null)
      element.setAttribute(name, value === true ? "" : value);
  }
  // JupyterLab takes arrow keys and Enter from whatever has the focus, unless that very element objects.
  if (TAKES_KEYS.has(tag) || "tabindex" in attributes) {
    element.setAttribute("data-lm-suppress-shortcuts", "true");
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const TAKES_KEYS = new Set(["button", "input", "select", "textarea", "summary"]);
const SVG_TAGS = new Set(["svg", "path", "rect", "g", "text", "pattern", "line", "defs"]);

/** Set a property only if it changes: what stays the same then costs no style, layout or drawing. */
export function put(element, name, value) {
  if (element[name] !== value) element[name] = value;
}

/** The same for a custom property, which all that stands within inherits. */
export function putStyle({ style }, name, value) {
  if (style.getPropertyValue(name) !== String(value)) style.setProperty(name, value);
}

/** The same for what an element holds. */
export function fill(element, ...children) {
  const { childNodes } = element;
  const same = (child, k) => child.isEqualNode(childNodes[k]);
  if (children.length === childNodes.length && children.every(same)) return;
  element.replaceChildren(...children);
}

/** Whether the page may move things by itself. */
export function motionWanted() {
  return !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H7",
  redo: "M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H9",
  reset: "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3",
  upload: "M8 10.5V2.5M4.8 5.5 8 2.3l3.2 3.2M2.5 10.5v3h11v-3",
  camera: "M1.5 4.5h9v7h-9zM10.5 7l4-2v6l-4-2",
  pencil: "M2.5 13.5l1-3.5 7.5-7.5 2.5 2.5L6 12.5zM9.5 4l2.5 2.5",
  code: "M5 4.5 1.5 8 5 11.5M11 4.5 14.5 8 11 11.5",
  play: "M4.5 2.5l8.5 5.5-8.5 5.5z",
  pause: "M5 3v10M11 3v10",
  forward: "M5 3l5 5-5 5M12 3v10",
  back: "M11 3L6 8l5 5M4 3v10",
  up: "M8 13V3M3.5 7.5L8 3l4.5 4.5",
  down: "M8 3v10M3.5 8.5L8 13l4.5-4.5",
  away: "M4 4l8 8M12 4l-8 8",
  record: "M8 3.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 1 1 0-9zM8 6.5a1.5 1.5 0 1 1 0 3a1.5 1.5 0 1 1 0-3z",
};

export function icon(name) {
  return make(
    "svg",
    { viewBox: "0 0 16 16", class: "cnnlab-icon", "aria-hidden": "true" },
    make("path", { d: ICONS[name] }),
  );
}

/** A button with a picture, words, or both; what is only a picture gets its words as a tooltip. */
export function button(words, { picture, quiet = false, ...attributes }) {
  const named = quiet ? { "aria-label": words, "data-tip": words } : {};
  return make(
    "button",
    {
      type: "button",
      class: `cnnlab-button${quiet ? " cnnlab-quiet" : ""}`,
      ...named,
      ...attributes,
    },
    picture ? icon(picture) : null,
    quiet ? null : words,
  );
}

/** Controls side by side. */
export function fields(...children) {
  return make("div", { class: "cnnlab-fields" }, ...children);
}

/** What pushes apart what stands before and after it in a row. */
export function space() {
  return make("span", { class: "cnnlab-space" });
}

/**
 * The frame around a widget: keys belong to it, not to the notebook's shortcuts. It takes the focus
 * of a click on what is no control; else the notebook had it, where x or d d deletes the cell.
 */
export function frame(name, label, ...children) {
  return make(
    "div",
    {
      class: "cnnlab",
      role: "region",
      "aria-label": label,
      "data-widget": name,
      tabindex: -1,
    },
    ...children,
  );
}
