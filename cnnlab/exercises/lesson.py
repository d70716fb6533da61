"""A lesson: what one chapter asks its reader, in the order of its class body.

The class body gives each item its name, and with the chapter the key under which progress is kept,
so that neither is written a second time. Data that the notebook shows stand there too.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = ["Item", "Lesson"]


class Item:
    """Something to answer.

    Attributes
    ----------
    kind : str
        The column of the map of the course that counts it.
    name : str
        What it is called in its lesson.
    key : str
        Under which its progress is kept: chapter and name.
    kept_as : str
        The name it had when learners' progress was first kept, if that was another.
    """

    kind: ClassVar[str]
    name: str
    key: str
    kept_as: str = ""

    def __set_name__(self, lesson: type, name: str) -> None:
        self.name = name

    @property
    def done(self) -> bool:
        """Whether it counts on the map."""
        raise NotImplementedError


class Lesson:
    """The base of the chapters' classes; imported in a notebook as ``lesson``, never called.

    A chapter with much to ask keeps some of it in a plain class, in a module beside its own, and
    names that class as a further base: its items come first.

    Attributes
    ----------
    chapter : str
        The stem of the notebook.
    items : tuple of Item
    quiz : tuple of Item
        The questions at the end.
    test : tuple of Item
        The questions that stand before the course, or after it.
    """

    chapter: ClassVar[str]
    items: ClassVar[tuple[Item, ...]]
    quiz: ClassVar[tuple[Item, ...]]
    test: ClassVar[tuple[Item, ...]]

    def __init_subclass__(cls, chapter: str) -> None:
        """Give every item its key."""
        cls.chapter = chapter
        bodies = [vars(part).values() for part in reversed(cls.__mro__)]
        cls.items = tuple(item for body in bodies for item in body if isinstance(item, Item))
        cls.quiz = tuple(item for item in cls.items if item.kind == "quiz")
        cls.test = tuple(item for item in cls.items if item.kind == "probed")
        for item in cls.items:
            item.key = f"{chapter}.{item.kept_as or item.name}"
