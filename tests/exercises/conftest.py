import pytest

from cnnlab.exercises import rehearsal


@pytest.fixture(autouse=True)
def _fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLAB_HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def _rehearsed(monkeypatch):
    """Rehearse answers although other tests of this process have loaded PyTorch."""
    monkeypatch.setattr(rehearsal, "_LEFT_BEHIND", ())
