"""Join the scripts and the style sheets of a widget: no build step, no network.

A notebook hands the page one text a widget. Each file is a module that an editor can read by
itself; here a widget's own file and all that it imports, one by one, are written below each other,
each in a scope of its own, so that two files may use one name for two things:

    const page_wire = (() => { const { make } = page_dom; ...; return { Line }; })();

A style sheet stands beside the script that needs it and travels with it. What several widgets
share lies in a lower layer than what a widget says itself, so that the order in which a page meets
the sheets does not matter.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
from functools import cache
from importlib import resources

from cnnlab import display, images

__all__ = ["LETTERS", "NUMBERS_UP_TO", "bundle", "joined_script", "joined_style"]

LETTERS = "abcdefgh"
"""What the choices of a question are called, in this order."""

NUMBERS_UP_TO = 20
"""Pixels a side up to which the numbers of a picture are written on it."""

LARGEST_UPLOAD = 8 * 2**20
"""Bytes of a file that a page sends. Jupyter Server ends the connection above 10 MiB."""

_SHIELD = ".cnnlab.cnnlab.cnnlab, .cnnlab.cnnlab.cnnlab * { all: revert-layer; }\n"
"""Ends at our frame what the page around says of buttons, tables and lists.

Rules outside all layers, such as a notebook's, win over every layer; this one, which is outside
too and weighs more, hands the decision back to the layers.
"""

_IMPORT = re.compile(r'^import \{([^}]*)\} from "(\.[^"]*)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\W+(\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?://.*|/\*\*?(?:[^*]|\*(?!/))*\*/[ \t]*)\n", re.MULTILINE)


def joined_script(stem: str) -> str:
    """Join a widget's script with those it imports.

    Parameters
    ----------
    stem : str
        The name of the widget's file, which ends in ``export default``.

    Returns
    -------
    str
        One ES module; comments on lines of their own stay behind.
    """
    *needed, own = _needed(stem)
    entry = _body(own).replace("export default ", "return ", 1)
    return "".join([*map(_scope, needed), f"export default (() => {{\n{entry}}})();\n"])


def bundle(*modules: str) -> str:
    """Join scripts that are no widget, for a page that wants what they export.

    Parameters
    ----------
    *modules : str
        Their paths, such as ``"page/twin/colour"``.

    Returns
    -------
    str
        One ES module; its default export holds all that they export.
    """
    needed = dict.fromkeys(part for module in modules for part in _needed(module))
    exported = ", ".join(f"...{_name(module)}" for module in modules)
    return "".join([*map(_scope, needed), f"export default {{ {exported} }};\n"])


def joined_style(stem: str) -> str:
    """Join the style sheets that stand beside those scripts.

    Parameters
    ----------
    stem : str
        The name of the widget's file.

    Returns
    -------
    str
        Shared rules in the layer ``cnnlab.base``, the widget's own in ``cnnlab.widget``.
    """
    sheets = ["@layer cnnlab.base, cnnlab.widget;\n", _SHIELD]
    for module in _needed(stem):
        path = resources.files("cnnlab.widgets").joinpath(f"{module}.css")
        if path.is_file():
            layer = "base" if module.startswith("page/") else "widget"
            text = _COMMENT.sub("", path.read_text("utf-8"))
            sheets.append(f"@layer cnnlab.{layer} {{\n{text}}}\n")
    return "".join(sheets)


def _needed(module: str, above: tuple[str, ...] = ()) -> list[str]:
    """List a module and all that it leans on, what is leaned on first."""
    if module in above:
        raise ImportError(f"these scripts import each other: {' -> '.join([*above, module])}")
    found: list[str] = []
    for _, path in _IMPORT.findall(_source(module)):
        found += _needed(_resolved(path, module), (*above, module))
    return list(dict.fromkeys([*found, module]))


def _resolved(path: str, importer: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), path))


def _scope(module: str) -> str:
    return f"const {_name(module)} = (() => {{\n{_body(module)}}})();\n"


def _name(module: str) -> str:
    return module.replace("/", "_")


def _body(module: str) -> str:
    """Write what a module says, its imports taken from the scopes above it."""

    def taken(found: re.Match[str]) -> str:
        names = " ".join(found[1].split()).removesuffix(",").replace(" as ", ": ")
        return f"const {{ {names} }} = {_name(_resolved(found[2], module))};\n"

    text = _IMPORT.sub(taken, _source(module))
    exported = _EXPORT.findall(text)
    text = _COMMENT.sub("", _EXPORT.sub("", text))
    return text if "export default" in text else f"{text}return {{ {', '.join(exported)} }};\n"


@cache
def _source(module: str) -> str:
    """Read a script, or write the one that hands the page what Python knows."""
    if module in _GENERATED:
        return _GENERATED[module]()
    return resources.files("cnnlab.widgets").joinpath(f"{module}.js").read_text("utf-8")


def _facts() -> str:
    facts = {
        "greyWeights": list(images.GREY_WEIGHTS),
        "largestSide": images.LARGEST_SIDE,
        "largestUpload": LARGEST_UPLOAD,
        "letters": LETTERS,
        "numbersUpTo": NUMBERS_UP_TO,
        "suffixes": sorted(images.SUFFIXES),
    }
    return f"export const FACTS = {json.dumps(facts)};\n"


def _palettes() -> str:
    palettes = {
        palette.name: {
            "title": palette.title,
            "signed": palette.signed,
            "colours": base64.b64encode(palette.colours.tobytes()).decode(),
        }
        for palette in display.PALETTES.values()
    }
    return f"export const PALETTES = {json.dumps(palettes)};\n"


_GENERATED = {"page/facts": _facts, "page/palettes": _palettes}
