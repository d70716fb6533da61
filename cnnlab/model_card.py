"""A page to keep: a network drawn, its figures, and the pictures it gets wrong.

One HTML file that needs nothing else, or one picture. The form is that of a model card: what it is,
how it was scored, where it fails, and what it was not made for. What is left out: anything that
would have to be fetched, and anything that runs.
"""

from __future__ import annotations

import base64
import io
import os
import textwrap
from collections.abc import Collection, Mapping
from datetime import date
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from cnnlab import display, plots
from cnnlab.checks import kind_of, path_of, text, whole
from cnnlab.errors import DataError
from cnnlab.exercises.sealed import Look
from cnnlab.plots.picture import INK, MUTED, literal

if TYPE_CHECKING:
    from cnnlab.network import Network

__all__ = ["ModelCard"]

_MOST_MISTAKES = 48
_LONGEST_TITLE, _LONGEST_NOTE = 80, 2000  # characters
_SHARPNESS = 1.25  # pixels in the file for one on an ordinary screen, as in plots
_MOST_LINES = 12  # of notes in the picture
_RIM = 24  # pixels about the picture

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --muted: #59636e; --line: #d0d7de;
  --paper: #fff; --bad: #b34700; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --muted: #9ba6b2; --line: #3d444d; --paper: #14181d; --bad: #ff9d5c; } }
