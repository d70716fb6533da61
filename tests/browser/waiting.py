"""What a page says is waited for: it paints in its own time, and a busy machine gives it less."""

import time
from collections.abc import Callable
from typing import Any

_PATIENCE = 30.0  # seconds
_PAUSE = 0.02


def comes(read: Callable[..., Any], expected: Any, *given: Any) -> None:
    """Wait until what is read equals what is expected; what was read last is in the failure."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            found = read(*given)
        except LookupError as error:  # what is to be read is not there yet
            found = error
        if found == expected or time.monotonic() > deadline:
            break
        time.sleep(_PAUSE)
    assert found == expected
