"""A lab with learners who have come in, one and the same for all tests of this folder."""

from pathlib import Path

import pytest

from tests.hub.lab import Lab, Learner

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """All of them need a hub."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.needs("hub"))


@pytest.fixture(scope="session")
def lab():
    """A lab machine."""
    with Lab(["ada", "bob", "cyd", "dan", "root"]) as lab:
        yield lab


def come_in(lab, name):
    learner = Learner(lab, name)
    assert learner.log_in()
    learner.start_server()
    learner.pull()
    return learner


@pytest.fixture(scope="session")
def ada(lab):
    return come_in(lab, "ada")


@pytest.fixture(scope="session")
def bob(lab):
    return come_in(lab, "bob")


@pytest.fixture(scope="session")
def cyd(lab):
    return come_in(lab, "cyd")


@pytest.fixture(scope="session")
def dan(lab):
    return come_in(lab, "dan")


@pytest.fixture(scope="session")
def teacher(lab):
    return come_in(lab, "teacher")
