"""Draw wrong calls, make them, and say which ended in neither an answer nor an explanation.

Run by `test_fuzz.py` in a process of its own, whose memory is bounded; and by hand:
``python -m tests.fuzz --calls 50000``, or ``--only 1234`` to see one call again.
"""

import argparse
import collections
import contextlib
import dis
import faulthandler
import io
import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from pathlib import Path

import numpy as np

import cnnlab
from tests.fuzz.table import CALLED, REFUSED, WORDS, Public, everything
from tests.fuzz.values import VALUES

_PACKAGE = str(Path(cnnlab.__file__).parent)
_RAISE = dis.opmap["RAISE_VARARGS"]
_MEMORY = 3 << 30  # bytes
_SECONDS = 10  # for one call
_SECONDS_TO_COMPILE = 300  # for the first, with right values: it may compile kernels
_LONGEST = 1500  # characters of a message


class Endless(BaseException):
    """A call takes too long. No `except Exception` catches it."""


def explained(error: BaseException) -> bool:
    """Whether an error is one of ours: raised on purpose, of a kind that says "wrong argument"."""
    if not isinstance(error, ValueError | TypeError | cnnlab.training.DivergedError):
        return False
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return False
    code = trace.tb_frame.f_code
    raised = code.co_code[trace.tb_lasti] == _RAISE and code.co_filename.startswith(_PACKAGE)
    return raised and 20 < len(str(error)) < _LONGEST


class Fuzz:
    """Wrong calls, each decided by the seed and its number alone."""

    def __init__(self, seed: int, only: str = "") -> None:
        self.seed = seed
        self.doors = [
            (public, parameter.name)
            for public in everything()
            for parameter in public.parameters()
            if only in public.name and f"{public.name}.{parameter.name}" not in WORDS
        ]
        self.quiet = [name for name, made in VALUES.items() if not callable(made())]

    def drawn(self, number: int) -> tuple[Public, dict[str, str]]:
        """Say what is called, and what is given to which of its parameters."""
        rng = np.random.default_rng([self.seed, number])
        public, parameter = self.doors[rng.integers(len(self.doors))]
        wrong = [parameter]
        if rng.random() < 0.25:
            names = [name for other, name in self.doors if other is public]
            wrong = list(dict.fromkeys([parameter, *rng.permutation(names)[: rng.integers(1, 4)]]))
        return public, {str(name): self._value(str(name), rng) for name in wrong}

    def _value(self, parameter: str, rng: np.random.Generator) -> str:
        names = self.quiet if parameter in CALLED else list(VALUES)
        return names[rng.integers(len(names))]


def described(public: Public, wrong: dict[str, str]) -> str:
    return f"{public.name}({', '.join(f'{name}=<{value}>' for name, value in wrong.items())})"


def outcome(
    public: Public, wrong: dict[str, str], seconds: int = _SECONDS
) -> tuple[str, BaseException | None]:
    """Make a call: "answer", "explained", or the name of what came instead."""
    given = {name: VALUES[value]() for name, value in wrong.items()}
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(6 * seconds, exit=True, file=sys.__stderr__)
    try:
        public.call(given)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        return ("explained" if explained(error) else type(error).__name__), error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
    return "answer", None


def _late(number: int, frame: object) -> None:
    raise Endless("took too many seconds")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of a call, to see its traceback")
    parser.add_argument("--name", default="", help="only what has this in its name")
    parser.add_argument("--last", type=Path, help="file to note each call in, before it is made")
    parser.add_argument("--show", type=int, default=3, help="examples of each kind of failure")
    chosen = parser.parse_args()

    faulthandler.enable()
    signal.signal(signal.SIGALRM, _late)
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    warnings.simplefilter("ignore")
    fuzz = Fuzz(chosen.seed, chosen.name)
    out = sys.stdout
    failures: dict[str, list[str]] = collections.defaultdict(list)
    kinds: collections.Counter[str] = collections.Counter()
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
    ):
        os.chdir(folder)
        if chosen.only is None:
            for public in {id(public): public for public, _ in fuzz.doors}.values():
                kind, error = outcome(public, {}, _SECONDS_TO_COMPILE)
                if kind != ("explained" if public.name in REFUSED else "answer"):
                    failures[f"{public.name}: right values: {kind}"].append(f"{error}")
        numbers = range(chosen.first, chosen.first + chosen.calls)
        for number in numbers if chosen.only is None else [chosen.only]:
            public, wrong = fuzz.drawn(number)
            what = f"{number} {described(public, wrong)}"
            if chosen.last is not None:
                chosen.last.write_text(what, encoding="utf-8")
            kind, error = outcome(public, wrong)
            kinds[kind] += 1
            if chosen.only is not None:
                print(what, kind, file=out)
                if error is not None:
                    traceback.print_exception(error, file=out)
            elif kind not in {"answer", "explained"}:
                said = " ".join(str(error)[:160].split())
                failures[f"{public.name}: {kind}"].append(f"{what}: {said}")
        os.chdir("/")
    for heading, examples in sorted(failures.items()):
        print(f"{heading} ({len(examples)})", file=out)
        for example in examples[: chosen.show]:
            print(f"    {example}", file=out)
    wrong_ones = sum(map(len, failures.values()))
    print(", ".join(f"{count} {kind}" for kind, count in kinds.most_common()), file=out)
    print(
        f"{wrong_ones} unexplained errors in {kinds.total():,} generated calls of "
        f"{len({public.name for public, _ in fuzz.doors})} public functions",
        file=out,
    )
    return bool(wrong_ones)


if __name__ == "__main__":
    sys.exit(main())
