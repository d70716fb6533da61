"""How the scripts and sheets of a widget are joined, and the floors they stand on."""

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from cnnlab import display, images, widgets
from cnnlab.widgets.shared import assets
from cnnlab.widgets.shared.widget import Widget

FOLDER = Path(widgets.__file__).parent
SCRIPTS = sorted(
    path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.js")
)
SHEETS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.css"))
KINDS = [kind for kind in map(vars(widgets).get, widgets.__all__) if isinstance(kind, type)]
WIDGETS = [kind for kind in KINDS if issubclass(kind, Widget)]
RULE = re.compile(r"([^{}]+)\{")


def imports_of(module):
    text = assets._source(module)
    return {
        assets._resolved(path, module): {name.split(" as ")[0].strip() for name in names.split(",")}
        - {""}
        for names, path in assets._IMPORT.findall(text)
    }


@pytest.mark.parametrize("kind", WIDGETS)
def test_a_widgets_module_stands_alone(kind):
    module = str(kind._script)
    assert not re.search(r"^import ", module, re.MULTILINE)
    assert re.findall(r"^export \w+", module, re.MULTILINE) == ["export default"]
    assert "https://" not in module  # nothing from outside
    assert "url(" not in str(kind._style)


def test_a_widget_sends_only_the_scripts_it_needs():
    assert len(str(widgets.Predict._script)) < 17_000
    assert "NumberGrid" not in str(widgets.Predict._script)
    assert "cnnlab-grid" not in str(widgets.Predict._style)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_only_what_its_neighbours_export(name):
    for other, names in imports_of(name).items():
        assert names <= set(assets._EXPORT.findall(assets._source(other))), other


def test_sheets_that_do_not_know_of_each_other_share_no_class():
    """All sheets of the widgets on a page hold for all of them."""
    homes = {}
    for sheet in SHEETS:
        text = re.sub(r"/\*.*?\*/", "", (FOLDER / sheet).read_text("utf-8"), flags=re.DOTALL)
        for rule in RULE.findall(text):
            for selector in rule.split(","):
                if name := re.fullmatch(r"\s*\.(cnnlab-[\w-]+)\s*", selector):
                    homes.setdefault(name[1], set()).add(sheet.removesuffix(".css"))
    known = {script: _leans_on(script) for script in SCRIPTS}
    clashes = [
        (name, one, other)
        for name, sheets in homes.items()
        for one in sheets
        for other in sheets
        if one < other and other not in known[one] and one not in known[other]
    ]
    assert not clashes
    assert "page/dom" in known["page/view"]


def _leans_on(script):
    """All that a script imports, and what that imports."""
    found = set(imports_of(script))
    for other in list(found):
        found |= _leans_on(other)
    return found


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_stand_on_floors_too(name):
    """A widget's own script leans on page/, page/ on itself and the twin, the twin on the twin."""
    floor = "page/twin/" if name.startswith("page/twin/") else "page/"
    assert all(other.startswith(floor) for other in imports_of(name))


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_script_of_the_widgets_is_long(name):
    assert (FOLDER / f"{name}.js").read_text().count("\n") <= 400


def test_every_shared_script_is_used_by_a_widget():
    entries = [name for name in SCRIPTS if "/" not in name or name in {"page/loader", "page/alone"}]
    used = {part for name in entries for part in assets._needed(name)}
    assert {name for name in SCRIPTS if "/" in name} == used - {
        n for n in used if "/" not in n
    } - set(assets._GENERATED)


def test_two_files_may_use_one_name_for_two_things(monkeypatch):
    sources = {
        "one": 'import { two as other } from "./page/two.js";\n'
        "const size = 1; // its own\nexport default [size, other];\n",
        "page/two": "// what it is\nconst size = 2;\nexport const two = size;\n",
    }
    monkeypatch.setattr(assets, "_source", sources.__getitem__)
    assert assets.joined_script("one") == (
        "const page_two = (() => {\nconst size = 2;\nconst two = size;\nreturn { two };\n})();\n"
        "export default (() => {\nconst { two: other } = page_two;\n"
        "const size = 1; // its own\nreturn [size, other];\n})();\n"
    )


def test_scripts_that_import_each_other_are_refused(monkeypatch):
    sources = {
        "a": 'import { b } from "./b.js";\nexport const a = 1;\n',
        "b": 'import { a } from "./a.js";\nexport const b = 1;\n',
    }
    monkeypatch.setattr(assets, "_source", sources.__getitem__)
    with pytest.raises(ImportError, match=r"import each other: a -> b -> a"):
        assets.joined_script("a")


def test_a_module_that_two_others_import_is_joined_once_and_before_them():
    module = assets.joined_script("filter_lab")
    assert module.count("const page_dom = ") == module.count("const PALETTES") == 1
    assert module.index("const page_palettes") < module.index("const page_paint")


@pytest.mark.parametrize("name", SHEETS)
def test_every_rule_stands_below_a_class_of_ours(name):
    text = re.sub(r"/\*.*?\*/", "", (FOLDER / name).read_text(), flags=re.DOTALL)
    for selectors in RULE.findall(text):
        selector = selectors.split(";")[-1].strip()
        if selector.startswith("@"):
            continue
        for one in re.split(r",(?![^(]*\))", selector):
            assert one.strip().startswith(".cnnlab"), one


def test_every_class_that_a_sheet_names_is_given_to_an_element():
    """A rule for a class that no script gives away is dead."""
    scripts = "".join((FOLDER / f"{name}.js").read_text() for name in SCRIPTS)
    named = {
        found
        for name in SHEETS
        for found in re.findall(r"\.(cnnlab[\w-]*)", (FOLDER / name).read_text())
    }
    assert {name for name in named if not re.search(rf"\b{name}(?![\w-])", scripts)} == set()


def test_the_layers_are_named_before_any_rule():
    for kind in WIDGETS:
        sheet = str(kind._style)
        assert sheet.startswith("@layer cnnlab.base, cnnlab.widget;\n")
        depth, begun, outermost = 0, 0, []
        for at, letter in enumerate(sheet):
            if letter == "{" and depth == 0:
                outermost.append(sheet[begun:at].rsplit(";", 1)[-1].strip())
            depth += {"{": 1, "}": -1}.get(letter, 0)
            begun = at + 1 if letter == "}" and depth == 0 else begun
        shield = assets._SHIELD.split(" {")[0]
        assert set(outermost) <= {shield, "@layer cnnlab.base", "@layer cnnlab.widget"}


def test_what_python_knows_is_handed_to_the_page():
    found = json.loads(assets._facts().removeprefix("export const FACTS = ").rstrip(";\n"))
    assert found["greyWeights"] == list(images.GREY_WEIGHTS)
    assert found["letters"][2] == "c"


def test_the_colours_of_the_page_are_those_of_display():
    found = json.loads(assets._palettes().removeprefix("export const PALETTES = ").rstrip(";\n"))
    assert list(found) == list(display.PALETTES)
    for name, palette in display.PALETTES.items():
        colours = np.frombuffer(base64.b64decode(found[name]["colours"]), np.uint8).reshape(256, 3)
        assert (colours == palette.colours).all()
        assert found[name]["signed"] is palette.signed
