"""A lab with learners who have come in, one and the same for all tests of this folder."""

from concurrent.futures import ThreadPoolExecutor
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
    with Lab(["ada", "bob", "cyd", "root"]) as lab:
        yield lab


@pytest.fixture(scope="session")
def room(lab):
    """Those who have come in, by name: all at once, as a class does."""

    def come_in(name):
        learner = Learner(lab, name)
        assert learner.log_in()
        learner.start_server()
        learner.pull()
        return learner

    names = ("ada", "bob", "cyd", "teacher")
    with ThreadPoolExecutor() as pool:
        return dict(zip(names, pool.map(come_in, names), strict=True))


@pytest.fixture(scope="session")
def ada(room):
    return room["ada"]


@pytest.fixture(scope="session")
def bob(room):
    return room["bob"]


@pytest.fixture(scope="session")
def cyd(room):
    return room["cyd"]


@pytest.fixture(scope="session")
def teacher(room):
    return room["teacher"]
