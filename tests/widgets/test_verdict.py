import json

import nbformat
import pytest

import cnnlab.widgets  # noqa: F401 - fills in how verdicts are shown
from cnnlab.exercises import Verdict
from cnnlab.exercises import filters as lesson
from cnnlab.exercises.store import STORE
from cnnlab.widgets.verdict import VerdictSteps

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


@pytest.fixture
def ask(monkeypatch):
    """Stands in for the browser: asks, and gives back what Python answers."""
    answers = []

    def ask_one(widget, kind):
        monkeypatch.setattr(widget, "send", lambda content, _buffers=None: answers.append(content))
        widget._on_message(widget, {"client": "page", "seq": 1, "kind": kind}, [])
        return answers[-1]

    return ask_one


def sent_to_page(widget):
    return json.dumps(widget.get_state())


def test_a_verdict_with_steps_is_shown_by_a_widget_and_others_are_not():
    assert VIEW in lesson.loops.check(...)._repr_mimebundle_()
    assert VIEW in lesson.puzzle.check(0, 0)._repr_mimebundle_()
    assert VIEW not in lesson.puzzle.check(1, 0)._repr_mimebundle_()
    assert VIEW not in Verdict(False, "No.")._repr_mimebundle_()


def test_hints_come_one_at_a_time_and_the_page_knows_no_other(ask):
    widget = VerdictSteps(lesson.finder.check(...))
    assert not any(hint[:20] in sent_to_page(widget) for hint in lesson.finder.hints)
    for number, hint in enumerate(lesson.finder.hints, start=1):
        assert "error" not in ask(widget, "hint")
        assert widget._shown["hints"][-1] == hint
        assert len(widget._shown["hints"]) == number
    assert STORE.read("01_filters.finder")["hints"] == len(lesson.finder.hints)


def test_the_solution_is_shown_after_a_first_try_and_that_is_noted(ask):
    waiting = VerdictSteps(lesson.finder.check(...))
    assert not waiting._shown["tried"]
    assert "Try first" in ask(waiting, "solution")["error"]
    assert "solution_seen" not in STORE.read("01_filters.finder")
    wrong = VerdictSteps(lesson.finder.check(1))
    assert wrong._shown["tried"]
    assert "piece.mean()" not in sent_to_page(wrong)
    ask(wrong, "solution")
    assert wrong._shown["solution"] == "weights = piece - piece.mean()"
    assert STORE.read("01_filters.finder")["solution_seen"]


def test_hints_given_before_are_there_when_the_cell_is_run_again(ask):
    ask(VerdictSteps(lesson.finder.check(...)), "hint")
    again = VerdictSteps(lesson.finder.check(1))
    assert again._shown["hints"] == [lesson.finder.hints[0]]
    assert again._shown["message"].startswith("Expected an array of shape (47, 49), got one number")


def test_in_an_exported_page_the_steps_are_folded_text():
    from nbconvert import HTMLExporter

    cell = nbformat.v4.new_code_cell("check", execution_count=1)
    data = lesson.finder.check(...)._repr_mimebundle_()
    cell.outputs = [nbformat.v4.new_output("execute_result", data, execution_count=1)]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    for template in ("lab", "classic"):
        html, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
        assert "<summary>Hints</summary>" in html
        assert "<pre><code>weights = piece - piece.mean()</code></pre>" in html
