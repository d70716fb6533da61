"""ImageRecorder in Chromium, before a camera that is a drawing; with and without its kernel."""

import re
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from cnnlab.widgets import ImageRecorder
from tests.browser.jupyterlab import turn_to
from tests.browser.mounting import mount, play, sent
from tests.browser.test_access import RULES
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

HERE = Path(__file__).parent
CAMERA = (HERE / "camera.js").read_text()
CONTRAST = (HERE / "contrast.js").read_text()
CELL = """from cnnlab import widgets
recorder = widgets.ImageRecorder(speed=10)
recorder"""


class Hands:
    """A recorder on the page, as seen and as touched."""

    def __init__(self, within, place=0):
        self.page = within.page
        self.widget = within.locator("[data-widget=ImageRecorder]").nth(place)
        self.notice = self.widget.locator("[data-role=notice]")
        self.verdict = self.widget.locator("[data-role=verdict]")

    def card(self, name):
        return self.widget.get_by_role("region", name=f"Class {name}", exact=True)

    def button(self, words):
        return self.widget.get_by_role("button", name=words, exact=True)

    def pictures(self, name):
        """How many pictures and recordings a class says it has."""
        words = self.card(name).locator("[data-role=count]").inner_text()
        return tuple(int(one) for one in re.findall(r"\d+", words)) or (0, 0)

    def reaches(self, read, expected):
        """Wait for what the recorder of this process has: it answers while pages are waited for."""

        def reading():
            self.page.wait_for_timeout(20)
            return read()

        comes(reading, expected)

    def hold_up(self, hand):
        self.page.evaluate("(hand) => { window.hand = hand; }", hand)

    def record(self, name, hand, least=5):
        """Hold the button by mouse until so many pictures more are there."""
        self.hold_up(hand)
        self.page.wait_for_timeout(200)  # for the film to show it
        before = self.pictures(name)[0]
        button = self.button(f"Hold to record {name}")
        button.scroll_into_view_if_needed()
        button.hover()
        self.page.mouse.down()
        expect(button).to_have_attribute("aria-pressed", "true")
        comes(lambda: self.pictures(name)[0] >= before + least, True)
        self.page.mouse.up()
        expect(button).to_have_attribute("aria-pressed", "false")


@pytest.fixture
def shown(blank):
    """Show a recorder before the drawn camera, its own Python as the kernel or nobody."""

    def show(recorder, *, alone=False):
        blank.evaluate(CAMERA)
        mount(blank, recorder, "gone" if alone else "waits")
        if not alone:
            play(blank, recorder)
        return Hands(blank.locator("body"))

    return show


def counts_of(recorder):
    """Pictures of each class, also where there are none."""
    return [recorder._outline["counts"][key] for key, _ in recorder._outline["classes"]]


def small(**options):
    return ImageRecorder(("open hand", "fist"), **{"size": 24, "speed": 15, **options})


# -- Recording ------------------------------------------------------------------------------------


def test_holding_the_mouse_is_a_recording_and_what_was_seen_arrives(shown):
    recorder = small()
    hands = shown(recorder)
    hands.button("Camera on").click()
    hands.record("fist", "fist")
    hands.record("fist", "fist")
    hands.record("open hand", "open")
    count, recordings = hands.pictures("fist")
    assert recordings == 2
    hands.reaches(lambda: counts_of(recorder), [hands.pictures("open hand")[0], count])
    data = recorder.dataset
    assert data.class_counts.tolist()[1] == count
    assert len(set(recorder.recordings[data.labels == 1])) == 2
    assert data.images.std(axis=(1, 2, 3)).min() > 0.05  # no picture is empty
    # What is painted is what arrived.
    pixels = (
        hands.card("fist")
        .locator("canvas")
        .first.evaluate("(canvas) => [...canvas.getContext('2d').getImageData(0, 0, 24, 24).data]")
    )
    seen = np.reshape(pixels, (24, 24, 4))[..., :3]
    np.testing.assert_array_equal(seen, (data.images[data.labels == 1][0] * 255).round())


@pytest.mark.parametrize("key", ["Space", "Enter"])
def test_holding_a_key_records_and_letting_go_ends_it(shown, key):
    recorder = small()
    hands = shown(recorder)
    hold = hands.button("Hold to record fist")  # opens the camera by itself
    hold.focus()
    hands.page.keyboard.down(key)
    expect(hold).to_have_attribute("aria-pressed", "true")
    comes(lambda: hands.pictures("fist")[0] >= 3, True)
    hands.page.keyboard.up(key)
    expect(hold).to_have_attribute("aria-pressed", "false")
    count = hands.pictures("fist")[0]
    hands.page.wait_for_timeout(300)  # in which another would have come
    assert hands.pictures("fist") == (count, 1)
    hands.page.keyboard.press("Control+z")  # one holding is one step
    comes(hands.pictures, (0, 0), "fist")
    hands.page.keyboard.press("Control+y")
    comes(hands.pictures, (count, 1), "fist")
    hands.reaches(lambda: sum(counts_of(recorder)), count)


