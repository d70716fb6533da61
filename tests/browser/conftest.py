"""One server and one browser for all browser tests; pictures of what they saw are kept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.jupyterlab import Notebook, Server, chromium

ARTEFACTS = Path(__file__).parents[2] / "artefacts"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jupyterlab")) as server:
        yield server


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page for the tests of one file; what it complains of fails the last of them."""
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


@pytest.fixture(scope="module")
def open_notebook(page: Page, server: Server) -> Iterator[Callable[[str], Notebook]]:
    """Open notebooks one after the other; each kernel ends when the next one starts."""
    opened: list[Notebook] = []

    def open_one(name: str) -> Notebook:
        if opened:
            opened[-1].shut_down()
        opened.append(Notebook(page, server, name))
        return opened[-1]

    yield open_one
    if opened:
        opened[-1].shut_down()


@pytest.fixture
def keep(page: Page) -> Callable[[str], None]:
    """Keep a picture of the page in ``artefacts/``."""

    def keep_one(name: str) -> None:
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    return keep_one
