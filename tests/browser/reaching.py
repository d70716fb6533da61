"""What a keyboard reaches in a widget, and what those who listen hear of it."""

from playwright.sync_api import Locator, Page

_NAMELESS = """(widget) => [...widget.querySelectorAll(
    "button, input, select, summary, canvas[role], svg[role], [role=slider]")].filter((one) =>
  one.checkVisibility() && !(one.ariaLabel || one.getAttribute("aria-label")
    || one.labels?.length || one.textContent)).map((one) => one.outerHTML)"""

_HERE = """() => { const one = document.activeElement, look = getComputedStyle(one);
  return one.closest(".cnnlab") && [
    one.dataset.control || one.getAttribute("aria-label") || one.innerText,
    look.outlineStyle, look.outlineWidth]; }"""


def nameless(widget: Locator) -> list[str]:
    """Find the controls and pictures in sight that have no name."""
    found: list[str] = widget.evaluate(_NAMELESS)
    return found


def tab(page: Page) -> tuple[str, str, str] | None:
    """Press Tab; returns name and outline of what has the focus now, if it is in a widget."""
    page.keyboard.press("Tab")
    here = page.evaluate(_HERE)
    return tuple(here) if here else None


def reached(page: Page, most: int = 60) -> tuple[set[str], set[tuple[str, str]]]:
    """Press Tab until the widget is left; returns the names, up to a colon, and the outlines."""
    names, outlines = set(), set()
    for _ in range(most):
        if (here := tab(page)) is None:
            break
        names.add(here[0].split(":")[0])
        outlines.add(here[1:])
    return names, outlines
