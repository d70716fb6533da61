"""Take the picture at the top of the README: FilterLab in JupyterLab in a real browser.

python -m tests.browser.screenshots
"""

import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.browser.jupyterlab import Notebook, Server, chromium

PICTURE = Path(__file__).parents[2] / ".github" / "filter_lab.png"
CELL = """\
from cnnlab import widgets

widgets.FilterLab("astronaut", colour=False, filter="sobel_x")"""
WIDTH = 960


def take() -> None:
    """Point at a pixel, so that its arithmetic shows, and keep the notebook's part of the page."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server, chromium() as one:
        page = one.new_page(viewport={"width": 1280, "height": 1040})
        notebook = Notebook(page, server, server.write("lesson.ipynb", CELL))
        notebook.run_all()
        canvas = page.locator("[data-role=map][data-source=kernel]")
        canvas.hover(position={"x": 166, "y": 141})
        page.locator("[data-role=formula]").wait_for()
        page.wait_for_timeout(500)
        shot = page.locator(".cnnlab").screenshot()
        notebook.shut_down()
    picture = Image.open(io.BytesIO(shot)).convert("RGB")
    picture = picture.resize(
        (WIDTH, round(picture.height * WIDTH / picture.width)), Image.Resampling.LANCZOS
    )
    # A palette of its own makes the file a third of the size; the eye hardly sees a difference.
    palette = picture.quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)
    small = picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    PICTURE.parent.mkdir(exist_ok=True)
    small.save(PICTURE, optimize=True)


if __name__ == "__main__":
    take()