def test_a_setting_is_stored_as_those_of_any_widget_and_nothing_is_complained_of(shown):
    hands = shown(small())
    hands.widget.get_by_label("Mirror").uncheck()
    stored = "window.lab.state._settings.values.mirrored"
    hands.reaches(lambda: hands.page.evaluate(stored), False)
    assert not sent(hands.page, "save")
    expect(hands.notice).to_be_hidden()


def test_a_mirror_shows_and_takes_what_a_mirror_would(shown):
    recorder = small()
    hands = shown(recorder)
    hands.hold_up("")
    hands.record("fist", "")
    hands.widget.get_by_label("Mirror").uncheck()
    hands.record("open hand", "")
    taken = [hands.pictures(name)[0] for name in recorder.class_names]
    hands.reaches(lambda: counts_of(recorder), taken)
    data = recorder.dataset
    mirrored, plain = data.images[data.labels == 1][0], data.images[data.labels == 0][0]
    red = plain[8, 1] / plain[8, 1].sum()  # the red thing hangs on the left of the room
    assert red[0] > 0.45
    np.testing.assert_allclose(mirrored[8, -2] / mirrored[8, -2].sum(), red, atol=0.03)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("NotAllowedError", "does not let this page use the webcam; allow it beside the address"),
        ("NotFoundError", "No webcam was found; plug one in, or upload a picture"),
        ("NotReadableError", "in use by another program"),
    ],
)
def test_where_there_is_no_camera_it_says_why_and_what_else_helps(shown, name, words):
    hands = shown(small())
    hands.page.evaluate("(name) => { window.cameraRefuses = name; }", name)
    hold = hands.button("Hold to record fist")
    hold.hover()
    hands.page.mouse.down()
    expect(hands.notice).to_contain_text(words)
    hands.page.mouse.up()
    assert hands.pictures("fist") == (0, 0)
    hands.page.evaluate("window.cameraRefuses = ''")
    hands.button("Camera on").click()
    expect(hands.notice).to_be_hidden()
    expect(hands.button("Camera off")).to_be_visible()


# -- Files, leafing, deleting ---------------------------------------------------------------------


@pytest.fixture
def files(tmp_path):
    for k, kind in enumerate(("png", "jpg", "tiff")):
        Image.new("RGB", (60, 40), (80 * k, 200 - 80 * k, 40)).save(tmp_path / f"{k}.{kind}")
    (tmp_path / "notes.png").write_text("no picture at all")
    return tmp_path


def test_files_are_one_recording_and_what_is_none_is_named(shown, files):
    recorder = small()
    hands = shown(recorder)
    chosen = [files / name for name in ("0.png", "1.jpg", "2.tiff", "notes.png")]
    hands.card("fist").locator("[data-control=files]").set_input_files(chosen)
    comes(hands.pictures, (3, 1), "fist")
    expect(hands.notice).to_contain_text("notes.png: ")
    hands.reaches(lambda: sum(counts_of(recorder)), 3)
    colours = recorder.dataset.images.mean(axis=(1, 2)) * 255
    expected = [[80 * k, 200 - 80 * k, 40] for k in range(3)]
    np.testing.assert_allclose(colours, expected, atol=3)


def test_leafing_and_deleting_by_buttons_and_by_keys(shown):
    recorder = small()
    for number in range(3):
        recorder.add(np.full((4, 24, 24, 3), number / 4), "fist")
    hands = shown(recorder)
    comes(hands.pictures, (12, 3), "fist")
    card = hands.card("fist")
    which = card.locator("[data-role=which]")
    expect(which).to_have_text("Picture 12 of 12")
    card.get_by_role("button", name="Previous picture").click()
    expect(which).to_have_text("Picture 11 of 12")
    sheet = card.get_by_role("group", name=re.compile("arrow keys leaf"))
    sheet.focus()
    for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "Delete"):
        hands.page.keyboard.press(key)
    expect(which).to_have_text("Picture 10 of 11")
    card.get_by_role("button", name="Delete recording 1 of fist").click()
    comes(hands.pictures, (7, 2), "fist")
    hands.reaches(lambda: np.bincount(recorder.recordings).tolist(), [4, 3])
    hands.button("Undo").click()
    hands.button("Undo").click()
    comes(hands.pictures, (12, 3), "fist")
    hands.reaches(lambda: sum(counts_of(recorder)), 12)


