// Quiz: questions with feedback at once; the first answer of each counts.

import { make } from "./page/dom.js";
import { QuestionCard, questions } from "./page/question.js";

function render({ model, el }) {
  const cardsOf = (line) =>
    model.get("_shown").map(
      (_, question) =>
        new QuestionCard({
          commit: "Answer",
          locked: "What is right is told after the last test.",
          onanswer: (place) => line.commit("commit", { question, place }),
        }),
    );
  const score = make("p", { class: "cnnlab-hint", "data-role": "score", role: "status" });
  const before = [];
  const show = (cards) => {
    const shown = model.get("_shown");
    // A card that has not changed keeps what is being chosen on it.
    cards.forEach((card, k) => {
      const now = JSON.stringify(shown[k]);
      if (now !== before[k]) card.show(shown[k]);
      before[k] = now;
    });
    const answered = shown.filter(({ picked }) => picked.length).length;
    const right = shown.filter(({ picked, done }) => done && picked.length === 1).length;
    const told = shown.some(({ sealed }) => sealed) ? "" : `, ${right} right first time`;
    score.textContent = `${answered} of ${shown.length} answered${told}`;
  };
  const { element, dispose } = questions(model, "Quiz", "Quiz", cardsOf, show, score);
  el.append(element);
  return dispose;
}

export default { render };
