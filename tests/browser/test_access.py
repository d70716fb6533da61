"""Every widget of the course under axe-core, which knows the rules of accessible pages."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.mounting import mount
from tests.browser.test_life import CELLS, START

pytestmark = pytest.mark.needs("browser")

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


def heavy(page):
    """What is broken, of the two weightier kinds."""
    found = Axe().run(page, context=".cnnlab", options=RULES).response["violations"]
    return [
        f"{one['id']}: {one['help']}: {node['html'][:150]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("kind", CELLS)
def test_no_widget_breaks_a_rule_of_weight(kind, dark, blank):
    known = {}
    exec(START[START.index("from cnnlab") :], known)  # noqa: S102 - what a notebook begins with
    mount(blank, eval(CELLS[kind], known))  # noqa: S307 - ours
    blank.evaluate("(dark) => { document.body.dataset.jpThemeLight = String(!dark); }", dark)
    blank.locator(".cnnlab").first.wait_for()
    assert not heavy(blank)
    blank.evaluate("document.querySelector('.cnnlab').append(document.createElement('button'))")
    assert "button-name" in heavy(blank)[0]  # it would have been found
