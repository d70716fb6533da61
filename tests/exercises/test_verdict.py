import numpy as np

from cnnlab.exercises import Verdict, verdict
from cnnlab.exercises import filters as lesson


def test_the_rich_verdict_shows_the_same_words_and_escapes_them():
    html = Verdict(False, "use <, not >")._repr_html_()
    assert "<b>Not quite.</b> use &lt;, not &gt;" in html


def test_a_note_stands_below_the_message():
    noted = Verdict(True, "Yes.", note="It is <not> saved.")
    assert repr(noted) == "Right. Yes. It is <not> saved."
    assert "<p>It is &lt;not&gt; saved.</p>" in noted._repr_html_()


def test_where_no_front_end_runs_hints_and_solution_are_folded_text():
    for answer in (..., np.zeros((3, 3))):
        html = lesson.vertical_edges.check(answer)._repr_html_()
        assert html.count("<details>") == 2
        assert "<summary>Hints</summary>" in html
        for hint in lesson.vertical_edges.hints:
            assert hint in html
        assert "[-1, 0, 1]" in html


def test_a_right_answer_needs_no_steps():
    assert "<details>" not in lesson.vertical_edges.check([[-1, 0, 1]])._repr_html_()


def test_a_floor_above_can_show_the_steps(monkeypatch):
    monkeypatch.setattr(verdict, "_shows", [])
    verdict.show_steps_with(lambda shown: {"application/test": shown.steps.hints[0]})
    bundle = lesson.finder.check(...)._repr_mimebundle_()
    assert bundle["text/plain"].startswith("Not yet.")
    assert "<details>" in bundle["text/html"]
    assert bundle["application/test"] == lesson.finder.hints[0]
    assert "application/test" not in Verdict(True, "Yes.")._repr_mimebundle_()
