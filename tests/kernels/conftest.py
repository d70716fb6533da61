"""What the tests of the kernels share: threads are tried whatever the machine has."""

import pytest

from cnnlab.kernels import _threads


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """More threads than cores are not used, so pretend that there are cores for the tests'."""
    monkeypatch.setattr(_threads, "_cores", lambda: 8)
