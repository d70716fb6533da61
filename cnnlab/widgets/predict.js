// Predict: one question; an answer is locked, and revealed when the learner has looked.

import { frame } from "./_common.js";
import { Post, QuestionCard } from "./_question.js";

function render({ model, el }) {
  const post = new Post(model);
  const card = new QuestionCard(
    { commit: "Lock my answer", locked: "Find out below, then reveal." },
    (place, silent) => post.send({ kind: "commit", question: 0, place }, silent),
    (silent) => post.send({ kind: "reveal", question: 0 }, silent),
  );
  const show = () => {
    post.heard();
    card.show(model.get("_shown")[0]);
  };
  show();
  model.on("change:_shown", show);
  el.append(frame("predict", "Prediction", card.element));
  return () => {
    post.heard();
    model.off("change:_shown", show);
  };
}

export default { render };