def test_classes_are_named_added_and_removed(shown):
    recorder = small()
    recorder.add(np.zeros((2, 24, 24, 3)), "open hand")
    hands = shown(recorder)
    name = hands.widget.get_by_label("Name of the class fist")
    name.fill("open hand")
    name.press("Enter")
    expect(hands.notice).to_contain_text("Two classes cannot both be called open hand")
    name = hands.widget.get_by_label("Name of the class fist")
    name.fill("thumb")
    name.press("Enter")
    hands.reaches(lambda: recorder.class_names, ("open hand", "thumb"))
    expect(hands.button("Remove the class thumb")).to_be_disabled()  # two are left
    hands.button("Add class").click()
    expect(hands.widget.get_by_label("Name of the class class 3")).to_be_focused()
    hands.page.keyboard.type("nothing")
    hands.page.keyboard.press("Enter")
    hands.reaches(lambda: recorder.class_names, ("open hand", "thumb", "nothing"))
    hands.button("Remove the class open hand").click()
    hands.reaches(lambda: recorder.class_names, ("thumb", "nothing"))
    hands.button("Undo").click()
    hands.reaches(lambda: recorder.class_names, ("open hand", "thumb", "nothing"))
    hands.reaches(lambda: sum(counts_of(recorder)), 2)


# -- Without a kernel -----------------------------------------------------------------------------


def test_what_is_recorded_without_a_kernel_waits_for_the_next_one(shown, blank):
    hands = shown(small(), alone=True)
    hands.record("fist", "fist")
    expect(hands.widget.locator("[data-role=source]")).to_contain_text(
        "What you record stays on this page until the kernel is back."
    )
    count = hands.pictures("fist")[0]
    recorder = small()
    mount(blank, recorder)  # the cell ran again
    play(blank, recorder)
    offer = hands.widget.locator("[data-role=offer]")
    expect(offer).to_contain_text(f"fist {count}")
    hands.button("Take them over").click()
    expect(offer).to_be_hidden()
    comes(hands.pictures, (count, 1), "fist")
    hands.reaches(lambda: sum(counts_of(recorder)), count)


def test_a_kernel_that_keeps_silent_gets_everything_when_it_answers(shown, blank):
    recorder = small()
    blank.evaluate(CAMERA)
    mount(blank, recorder)
    hands = Hands(blank.locator("body"))
    hands.record("fist", "fist")
    hands.record("open hand", "open")
    hands.card("open hand").get_by_role("button", name="Delete picture").click()
    counts = [hands.pictures(name)[0] for name in recorder.class_names]
    assert sent(blank, "put")
    play(blank, recorder)
    hands.reaches(lambda: counts_of(recorder), counts)


# -- How it looks ---------------------------------------------------------------------------------


def learned():
    recorder = small(epochs=2)
    rng = np.random.default_rng(0)
    for _ in range(2):
        recorder.add(rng.random((9, 24, 24, 3)) / 2, "open hand")
        recorder.add(rng.random((9, 24, 24, 3)), "fist")
    recorder.train()
    assert recorder.wait(60)
    return recorder


