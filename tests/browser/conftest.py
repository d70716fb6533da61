"""One server and one browser for all browser tests; pictures of what they saw are kept."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.jupyterlab import Notebook, Server, chromium

HERE = Path(__file__).parent
ARTEFACTS = HERE.parents[1] / "artefacts"
PATIENCE = 60_000  # milliseconds: a slow machine is not what these tests are about

expect.set_options(timeout=PATIENCE / 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a browser test that fails try once more; `pytest -ra` names each that did.

    A server, a kernel and a browser share a machine with other tests: where one of them answers
    later than a minute, that is not what these tests are about.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


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
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert not complaints


@pytest.fixture
def blank(page: Page) -> Page:
    """A page with nothing on it."""
    page.goto("about:blank")
    return page


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
