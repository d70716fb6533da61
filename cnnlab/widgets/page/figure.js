// A picture or a grid with what is said over it.

import { make } from "./dom.js";

/** @param {(Node | string)[]} caption */
export function figure(caption, attributes, ...parts) {
  const title = make("figcaption", {}, ...caption);
  return make("figure", { class: "cnnlab-figure", ...attributes }, title, ...parts);
}
