// Predict: one question; an answer is locked, and revealed when the learner has looked.

import { QuestionCard, questions } from "./page/question.js";

function render({ model, el }) {
  const cardsOf = (line) => [
    new QuestionCard({
      commit: "Lock my answer",
      locked: "Find out below, then reveal.",
      onanswer: (place) => line.commit("commit", { question: 0, place }),
      onreveal: () => line.commit("reveal", { question: 0 }),
    }),
  ];
  const show = ([card]) => card.show(model.get("_shown")[0]);
  const { element, dispose } = questions(model, "Predict", "Prediction", cardsOf, show);
  el.append(element);
  return dispose;
}

export default { render };
