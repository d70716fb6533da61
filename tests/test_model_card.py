"""The page to keep: what stands on it, that it needs nothing else, and that it is safe."""

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from cnnlab import Network, Sequential
from cnnlab.datasets import Dataset
from cnnlab.errors import DataError
from cnnlab.exercises import Look
from cnnlab.layers import Conv2D, Dense, Flatten, ReLU
from cnnlab.model_card import ModelCard

STACK = Sequential([Conv2D(2, 3), ReLU(), Flatten(), Dense(3)], (6, 5, 1))
NAMES = ("<cat>", "dog & co", "mouse")


def looked(count=12, channels=1, wrong=4):
    """Make a look with so many wrong, the later the surer."""
    rng = np.random.default_rng(0)
    data = Dataset(rng.random((count, 6, 5, channels)), np.arange(count) % 3, NAMES)
    predicted = data.labels.copy()
    predicted[:wrong] = (predicted[:wrong] + 1) % 3
    return Look(2, False, data, predicted, np.linspace(0.5, 0.9, count, dtype=np.float32))


def card(look=None, **options):
    return ModelCard(Network(STACK), look or looked(), **options)


class Page(HTMLParser):
    """Reads a page: its tags with what they say, and its words."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.words, self.open = [], [], []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def test_the_page_tells_what_the_network_is_and_how_it_did():
    page = Page(card(title="Small & quick", figures={"seconds": 1.5}, notes="One.\n\nTwo.").html())
    assert page.open == []
    assert "Small & quick" in page.text
    assert "8 of 12 right: 66.7% , give or take 13.6 points (one standard error)." in page.text
    assert "Look 2 at these pictures" in page.text
    assert "parameters 95" in page.text
    assert "seconds 1.5" in page.text
    assert "conv2d_1 (Conv2D)" in page.text
    assert [tag for tag, _ in page.tags].count("p") >= 5
    assert page.text.endswith("Made for One. Two.")


def test_the_mistakes_are_there_as_pictures_the_surest_first():
    look = looked()
    page = Page(card(look).html())
    shown = [tag["src"] for name, tag in page.tags if name == "img" and "class" not in tag]
    assert len(shown) == 4
    for source, place in zip(shown, [3, 2, 1, 0], strict=True):
        kind, content = source.split(",")
        assert kind == "data:image/png;base64"
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))))
        np.testing.assert_allclose(
            pixels[..., 0] / 255, look.data.images[place, ..., 0], atol=0.003
        )
    said = re.findall(r"is (\S+(?: & co)?) read as (\S+(?: & co)?) , (\d+)%", page.text)
    assert said[0] == ("<cat>", "dog & co", "61")
    assert "4 of 12, those it was most confident of first." in page.text
    assert "And 3 more." in Page(card(look, mistakes=1).html()).text


def test_the_page_needs_no_other_file_and_runs_nothing():
    page = Page(card().html())
    assert not {"script", "link", "iframe", "object"} & {tag for tag, _ in page.tags}
    addresses = [said[name] for _, said in page.tags for name in ("src", "href") if name in said]
    assert all(address.startswith("data:image/") for address in addresses)
    assert "url(" not in card().html()
    assert all(tag.get("alt") for name, tag in page.tags if name == "img")


def test_what_learners_write_is_text_and_nothing_else():
    nasty = '<script>alert("x")</script>'
    html = card(title=nasty, notes=nasty, figures={nasty[:30]: nasty}).html()
    assert "<script" not in html
    assert nasty in Page(html).text


def test_without_mistakes_and_notes_the_page_says_so():
    page = Page(card(looked(wrong=0)).html())
    assert "None of the test pictures" in page.text
    assert "12 of 12 right: 100.0% . This many pictures cannot tell that from 75.0%." in page.text
    assert "Made for" not in page.text
    assert repr(card(looked(wrong=0))).endswith("12 of 12 right, no mistakes")
    assert repr(card(looked(wrong=1))).endswith("11 of 12 right, 1 mistake")


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_it_is_kept_as_html_or_as_a_picture(tmp_path, channels):
    kept = card(looked(channels=channels))
    kept.save(tmp_path / "card.html")
    assert (tmp_path / "card.html").read_text("utf-8") == kept.html()
    kept.save(tmp_path / "card.PNG")
    with Image.open(tmp_path / "card.PNG") as picture:
        assert picture.format == "PNG"
        assert 300 < picture.width < 2000
        assert np.asarray(picture.convert("L"))[:4].min() == 255  # a rim, and nothing cut off
    kept.save(tmp_path / "card.html")  # in the place of the old one
    assert sorted(file.name for file in tmp_path.iterdir()) == ["card.PNG", "card.html"]


def test_in_a_notebook_it_is_a_picture_with_words():
    kept = card()
    bundle, about = kept._repr_mimebundle_()
    assert bundle["text/plain"] == about["image/png"]["alt"] == repr(kept)
    with Image.open(io.BytesIO(bundle["image/png"])) as picture:
        assert about["image/png"]["width"] == round(picture.width / 1.25)


def test_what_cannot_be_kept_is_told(tmp_path):
    with pytest.raises(DataError, match=r"path must end in .html or .png, got 'card.pdf'"):
        card().save(tmp_path / "card.pdf")
    with pytest.raises(DataError, match="does the folder exist"):
        card().save(tmp_path / "nowhere" / "card.html")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"title": 3}, "title must be a text"),
        ({"title": "x" * 81}, "title must have at most 80 characters, got 81"),
        ({"notes": "x" * 2001}, "notes must have at most 2000 characters"),
        ({"figures": [1]}, "figures must be a dict"),
        ({"mistakes": 49}, "mistakes"),
    ],
)
def test_a_wrong_word_is_told(options, message):
    with pytest.raises(DataError, match=message):
        card(**options)


def test_network_and_look_are_asked_for():
    with pytest.raises(DataError, match=r"look must be a Look, got 0.97; try exercises.SealedTest"):
        ModelCard(Network(STACK), 0.97)
    with pytest.raises(DataError, match="network must be a Network"):
        ModelCard(STACK, looked())