def test_keys_alone_reach_everything(shown):
    hands = shown(learned())
    comes(hands.pictures, (18, 2), "fist")
    reached = set()
    hands.widget.focus()
    for _ in range(80):
        hands.page.keyboard.press("Tab")
        reached.add(
            hands.page.evaluate(
                "document.activeElement.ariaLabel ?? document.activeElement.textContent"
            )
        )
    wanted = {
        "Camera on", "Hold to record fist", "Upload pictures of fist", "Delete picture",
        "Delete recording 2 of fist", "Add class", "Train again", "Save", "Copy as code",
        "Pictures of fist: arrow keys leaf, Delete deletes",
    }  # fmt: skip
    assert wanted <= {one.strip() for one in reached}


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_with_pictures_and_a_network_it_breaks_no_rule_of_weight(shown, dark):
    hands = shown(learned())
    hands.page.evaluate("(dark) => { document.body.dataset.jpThemeLight = String(!dark); }", dark)
    hands.button("Camera on").click()
    expect(hands.verdict).to_have_attribute("data-sure", re.compile("true|false"))
    found = Axe().run(hands.page, context=".cnnlab", options=RULES).response["violations"]
    assert not [
        f"{one['id']}: {node['html'][:150]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("width", [480, 800, 1400])
def test_nothing_is_wider_than_the_page(shown, keep, width):
    hands = shown(learned())
    try:
        hands.page.set_viewport_size({"width": width, "height": 1100})
        comes(hands.pictures, (18, 2), "fist")
        hands.button("Camera on").click()
        expect(hands.verdict).to_have_attribute("data-sure", re.compile("true|false"))
        fits = "() => document.documentElement.scrollWidth <= window.innerWidth"
        hands.page.wait_for_function(fits)
        keep(f"image_recorder_{width}")
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


@pytest.fixture
def notebook(page, open_notebook, server):
    page.add_init_script(CAMERA)
    notebook = open_notebook(server.write("image_recorder.ipynb", CELL, "recorder"))
    notebook.run_all()
    yield notebook
    notebook.shut_down()


def test_it_records_trains_recognises_and_outlives_page_and_interrupt(notebook, keep):
    hands, again = (Hands(notebook.panel, place) for place in (0, 1))
    page = notebook.page
    for _ in range(3):
        hands.record("open hand", "open", 20)
        hands.record("fist", "fist", 20)
    counts = [hands.pictures(name) for name in ("open hand", "fist")]
    assert [recordings for _, recordings in counts] == [3, 3]
    told = "print(recorder.dataset.class_counts.tolist(), recorder.recordings.max() + 1)"
    comes(lambda: notebook.run(told).strip(), f"{[count for count, _ in counts]} 6")
    comes(lambda: [again.pictures(name) for name in ("open hand", "fist")], counts)

    hands.button("Train").click()
    examined = hands.widget.locator("[data-role=examined]")
    status = hands.widget.locator("[data-role=status]").first
    expect(status).to_contain_text("Training")
    expect(examined).to_contain_text("Held out:", timeout=60_000)
    share = float(re.search(r"Held out: ([\d.]+) %", examined.inner_text())[1])
    assert share > 95
    ours = notebook.run(
        "held_out = recorder.split()[1]\n"
        "said = recorder.network.predict(held_out.images).argmax(axis=1)\n"
        "print((said == held_out.labels).mean())"
    )
    assert float(ours) * 100 == pytest.approx(share, abs=0.1)

    # It names what is held up, several times a second.
    for hand, name in (("open", "open hand"), ("fist", "fist"), ("open", "open hand")):
        hands.hold_up(hand)
        expect(hands.verdict).to_have_text(name)
    rate = hands.widget.locator("[data-role=rate]")
    expect(rate).to_have_attribute("data-per-second", re.compile(r"^\d+$"))
    for theme in ("Dark", "Light"):
        turn_to(page, theme)
        keep(f"image_recorder_{theme.lower()}")
        contrast = hands.widget.evaluate(CONTRAST)
        assert min(contrast.values()) >= 4.5, contrast

    # Nothing is lost by an interrupt, or where it is shown anew.
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
    )
    comes(lambda: notebook.run(told).strip(), f"{[count for count, _ in counts]} 6")
    notebook.rewrite("recorder", "recorder  # again")
    comes(lambda: [again.pictures(name) for name in ("open hand", "fist")], counts)
    expect(again.widget.locator("[data-role=examined]")).to_contain_text("Held out:")

    # A file keeps all of it, and another's file is left alone.
    hands.button("Save").click()
    expect(hands.widget.locator("[data-role=saved]")).to_have_text("Saved to gestures.safetensors.")
    notebook.run("open('diary', 'w').write('dear diary')")
    hands.widget.locator("[data-control=path]").fill("diary")
    hands.button("Save").click()
    expect(hands.notice).to_contain_text("diary holds something else, which would be lost")
    loaded = notebook.run(
        "print(repr(widgets.ImageRecorder.load('gestures.safetensors')) "
        "== repr(recorder).replace('finished', 'loaded'))"
    )
    assert loaded.strip() == "True"


def test_after_a_restart_the_pictures_are_offered_to_the_new_recorder(notebook):
    hands = Hands(notebook.panel)
    hands.record("fist", "fist")
    count = hands.pictures("fist")[0]
    comes(lambda: notebook.run("print(len(recorder.dataset))").strip(), str(count))
    notebook.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    expect(hands.widget.locator("[data-role=source]")).to_contain_text("stays on this page")
    notebook.run_all()
    hands.button("Take them over").click()
    comes(hands.pictures, (count, 1), "fist")
    comes(lambda: notebook.run("print(len(recorder.dataset))").strip(), str(count))
