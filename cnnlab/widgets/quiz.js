// Quiz: questions with feedback at once; the first answer of each counts.

import { frame, make } from "./_common.js";
import { Post, QuestionCard } from "./_question.js";

function render({ model, el }) {
  const post = new Post(model);
  const cards = model.get("_shown").map((_, question) => new QuestionCard(
    { commit: "Answer", locked: "" },
    (place, silent) => post.send({ kind: "commit", question, place }, silent),
    () => {},
  ));
  const score = make("p", { class: "cnnlab-score", role: "status", "aria-live": "polite" });
  let before = [];
  const show = () => {
    post.heard();
    const shown = model.get("_shown");
    // A card that has not changed keeps what is being chosen on it.
    cards.forEach((card, k) => {
      const now = JSON.stringify(shown[k]);
      if (now !== before[k]) card.show(shown[k]);
      before[k] = now;
    });
    const answered = shown.filter(({ picked }) => picked.length).length;
    const right = shown.filter(({ picked, done }) => done && picked.length === 1).length;
    score.textContent = `${answered} of ${shown.length} answered, ${right} right at once`;
  };
  show();
  model.on("change:_shown", show);
  el.append(frame("quiz", "Quiz", ...cards.map((card) => card.element), score));
  return () => {
    post.heard();
    model.off("change:_shown", show);
  };
}

export default { render };
