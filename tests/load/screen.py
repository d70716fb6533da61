"""A learner of the load test at a real browser: chapter 01 in JupyterLab, in Chromium."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from playwright.async_api import Playwright

from tests.benchmarks.page import probe
from tests.browser.jupyterlab import CELLS, FLAGS, READY, RUN_ALL
from tests.hub.lab import Learner
from tests.tools import browser_path

_PROBE = probe("browser_page.js")
_LAB = "lab = widgets.FilterLab("
_TO_THE_LAB = """async (source) => {
  const { content } = window.jupyterapp.shell.currentWidget;
  const place = content.widgets.findIndex((cell) =>
    cell.model.sharedModel.getSource().startsWith(source));
  await content.scrollToItem(place, "start");
}"""
_STATE = """() => {
  const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
  const widget = document.querySelector(".jp-Notebook canvas[data-role=map]").closest(".cnnlab");
  const says = (kind) => widget.querySelector(`.cnnlab-${kind}`)?.textContent;
  const { status, connectionStatus } = kernel;
  return `kernel ${status}, ${connectionStatus}; ${says("notice")} ${says("source")}`;
}"""
_PATIENCE = 300_000  # milliseconds, as long as everybody comes in at once


@dataclass(frozen=True, slots=True)
class Seen:
    """What one change took, in ms: to the painted picture, and to the kernel's."""

    painted: float
    answered: float


class Screen:
    """A browser of its own with the chapter open.

    Parameters
    ----------
    learner : Learner
        With a server that runs.
    path : str
        The notebook, below the learner's home.
    """

    def __init__(self, learner: Learner, path: str) -> None:
        self.learner, self.path = learner, path
        self._changes = 0

    async def open(self, playwright: Playwright) -> None:
        """Log in through the page of the hub, and open the notebook."""
        own = f"/user/{self.learner.name}/lab/workspaces/load/tree/{quote(self.path)}"
        self._browser = await playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        self.page = await self._browser.new_page(viewport={"width": 1280, "height": 900})
        self.page.set_default_timeout(_PATIENCE)
        await self.page.goto(f"{self.learner.lab.address}/hub/login?next={quote(own)}")
        await self.page.fill("input[name=username]", self.learner.name)
        await self.page.fill("input[name=password]", self.learner.password)
        await self.page.click("input[type=submit]")
        await self.page.wait_for_function(READY)

    async def run_all(self) -> None:
        """Run every cell, and come back to the laboratory."""
        await self.page.evaluate(RUN_ALL)
        await self.page.wait_for_function("() => window.ranAll !== null")
        failed = [cell for cell in await self.page.evaluate(CELLS) if cell["errors"]]
        assert not failed, failed
        await self.page.evaluate(_TO_THE_LAB, _LAB)
        await self.page.wait_for_selector("canvas[data-role=map][data-source=kernel]")
        await self.page.wait_for_timeout(2000)  # pictures above it still find their height
        await self.page.evaluate(_TO_THE_LAB, _LAB)
        canvas = self.page.locator("canvas[data-role=map]").first
        await canvas.scroll_into_view_if_needed()
        await self.page.evaluate(_PROBE)

    async def change(self) -> Seen:
        """Press a key on a weight."""
        self._changes += 1
        name = "ArrowUp" if self._changes % 2 else "ArrowDown"
        return Seen(**await self.page.evaluate("(name) => benchmark.once(name)", name))

    async def state(self) -> str:
        """Say how the kernel is, seen from the page, and what the laboratory says."""
        return str(await self.page.evaluate(_STATE))

    async def picture(self, file: Path) -> None:
        """Keep what is on the screen."""
        await self.page.screenshot(path=file)

    async def close(self) -> None:
        """Close the browser."""
        async with asyncio.timeout(20):
            await self._browser.close()
