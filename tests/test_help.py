"""What Shift+Tab shows a learner who wonders what a function takes."""

import importlib
import pkgutil

import pytest
from IPython.core.oinspect import Inspector

import cnnlab
from cnnlab import plots

MODULES = [
    module.name
    for module in pkgutil.walk_packages(cnnlab.__path__, "cnnlab.")
    if not module.name.endswith("__main__")
]


def definition(subject, name):
    """Give the signature as the notebook's kernel writes it."""
    found = Inspector(theme_name="nocolor").info(subject, oname=name)
    return found["init_definition"] or found["definition"] or ""


def public_callables(module_name):
    """Go through what a module names as public, and the public methods of its classes."""
    module = importlib.import_module(module_name)
    for name in getattr(module, "__all__", ()):
        subject = getattr(module, name)
        if not callable(subject) or not ours(subject):  # an alias of a type, for example
            continue
        yield name, subject
        kinds = [kind for kind in getattr(subject, "__mro__", ()) if ours(kind)]
        for key in dict.fromkeys(key for kind in kinds for key in vars(kind)):
            method = getattr(subject, key)
            if not key.startswith("_") and callable(method) and ours(method):
                yield f"{name}.{key}", method


def ours(subject):
    return (getattr(subject, "__module__", None) or "").partition(".")[0] == "cnnlab"


@pytest.mark.parametrize("module", MODULES)
def test_the_signature_of_everything_public_can_be_read_at_a_glance(module):
    for name, subject in public_callables(module):
        shown = definition(subject, name)
        lines = shown.splitlines()
        assert "numpy._typing" not in shown, shown
        assert 0 < len(lines) <= 20, shown  # a line for each of the settings of a training
        assert max(map(len, lines)) <= 120, shown


def test_help_on_a_plot_is_seven_lines():
    assert definition(plots.image, "plots.image").splitlines() == [
        "plots.image(",
        "    pixels: 'ArrayLike',",
        "    title: 'str' = '',",
        "    *,",
        "    palette: 'str | None' = None,",
        "    limit: 'float | None' = None,",
        ") -> 'Picture'",
    ]


def test_all_public_names_are_looked_at():
    names = [name for module in MODULES for name, _ in public_callables(module)]
    assert {"conv2d", "Conv2D", "Conv2D.output_shape", "run", "Run.pause", "FilterLab"} <= {*names}
    assert len(names) > 500
