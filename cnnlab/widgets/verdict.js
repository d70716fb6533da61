// A verdict: what is said of an answer, the hints so far, and the next steps as buttons.

import { button, frame, make, put } from "./page/dom.js";
import { Line } from "./page/wire.js";

/**
 * @typedef {Object} Shown
 * @property {"wrong" | "open"} kind
 * @property {string} opening
 * @property {string} message
 * @property {string} note
 * @property {string[]} hints - those given so far
 * @property {number} total - how many hints there are
 * @property {boolean} tried - an answer has been given, so that the solution may be offered
 * @property {string} solution - empty until it is asked for
 */

function render({ model, el }) {
  const line = new Line(model);
  const words = make("p", { class: "cnnlab-verdict-words" });
  const note = make("p", { class: "cnnlab-hint" });
  const hints = make("ol", { class: "cnnlab-verdict-hints" });
  const code = make("div", { class: "cnnlab-verdict-code", tabindex: 0 });
  const solution = make("div", { role: "group", "aria-label": "Solution" }, "A solution:", code);
  const said = make("span", { class: "cnnlab-hint" });
  const hint = button("Hint", { onclick: () => ask("hint") });
  const solve = button("Solution", { onclick: () => ask("solution") });
  const again = button("Try again", { onclick: () => backIntoTheCell() });

  /** Ask the kernel; what it gives comes back in `_shown`, a refusal in words. */
  async function ask(kind) {
    said.textContent = "";
    try {
      await line.commit(kind);
    } catch (error) {
      said.textContent = error.message;
    }
  }

  function backIntoTheCell() {
    const editor = el.closest(".jp-Cell")?.querySelector(".jp-InputArea-editor .cm-content");
    if (editor) focusOnBlank(editor);
    else said.textContent = "Change your answer in the cell above, and run it again.";
  }

  function show() {
    /** @type {Shown} */
    const shown = model.get("_shown");
    const given = shown.hints.length;
    card.dataset.kind = shown.kind;
    words.replaceChildren(make("b", {}, shown.opening), ` ${shown.message}`);
    note.textContent = shown.note;
    note.hidden = !shown.note;
    for (const text of shown.hints.slice(hints.childElementCount)) {
      hints.append(make("li", {}, text));
    }
    hints.hidden = !given;
    put(code, "textContent", shown.solution);
    solution.hidden = !shown.solution;
    leave(
      hint,
      given === shown.total,
      given ? `Next hint (${given + 1} of ${shown.total})` : "Hint",
    );
    leave(solve, !shown.tried || Boolean(shown.solution), "Solution");
  }

  /** Hide a button that has nothing left to give; the focus then goes on to what is left. */
  function leave(step, gone, label) {
    const focused = step === document.activeElement;
    step.hidden = gone;
    step.textContent = label;
    if (gone && focused) again.focus();
  }

  const card = make(
    "div",
    { class: "cnnlab-verdict" },
    words,
    note,
    make("div", { role: "status", "aria-live": "polite" }, hints, solution),
    make("div", { class: "cnnlab-verdict-steps" }, hint, solve, again, said),
  );
  show();
  model.on("change:_shown", show);
  el.append(frame("Verdict", "Verdict on your answer", card));
  return () => {
    line.dispose();
    model.off("change:_shown", show);
  };
}

/** Put the cursor into an editor: on the first blank, or where it stood last. */
function focusOnBlank(editor) {
  editor.focus();
  editor.closest(".jp-InputArea").scrollIntoView({ block: "nearest" });
  const texts = document.createTreeWalker(editor, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const place = node.data.indexOf("...");
    if (place >= 0) {
      window.getSelection().setBaseAndExtent(node, place, node, place + 3);
      return;
    }
  }
}

export default { render };
