"""A lab with learners who have come in, one and the same for all tests of this folder."""

import pytest

from tests.hub.lab import Lab, Learner, missing


@pytest.fixture(scope="session")
def lab():
    """A lab machine; skipped, with the way to get it, where it cannot be made."""
    lacking = missing()
    if lacking:
        pytest.skip(lacking)
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