body { margin: 0 auto; max-width: 46rem; padding: 2rem 1rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1 { line-height: 1.2; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; } .muted, figcaption { color: var(--muted); }
.score { font-size: 1.6rem; } .score .muted { font-size: 1rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0; }
dt { color: var(--muted); } dd { margin: 0; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; }
.drawing { background: #fff; border-radius: 6px; box-sizing: border-box; padding: 8px; }
pre { overflow-x: auto; font-size: .8rem; line-height: 1.35; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(6.5rem, 1fr));
  gap: 1rem; padding: 0; }
figure { margin: 0; } figcaption { font-size: .85rem; line-height: 1.3; }
figure img { width: 96px; height: 96px; object-fit: contain; image-rendering: pixelated;
  border: 1px solid var(--line); }
figcaption b { color: var(--bad); }
@media print { body { max-width: none; } }
"""


class ModelCard:
    """What a network is, how well it does and where it fails, on one page to keep.

    Parameters
    ----------
    network : Network
        Trained.
    look : Look
        How it scored on the sealed test: ``exercises.SealedTest(test).score(network)``.
    title : str
        Up to 80 characters.
    figures : mapping of str -> str or number, optional
        What else there is to tell, such as how long it was trained.
    notes : str
        What it was made for and what it was not, in your own words. An empty line begins a new
        paragraph.
    mistakes : int
        How many wrong pictures to show, those it was most confident of first; up to 48.

    Raises
    ------
    DataError
        If something is no network, no look, or too long.

    Notes
    -----
    Mitchell et al. 2019, *Model cards for model reporting*.

    Examples
    --------
    >>> from cnnlab import Network, datasets, zoo
    >>> test, network = datasets.digits().test, Network(zoo.digits_net())
    >>> look = Look(1, False, test, test.labels, np.ones(len(test), np.float32))
    >>> ModelCard(network, look, title="It reads digits")
    Model card: It reads digits; 38,282 parameters, 359 of 359 right, no mistakes
    """

    def __init__(
        self,
        network: Network,
        look: Look,
        *,
        title: str = "My network",
        figures: Mapping[str, object] | None = None,
        notes: str = "",
        mistakes: int = 24,
    ) -> None:
        from cnnlab.network import Network

        self._network = kind_of(network, Network, "network", "ModelCard(network, look)")
        self._look = kind_of(look, Look, "look", "exercises.SealedTest(test).score(network)")
        self.title = _short(title, "title", _LONGEST_TITLE)
        self._notes = _short(notes, "notes", _LONGEST_NOTE)
        self._shown = look.mistakes[: whole(mistakes, "mistakes", 0, _MOST_MISTAKES)]
        given = {} if figures is None else kind_of(figures, dict, "figures", '{"seconds": 1.2}')
        stack = network.sequential
        self.figures = {
            "parameters": f"{stack.num_parameters:,}",
            "multiply-adds for a picture": f"{stack.multiply_adds:,}",
            "it sees": f"pictures of {'x'.join(map(str, stack.input_shape))}",
            "it tells apart": ", ".join(look.data.class_names[:20]),
            **{_short(name, "a name", 40): _short(str(value), name, 200)
               for name, value in given.items()},
            "made": date.today().isoformat(),
        }  # fmt: skip

    def __repr__(self) -> str:
        wrong = len(self._look.mistakes)
        said = f"{wrong} mistake{'s' * (wrong != 1)}" if wrong else "no mistakes"
        return (
            f"Model card: {self.title}; {self.figures['parameters']} parameters, "
            f"{self._look.right} of {self._look.images} right, {said}"
        )

    def _repr_mimebundle_(
        self, include: Collection[str] | None = None, exclude: Collection[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Show the picture in a notebook."""
        del include, exclude
        picture = self._picture
        width, height = (round(side / _SHARPNESS) for side in picture.size)
        about = {"alt": repr(self), "width": width, "height": height}
        return {"image/png": _png(picture), "text/plain": repr(self)}, {"image/png": about}

    # -- files --------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, as its name ends: ``.html`` or ``.png``. A file there is replaced.

        Parameters
        ----------
        path : path_like

        Raises
        ------
        DataError
            If it ends otherwise, or cannot be written.
        """
        file = path_of(path, "path", "card.html")
        makers = {".html": lambda: self.html().encode(), ".png": lambda: _png(self._picture)}
        if file.suffix.lower() not in makers:
            raise DataError(f'path must end in .html or .png, got {file.name!r}; try "card.html"')
        content = makers[file.suffix.lower()]()
        partial = file.with_name(f"{file.name}.partial")
        try:
            partial.write_bytes(content)
            partial.replace(file)
        except OSError as error:
            raise DataError(
                f"cannot write {file}: {error.strerror or error}; does the folder exist?"
            ) from None

    def html(self) -> str:
        """Write the page as HTML that needs no other file and no network."""
        title, look = escape(self.title), self._look
        score, _, scatter = look.figures.partition("%")
        kind, drawing = self._drawing.encoded()
        alt = escape(self._drawing.alt, quote=True)
        facts = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
            for name, value in self.figures.items()
        )
        notes = "".join(
            f"<p>{escape(part)}</p>" for part in self._notes.split("\n\n") if part.strip()
        )
        parts = [
            "<!doctype html>", '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{title}</h1>",
            f'<p class="score">{escape(score)}%<span class="muted">{escape(scatter)}</span></p>',
            f"<p>{escape(look.told)}</p>",
            f"<h2>The network</h2><dl>{facts}</dl>",
            f'<p><img class="drawing" alt="{alt}" src="{_uri(kind, drawing)}"></p>',
            f"<pre>{escape(self._network.sequential.table())}</pre>",
            f"<h2>What it gets wrong</h2>{self._mistakes()}",
            f"<h2>Made for</h2>{notes}" if notes else "",
            "</body></html>",
        ]  # fmt: skip
        return "\n".join(filter(None, parts))

    def _mistakes(self) -> str:
        total = len(self._look.mistakes)
        if not total:
            return "<p>None of the test pictures. Try it on others.</p>"
        figures = "".join(
            f'<figure><img alt="{escape(truth, quote=True)}" '
            f'src="{_uri("image/png", _png(Image.fromarray(pixels)))}">'
            f"<figcaption>is {escape(truth)}<br>read as <b>{escape(said)}</b>, {confidence:.0%}"
            "</figcaption></figure>"
            for pixels, truth, said, confidence in self._wrong()
        )
        left = total - len(self._shown)
        more = f" And {left} more." if left else ""
        return (
            f"<p>{total:,} of {self._look.images:,}, those it was most confident of first."
            f'{more}</p><div class="mistakes">{figures}</div>'
        )

    def _wrong(self) -> list[tuple[NDArray[np.uint8], str, str, float]]:
        look, names = self._look, self._look.data.class_names
        return [
            (
                display.photograph(_plain(look.data.images[place])),
                names[look.data.labels[place]], names[look.predicted[place]],
                float(look.confidence[place]),
            )
            for place in self._shown
        ]  # fmt: skip

    # -- the picture --------------------------------------------------------------------------

    @cached_property
    def _drawing(self) -> plots.Picture:
        return plots.volumes(self._network.sequential)

    @cached_property
    def _picture(self) -> Image.Image:
        parts = [self._head(), self._drawing]
        wrong = self._wrong()
        if wrong:
            titles = [f"is {truth},\nread as {said}" for _, truth, said, _ in wrong]
            parts.append(
                plots.patches(
                    [pixels / 255 for pixels, *_ in wrong], titles, title="What it gets wrong"
                )
            )
        drawn = [_trimmed(part.encoded()[1]) for part in parts]
        width = max(part.width for part in drawn) + 2 * _RIM
        height = sum(part.height + _RIM for part in drawn) + _RIM
        page = Image.new("RGB", (width, height), "white")
        top = _RIM
        for part in drawn:
            page.paste(part, (_RIM, top))
            top += part.height + _RIM
        return page

    def _head(self) -> plots.Picture:
        look = self._look
        lines = [f"{name}: {value}" for name, value in self.figures.items()]
        lines = [line if len(line) <= 100 else f"{line[:100]}..." for line in lines]
        lines += ["", *textwrap.wrap(self._notes, 90)[:_MOST_LINES]] if self._notes else []
        head = plots.Picture(7.6, 1.0 + 0.22 * len(lines), self.title)
        axes = head.subplots()
        axes.set_axis_off()
        score = f"{look.figures} Look {look.number}."
        axes.text(0, 1, literal(self.title), fontsize=17, color=INK, va="top", weight="bold")
        axes.text(0, 1 - 0.5 / head.get_figheight(), literal(score), fontsize=12, color=INK,
                  va="top")  # fmt: skip
        axes.text(0, 1 - 0.85 / head.get_figheight(), literal("\n".join(lines)), fontsize=10,
                  color=MUTED, va="top", linespacing=1.45)  # fmt: skip
        return head


def _trimmed(file: bytes) -> Image.Image:
    """Read a drawn part of the page, without its white rim."""
    with Image.open(io.BytesIO(file)) as opened:
        drawn = opened.convert("RGB")
    return drawn.crop(ImageChops.difference(drawn, Image.new("RGB", drawn.size, "white")).getbbox())


def _plain(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring a picture of the test to one that can be painted: grey, or its first three channels."""
    return image[..., :3] if image.shape[-1] >= 3 else image[..., 0]


def _short(words: object, name: str, most: int) -> str:
    found = text(words, name)
    if len(found) > most:
        raise DataError(f"{name} must have at most {most} characters, got {len(found):,}")
    return found


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
