"""A widget on a page, as seen and as touched: what the hands of all widgets have in common."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from cnnlab.widgets.shared.widget import Widget
from tests.browser import mounting


class WidgetHands:
    """A widget on the page, as seen and as touched.

    Parameters
    ----------
    within : Locator
    selector : str
        Which of all that is in there.
    """

    def __init__(self, within: Locator, selector: str = ".cnnlab") -> None:
        self.page = within.page
        self.widget = within.locator(selector)

    def role(self, name: str) -> Locator:
        return self.widget.locator(f"[data-role={name}]")

    def control(self, name: str) -> Locator:
        return self.widget.locator(f"[data-control={name}]")

    def press(self, words: str) -> None:
        self.widget.get_by_role("button", name=words, exact=True).click()


def without_kernel(
    kind: type[Widget], hands: Callable[[Locator], WidgetHands]
) -> Callable[[Page], Iterator[Callable[..., WidgetHands]]]:
    """Make the fixture `hold`: it mounts such a widget on an empty page, where no kernel answers.

    Parameters
    ----------
    kind : type
        Of the widget; what `hold` is given is given to it.
    hands : callable
        Makes of the page what `hold` gives.
    """

    @pytest.fixture
    def hold(page: Page) -> Iterator[Callable[..., WidgetHands]]:
        page.goto("about:blank")

        def hold_one(*given: Any, **options: Any) -> WidgetHands:
            mounting.mount(page, kind(*given, **options))
            return hands(page.locator("body"))

        yield hold_one
        page.evaluate("window.lab?.close()")

    return hold


def with_kernel(
    kind: type[Widget], hands: Callable[[Locator], WidgetHands]
) -> Callable[[Page], Iterator[Callable[..., tuple[WidgetHands, Widget]]]]:
    """Make the fixture `hold`: the widget it mounts answers its page itself, and is given too.

    Parameters
    ----------
    kind, hands
        As for `without_kernel`. ``hold(..., kernel=False)`` leaves the page to itself.
    """

    @pytest.fixture
    def hold(page: Page) -> Iterator[Callable[..., tuple[WidgetHands, Widget]]]:
        page.goto("about:blank")

        def hold_one(
            *given: Any, kernel: bool = True, **options: Any
        ) -> tuple[WidgetHands, Widget]:
            widget = kind(*given, **options)
            mounting.hold(page, widget, kernel=kernel)
            return hands(page.locator("body")), widget

        yield hold_one
        mounting.leave(page)

    return hold
