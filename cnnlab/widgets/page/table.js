// A table: a row of names, and lines that each begin with one.

import { make } from "./dom.js";

/** @param {HTMLElement[]} body - of line() */
export function table(attributes, head, body) {
  const names = head.map((words) => make("th", { scope: "col" }, words));
  return make(
    "table",
    { class: "cnnlab-table", ...attributes },
    make("thead", {}, make("tr", {}, ...names)),
    make("tbody", {}, ...body),
  );
}

export function line(name, cells, attributes = {}) {
  return make("tr", attributes, make("th", { scope: "row" }, name), ...cells);
}
