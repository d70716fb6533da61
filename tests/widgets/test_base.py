"""The base of the widgets: joined modules, one home for colours, names that do not drift."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from cnnlab import display, widgets
from cnnlab.widgets import _base

FOLDER = Path(widgets.__file__).parent
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.js"))
KINDS = [kind for kind in map(vars(widgets).get, widgets.__all__) if isinstance(kind, type)]
WIDGETS = [kind for kind in KINDS if issubclass(kind, _base.Widget)]


@pytest.mark.parametrize("kind", WIDGETS)
def test_a_widgets_module_stands_alone(kind: type[_base.Widget]) -> None:
    module = str(kind._esm)
    assert not re.search(r"^import ", module, re.MULTILINE)
    assert re.findall(r"^export \w+", module, re.MULTILINE) == ["export default"]
    assert "https://" not in module  # nothing from outside
    assert "url(" not in str(kind._css)


@pytest.mark.skipif(
    shutil.which("node") is None, reason="node is not installed; browsers run it too"
)
@pytest.mark.parametrize("kind", WIDGETS)
def test_a_widgets_module_is_one_that_parses(kind: type[_base.Widget]) -> None:
    check = ["node", "--input-type=module", "--check"]
    run = subprocess.run(check, input=str(kind._esm), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_imports_only_what_its_neighbours_export(name: str) -> None:
    text = (FOLDER / name).read_text()
    for names, module in re.findall(
        r'^import \{([^}]*)\} from "\./(\w+)\.js";', text, re.MULTILINE
    ):
        other = (
            _base._palettes_module()
            if module == "_palettes"
            else (FOLDER / f"{module}.js").read_text()
        )
        exported = set(
            re.findall(r"^export (?:async )?(?:function|class|const) (\w+)", other, re.MULTILINE)
        )
        assert {part.strip() for part in names.split(",") if part.strip()} <= exported


def test_a_module_that_two_others_import_is_joined_once() -> None:
    module = _base.joined_module("filter_lab")
    assert module.count("// --- _common.js") == module.count("const PALETTES") == 1
    assert module.index("const PALETTES") < module.index("const COLOURS")


def test_the_colours_of_the_page_are_those_of_display() -> None:
    found = json.loads(
        _base._palettes_module().removeprefix("export const PALETTES = ").rstrip(";\n")
    )
    assert list(found) == list(display.PALETTES)
    for name, palette in display.PALETTES.items():
        colours = np.frombuffer(base64.b64decode(found[name]["colours"]), np.uint8).reshape(256, 3)
        assert (colours == palette.colours).all()
        assert found[name]["signed"] is palette.signed


def test_the_page_reads_no_trait_or_setting_that_python_does_not_have() -> None:
    script = (FOLDER / "filter_lab.js").read_text() + (FOLDER / "_common.js").read_text()
    read = set(re.findall(r'model\.get\("(\w+)"\)', script))
    read |= {
        name
        for text in re.findall(r"save\(\{(.*)\}\)", script)
        for name in re.findall(r"(_\w+):", text)
    }
    assert read
    assert read <= set(widgets.FilterLab.class_trait_names(sync=True))
    used = set(re.findall(r"settings\.(\w+)", script))
    taken = re.findall(r"const \{([^}]*)\} = this\.(?:session\.)?settings", script)
    used |= set(re.findall(r"(\w+)(?=:|,|\s*$|\s*\n)", ",".join(taken))) - {"fixed"}
    assert used == set(widgets.FilterLab.settings)


def test_float32_numbers_are_written_with_the_digits_that_mean_them() -> None:
    assert _base.shortest(np.float32([[0.1, -1 / 3], [1e-8, 5]])) == [
        [0.1, -0.33333334],
        [1e-08, 5.0],
    ]
