"""TrainingBoard in Chromium: hands on it, looks, and a real kernel that trains meanwhile."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab import Network, datasets, training, zoo
from cnnlab.optimizers import SGD
from cnnlab.widgets import TrainingBoard
from tests.browser.jupyterlab import turn_to
from tests.browser.mounting import mount, sent
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
DIGITS = datasets.digits()
CELL = """from cnnlab import Network, datasets, training, widgets, zoo
digits = datasets.digits()
net = Network(zoo.digits_net(), seed=0)
board = widgets.TrainingBoard(
    training.run(net, digits.train, validation=digits.test, epochs=4_000)
)
board"""


def trained(steps=30, rate=0.05, epochs=2):
    run = training.run(
        Network(zoo.digits_net()), DIGITS.train, validation=DIGITS.test,
        epochs=epochs, optimizer=SGD(rate, momentum=0.9),
    )  # fmt: skip
    board = TrainingBoard(run)
    for _ in range(steps):
        board.step()
        assert board.wait(60)
    board._store()
    return board


class Hands:
    """A board on the page, as seen and as touched."""

    def __init__(self, within, place=0):
        self.page = within.page
        self.board = within.locator("[data-widget=TrainingBoard]").nth(place)
        self.status = self.board.locator("[data-role=status]")
        self.rate = self.board.locator("[data-control=rate]")

    def button(self, words):
        return self.board.get_by_role("button", name=words, exact=True)

    def cell(self, row, column):
        return self.board.locator(f"[role=gridcell][data-row='{row}'][data-column='{column}']")

    def plot(self, name):
        return self.board.get_by_role("group", name=re.compile(f"^{name}:"))

    def asked(self, kind):
        return [
            {key: one[key] for key in one if key not in ("client", "seq", "revision", "kind")}
            for one in sent(self.page, kind)
        ]


@pytest.fixture
def shown(blank):
    """Show a board without its kernel."""

    def show(board):
        mount(blank, board)
        return Hands(blank.locator("body"))

    return show


def test_what_was_seen_last_is_there_without_a_kernel(shown):
    board = trained()
    hands = shown(board)
    last = board.history.snapshots[-1]
    expect(hands.status).to_contain_text(f"Paused · step 30 of 46 · epoch 2 · loss {last.loss:.3f}")
    expect(hands.board.get_by_text("ln 10 = 2.303: knows nothing")).to_be_visible()
    expect(hands.plot("Loss")).to_have_attribute(
        "aria-label", re.compile(rf"training {last.loss:.3f}, validation 0\.\d+$")
    )
    sizes = hands.board.get_by_role("table", name="Sizes of the last step")
    expect(sizes.get_by_role("rowheader")).to_have_text(
        ["conv2d_1", "conv2d_2", "dense_1", "dense_2"]
    )
    expect(hands.board.locator("[data-role=filter]")).to_have_count(16)
    expect(hands.board.locator("[data-role=map]")).to_have_count(16)
    counts = board._rested["runs"][0]["confusion"]
    for row in range(10):
        for column in range(10):
            expect(hands.cell(row, column)).to_have_text(str(counts[row][column] or ""))


def test_a_cell_of_the_matrix_is_chosen_by_keys_and_asks_for_its_pictures(shown):
    hands = shown(trained())
    hands.cell(0, 0).focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "Enter"):
        hands.page.keyboard.press(key)
    expect(hands.cell(0, 2)).to_be_focused()
    expect(hands.cell(0, 2)).to_have_attribute("aria-selected", "true")
    comes(hands.asked, [{"run": 0, "row": 0, "column": 2}], "pictures")


def test_buttons_ask_and_nothing_is_thrown_away_unasked(shown):
    hands = shown(trained())
    hands.button("One step").click()
    comes(hands.asked, [{"act": "step"}], "act")
    hands.button("Start again").click()
    expect(hands.button("Keep the curve")).to_be_focused()
    hands.button("Cancel").click()
    expect(hands.button("Keep the curve")).to_be_hidden()
    expect(hands.button("Start again")).to_be_focused()
    comes(hands.asked, [{"act": "step"}], "act")
    hands.button("Start again").click()
    hands.button("Throw it away").click()
    comes(hands.asked, [{"act": "step"}, {"act": "restart", "keep": False}], "act")
    hands.rate.fill("0.2")
    hands.rate.press("Enter")
    comes(hands.asked, [{"run": 0, "value": 0.2}], "rate")
    hands.button("Halve the learning rate").click()
    comes(hands.asked, [{"run": 0, "value": 0.2}, {"run": 0, "value": 0.025}], "rate")
    hands.board.get_by_label("Slow motion", exact=True).check()
    pace = hands.board.get_by_label("Steps a second in slow motion")
    expect(pace).to_be_enabled()
    pace.press("ArrowRight")
    expect(pace).to_have_attribute("aria-valuetext", "5 steps a second")
    hands.button("Undo").click()
    expect(pace).to_have_attribute("aria-valuetext", "4 steps a second")


def test_a_divergence_is_told_in_full(shown):
    board = trained(3, rate=1e39)
    hands = shown(board)
    expect(hands.board.locator("[data-role=trouble]")).to_have_text(board._threads[""].words)
    expect(hands.status).to_contain_text("Diverged")


@pytest.mark.parametrize("width", [480, 800, 1400])
def test_nothing_is_wider_than_the_page(shown, keep, width):
    hands = shown(trained())
    try:
        hands.page.set_viewport_size({"width": width, "height": 1100})
        expect(hands.status).to_be_visible()
        fits = "() => document.documentElement.scrollWidth <= window.innerWidth"
        hands.page.wait_for_function(fits)
        keep(f"training_board_{width}")
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_a_training_survives_its_page_its_cell_and_an_interrupt(open_notebook, server, keep):
    notebook = open_notebook(server.write("training_board.ipynb", CELL, "board"))
    notebook.run_all()
    first, again = (Hands(notebook.panel, place) for place in (0, 1))
    board, status, page = first.board, first.status, notebook.page
    expect(status).to_contain_text("Ready · step 0 of")

    # It paints while it trains, and the kernel answers beside it.
    first.button("Start").click()
    expect(status).to_contain_text(re.compile("Training · step [1-9]"))
    told = notebook.run("print(board.state_of_training)")
    assert told.strip() == "running"
    # Out of sight nothing is painted, and all of it as it comes into sight.
    painted = [one.board.locator(".cnnlab-board-runs") for one in (first, again)]
    seen, hidden = (int(runs.get_attribute("data-shown")) for runs in painted)
    assert painted[1].bounding_box()["y"] > page.viewport_size["height"]
    comes(lambda: int(painted[0].get_attribute("data-shown")) > seen + 20, True)
    assert int(painted[1].get_attribute("data-shown")) <= hidden + 1
    painted[1].scroll_into_view_if_needed()
    comes(lambda: int(painted[1].get_attribute("data-shown")) > hidden + 5, True)
    painted[0].scroll_into_view_if_needed()

    # An interrupt while no cell runs leaves it going; one in board.wait() pauses it.
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.interrupt()"
    )
    before = int(notebook.run("print(len(board.history))"))
    comes(lambda: int(notebook.run("print(len(board.history))")) > before, True)
    page.evaluate(
        """async () => {
          const { kernel } = window.jupyterapp.shell.currentWidget.sessionContext.session;
          const code = "print('waits', flush=True); board.wait()";
          const future = kernel.requestExecute({ code });
          const begun = new Promise((go) => {
            future.onIOPub = ({ header }) => header.msg_type === "stream" && go();
          });
          await begun;
          await kernel.interrupt();
          await future.done.catch(() => {});
        }"""
    )
    expect(status).to_contain_text("Paused")
    done = int(notebook.run("print(len(board.history))"))
    expect(status).to_contain_text(f"step {done} of")

    # The other view shows the same, and going on loses nothing.
    expect(again.status).to_contain_text(f"Paused · step {done} of")
    first.button("Continue").click()
    expect(status).to_contain_text("Training")
    first.button("Stop").click()
    expect(status).to_contain_text("Stopped")
    steps = notebook.run("print([one.step for one in board.history.snapshots] == "
                         "list(range(1, len(board.history) + 1)))")  # fmt: skip
    assert steps.strip() == "True"
    done = int(notebook.run("print(len(board.history))"))
    assert done > 0
    try:
        for theme in ("Dark", "Light"):
            turn_to(page, theme)
            keep(f"training_board_{theme.lower()}")
            contrast = board.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
    finally:
        notebook.shut_down()
