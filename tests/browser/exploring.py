"""Hands on an ActivationExplorer: what its tests see and touch on a page."""

import re
import time

import numpy as np

from cnnlab import display
from cnnlab.widgets.shared.traits import Palette
from tests.browser.jupyterlab import pixels_of
from tests.browser.touching import WidgetHands

MINUS = "\N{MINUS SIGN}"


class Hands(WidgetHands):
    """An explorer on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.before = self.widget.get_by_role("img", name=re.compile("^Before"))
        self.after = self.widget.get_by_role("img", name=re.compile("^(After|Slope)"))

    def number(self, name):
        return self.control(name).locator("input.cnnlab-number")

    def handle(self, name, plot="Value"):
        plane = self.widget.get_by_role("group", name=plot, exact=True)
        return plane.locator(f"[data-handle='{name}']")

    def keys(self, handle, *keys):
        handle.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, handle, across=0.0, up=0.0):
        """Drag by shares of the plane's width and height."""
        box = handle.bounding_box()
        area = handle.locator("xpath=..").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + across * area["width"], y - up * area["height"], steps=4)
        mouse.up()

    def paints(self, explorer, off_by=0):
        """Wait until both maps are those of Python."""
        palette = Palette.named(explorer.palette)
        limit = max(display.limit_of(explorer.before), display.limit_of(explorer.output))
        after = (explorer.output, limit) if explorer.view == "output" else (explorer.slopes, None)
        shown = [(self.before, explorer.before, limit), (self.after, *after)]
        deadline = time.monotonic() + 8
        for canvas, numbers, most in shown:
            expected = display.paint(numbers, palette, most).astype(int)
            while True:
                found = pixels_of(canvas)
                same = found.shape == expected.shape
                if same and np.abs(found - expected).max() <= off_by:
                    break
                assert time.monotonic() < deadline, (explorer, found.shape, expected.shape)
                self.page.wait_for_timeout(30)

    def tells(self, row, *expected):
        """Wait until a line of the table of probabilities begins with these numbers."""
        deadline = time.monotonic() + 8
        while True:
            texts = self.role(row).locator("td").all_text_contents()
            found = [float(text.replace(MINUS, "-")) for text in texts if text][: len(expected)]
            if len(found) == len(expected) and np.allclose(found, expected, atol=6e-4):
                return
            assert time.monotonic() < deadline, (row, found, expected)
            self.page.wait_for_timeout(30)
