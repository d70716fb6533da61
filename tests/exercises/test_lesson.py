"""A lesson's items: names, keys and order come from its body."""

from cnnlab.exercises import Lesson, Question


def question(right):
    return Question("?", choices={1: ("one", "1."), 2: ("two", "2.")}, answer=lambda: right)


class Asked:
    early = question(1)


class Whole(Asked, Lesson, chapter="99_whole"):
    late = question(2)


def test_items_of_a_further_base_come_first_and_have_the_lessons_keys():
    assert [item.key for item in Whole.items] == ["99_whole.early", "99_whole.late"]
    assert [item.name for item in Whole.quiz] == ["early", "late"]
    assert Whole.early.right == 0
