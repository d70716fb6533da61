"""``python -m cnnlab`` is the same as the ``cnnlab`` command."""

from __future__ import annotations

from cnnlab.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
