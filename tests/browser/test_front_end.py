"""The front end by itself in Chromium: its manners on the wire, and what is painted when."""

import json

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab import display
from cnnlab.widgets import FilterLab, Predict
from tests.browser.jupyterlab import pixels_of
from tests.browser.mounting import answer, mount, sent, turn_up
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")


@pytest.fixture
def blank(page):
    page.goto("about:blank")
    yield page
    page.evaluate("window.lab?.close()")


@pytest.fixture(scope="module")
def frozen_page(browser):
    context = browser.new_context(viewport={"width": 1400, "height": 1100})
    page = context.new_page()
    page.clock.install(time=0)
    page.goto("about:blank")
    page.clock.pause_at(1000)
    yield page
    context.close()


@pytest.fixture
def frozen(frozen_page):
    """A page whose clock, and whose frames, move only when a test says so."""
    yield frozen_page
    frozen_page.evaluate("window.lab?.close()")


def small_lab(**options):
    return FilterLab(np.arange(25).reshape(5, 5) / 25, filter="sobel_x", **options)


def shown_by(page):
    return page.locator("[data-role=map]").get_attribute("data-source")


def colours(page):
    return pixels_of(page.locator("[data-role=map]"))


# -- One request under way, the newest value waiting ----------------------------------------------


def test_one_request_flies_and_only_the_newest_value_waits(frozen):
    mount(frozen, small_lab())
    turn_up(frozen, 30)
    frozen.clock.run_for(1000)
    assert len(sent(frozen)) == 1
    answer(frozen, 1)
    asked = sent(frozen)
    assert len(asked) == 2
    assert asked[1]["settings"]["filter"][0][0] == pytest.approx(2)  # -1 and thirty times 0.1
    answer(frozen, 2)
    frozen.clock.run_for(1000)
    assert len(sent(frozen)) == 2  # nothing more to ask


def test_whoever_leaves_a_widget_sends_what_waits(frozen):
    mount(frozen, small_lab())
    weight = frozen.locator("[data-row='0'][data-column='0']").first
    weight.focus()
    turn_up(frozen, 30)
    assert len(sent(frozen)) == 1
    frozen.get_by_role("button", name="Undo").focus()
    assert len(sent(frozen)) == 1  # still in the widget
    frozen.evaluate("document.activeElement.blur()")
    asked = sent(frozen)
    assert len(asked) == 2
    assert asked[1]["settings"]["filter"][0][0] == pytest.approx(2)  # -1 and thirty times 0.1
    answer(frozen, asked[0]["seq"], 50)
    answer(frozen, asked[1]["seq"], 200)
    assert (colours(frozen) == display.PALETTES["blue_red"].colours[200]).all()
    frozen.clock.run_for(5000)
    assert len(sent(frozen)) == 2  # answered, and nothing more to ask


def test_while_the_hand_moves_the_kernel_is_asked_five_times_a_second(frozen):
    mount(frozen, small_lab())
    for _ in range(125):  # two seconds of a hand that never rests, and a kernel that never waits
        turn_up(frozen)
        frozen.clock.run_for(16)
        answer(frozen, sent(frozen)[-1]["seq"])
    assert 9 <= len(sent(frozen)) <= 11


def test_every_movement_is_painted_within_its_frame_by_the_browser(frozen):
    lab = small_lab()
    mount(frozen, lab)
    canvas = frozen.locator("[data-role=map]")
    frozen.clock.run_for(20)
    for turn in range(1, 6):
        before = int(canvas.get_attribute("data-frame") or 0)
        turn_up(frozen)
        frozen.clock.run_for(17)
        comes(lambda: int(canvas.get_attribute("data-frame") or 0), before + 1)
        weights = lab.filter.copy()
        weights[0, 0] = np.float32(round(-1 + turn / 10, 4))
        expected = FilterLab(lab.image, filter=weights)
        assert (colours(frozen) == expected.painted).all()
        assert shown_by(frozen) == "browser"
        shown = frozen.locator("[data-role=range]").inner_text()
        assert f"{expected.output.max():.2f}".rstrip("0").rstrip(".") in shown


def test_a_change_after_a_rest_is_painted_at_once_and_those_of_a_drag_once_a_frame(frozen):
    lab = small_lab()
    mount(frozen, lab)
    painted = frozen.locator("[data-role=map]")
    frozen.clock.run_for(100)
    before = int(painted.get_attribute("data-frame"))
    turn_up(frozen)  # from here on the clock stands, and no frame comes
    assert int(painted.get_attribute("data-frame")) == before + 1
    turn_up(frozen, 5)
    assert int(painted.get_attribute("data-frame")) == before + 1
    frozen.clock.run_for(17)
    assert int(painted.get_attribute("data-frame")) == before + 2
    lab.filter = [[round(-1 + 0.6, 4), *lab.filter[0, 1:]], *lab.filter[1:]]
    assert (colours(frozen) == lab.painted).all()
    frozen.clock.run_for(17)  # nothing was drawn in it: a rest
    turn_up(frozen)
    assert int(painted.get_attribute("data-frame")) == before + 3


def test_the_kernels_picture_takes_the_place_of_the_browsers(frozen):
    mount(frozen, small_lab())
    frozen.clock.run_for(20)
    assert shown_by(frozen) == "browser"
    answer(frozen, 1, 200)
    assert shown_by(frozen) == "kernel"
    assert (colours(frozen) == display.PALETTES["blue_red"].colours[200]).all()


def test_an_answer_to_older_settings_is_not_painted_over_newer_ones(frozen):
    lab = small_lab()
    mount(frozen, lab)
    frozen.clock.run_for(20)
    turn_up(frozen)
    frozen.clock.run_for(20)
    before = colours(frozen)
    answer(frozen, 1, 200)
    assert (colours(frozen) == before).all()
    assert shown_by(frozen) == "browser"
    frozen.clock.run_for(250)
    answer(frozen, sent(frozen)[-1]["seq"], 99)
    assert (colours(frozen) == display.PALETTES["blue_red"].colours[99]).all()


def test_where_browser_and_kernel_differ_the_page_says_so(frozen):
    lab = small_lab()
    mount(frozen, lab)
    frozen.clock.run_for(20)
    notice = frozen.get_by_role("alert")
    steps = display.levels(lab.output).ravel()
    about = {"height": 3, "width": 3, "low": 0, "high": 1, "limit": 1}
    reply = "([about, seq, steps]) => window.lab.reply(seq, about, steps)"
    nearly = steps.copy()
    nearly[4] -= 1  # rounding may do that
    frozen.evaluate(reply, [about, 1, nearly.tolist()])
    expect(notice).to_be_hidden()
    turn_up(frozen)
    frozen.clock.run_for(250)
    frozen.evaluate(reply, [about, sent(frozen)[-1]["seq"], [0] * 9])
    expect(notice).to_contain_text("The browser's picture and the kernel's differ")
    turn_up(frozen)
    frozen.clock.run_for(20)
    expect(notice).to_be_hidden()  # it was about the picture before


# -- What takes the browser longer than a frame ---------------------------------------------------


def large_lab():
    noise = np.random.default_rng(0).random((600, 500, 3), np.float32)
    return FilterLab(noise, filter="motion_blur")


def test_a_picture_that_takes_long_is_painted_by_a_worker_where_no_kernel_answers(
    blank,
):
    lab = large_lab()
    mount(blank, lab)
    expect(blank.locator("[data-role=map]")).to_have_attribute("data-source", "browser")
    apart = np.abs(colours(blank).astype(int) - lab.painted)
    assert apart.max() <= 9  # a step of colour
    blank.locator("[data-control=preset]").select_option("gabor_45")
    turn_up(blank)
    blank.wait_for_timeout(1000)
    weights = FilterLab("astronaut", filter="gabor_45").filter.copy()
    weights[0, 0] += np.float32(0.1)
    lab.filter = weights
    assert np.abs(colours(blank).astype(int) - lab.painted).max() <= 9


def test_a_page_that_may_start_no_worker_paints_all_the_same(blank):
    refused = "throw new DOMException('refused', 'SecurityError')"
    blank.evaluate(f"() => {{ window.Worker = class {{ constructor() {{ {refused}; }} }}; }}")
    lab = large_lab()
    mount(blank, lab)
    expect(blank.locator("[data-role=map]")).to_have_attribute("data-source", "browser")
    assert np.abs(colours(blank).astype(int) - lab.painted).max() <= 9


def test_a_kernel_that_is_sooner_than_the_worker_is_painted_in_order(blank):
    """As where a worker is slow: the kernel's pictures follow the hand, none over a newer one."""
    blank.evaluate("() => { window.Worker = class { postMessage() {} terminate() {} }; }")
    mount(blank, large_lab())
    assert shown_by(blank) is None
    answer(blank, 1, 20)
    assert (colours(blank) == display.PALETTES["blue_red"].colours[20]).all()
    blank.locator("[data-control=preset]").select_option("gabor_0")
    blank.locator("[data-control=preset]").select_option("gabor_90")
    blank.wait_for_function("window.lab.sent.length > 1")
    answer(blank, 2, 30)  # of gabor_0: older than what is set, newer than what is shown
    assert (colours(blank) == display.PALETTES["blue_red"].colours[30]).all()
    blank.wait_for_function("window.lab.sent.length > 2")
    answer(blank, 3, 40)
    assert (colours(blank) == display.PALETTES["blue_red"].colours[40]).all()


# -- Kernels that are silent, gone, back ----------------------------------------------------------


def test_answers_for_another_page_are_left_alone(blank):
    mount(blank, small_lab())
    blank.evaluate("window.lab.fire('msg:custom', { client: 'other', seq: 1 }, [])")
    assert shown_by(blank) != "kernel"


@pytest.mark.parametrize("silent", ["waits", "gone"])
def test_without_a_kernel_the_page_computes_and_says_so(blank, silent):
    """As in an exported page: the widget's state is there, and nobody answers."""
    lab = FilterLab("astronaut", filter="emboss", stride=2, padding="same", activation="relu")
    mount(blank, lab, silent)
    label = blank.locator("[data-role=source]")
    expect(label).to_be_visible()
    assert shown_by(blank) == "browser"
    assert np.abs(colours(blank).astype(int) - lab.painted).max() <= 9  # a step of colour
    blank.locator("[data-control=preset]").select_option("sobel_y")
    lab.filter = "sobel_y"
    blank.wait_for_timeout(200)
    assert np.abs(colours(blank).astype(int) - lab.painted).max() <= 9
    blank.get_by_role("button", name="Undo").click()
    lab.filter = "emboss"
    blank.wait_for_timeout(200)
    assert np.abs(colours(blank).astype(int) - lab.painted).max() <= 9


def test_a_kernel_counts_as_silent_after_a_second_and_a_half(frozen):
    mount(frozen, small_lab())
    label = frozen.locator("[data-role=source]")
    answer(frozen, 1)
    frozen.clock.run_for(1000)
    turn_up(frozen)
    assert len(sent(frozen)) == 2
    frozen.clock.run_for(1490)
    expect(label).to_be_hidden()
    frozen.clock.run_for(20)
    expect(label).to_have_text(
        "Computed in your browser. The kernel is not responding. If it is not busy, choose Run All "
        "Above Selected Cell, then run this cell."
    )


def test_a_kernel_that_runs_a_notebook_has_time_until_its_first_answer(frozen):
    mount(frozen, small_lab())
    label = frozen.locator("[data-role=source]")
    frozen.clock.run_for(5900)
    expect(label).to_be_hidden()
    frozen.clock.run_for(200)
    expect(label).to_contain_text("The kernel is not responding.")


def test_a_silent_kernel_is_not_flooded(frozen):
    mount(frozen, small_lab())
    for _ in range(60):
        turn_up(frozen)
        frozen.clock.run_for(100)
    assert len(sent(frozen)) <= 5  # in six seconds


def test_when_the_kernel_comes_back_its_numbers_are_shown_again(frozen):
    mount(frozen, small_lab())
    frozen.clock.run_for(7000)
    turn_up(frozen)
    expect(frozen.locator("[data-role=source]")).to_be_visible()
    answer(frozen, 1)  # at last, to what is not set any more
    expect(frozen.locator("[data-role=source]")).to_be_hidden()
    frozen.clock.run_for(300)
    newest = sent(frozen)[-1]["seq"]
    assert newest > 1  # asked again
    answer(frozen, newest, 99)
    assert shown_by(frozen) == "kernel"
    assert (colours(frozen) == display.PALETTES["blue_red"].colours[99]).all()


def test_what_is_answered_late_is_not_asked_again(frozen):
    """Where every answer is late, a page that asked again would ask for ever."""
    mount(frozen, small_lab())
    answer(frozen, 1)
    turn_up(frozen)
    frozen.clock.run_for(300)
    asked = len(sent(frozen))
    for _ in range(5):
        newest = sent(frozen)[-1]["seq"]
        frozen.clock.run_for(1600)
        answer(frozen, newest)
    expect(frozen.locator("[data-role=source]")).to_be_hidden()
    assert len(sent(frozen)) == asked


def test_what_was_lost_is_asked_again_when_the_kernel_is_back(frozen):
    mount(frozen, small_lab())
    frozen.clock.run_for(6100)
    frozen.evaluate("window.lab.fire('comm_live_update')")
    frozen.evaluate("window.lab.reply(0, {})")  # it is there, and knows nothing of a request
    frozen.clock.run_for(300)
    assert len(sent(frozen)) == 2
    answer(frozen, sent(frozen)[-1]["seq"])
    assert shown_by(frozen) == "kernel"


def test_a_page_that_was_busy_takes_no_kernel_for_silent(blank):
    """Its clock ran out while it computed; the answer comes in the next moment."""
    mount(blank, small_lab())
    answer(blank, 1)
    turn_up(blank)
    blank.wait_for_function("window.lab.sent.length === 2")
    blank.evaluate("""() => {
      const lines = [];
      const line = document.querySelector("[data-role=source]");
      new MutationObserver(() => lines.push(line.hidden)).observe(line, { attributes: true });
      window.said = lines;
      setTimeout(() => {
        const until = performance.now() + 2500;
        while (performance.now() < until);
        setTimeout(() => window.lab.answer(window.lab.sent[1].content.seq, 10), 50);
      }, 100);
    }""")
    blank.wait_for_function("document.querySelector('[data-role=map]').dataset.source==='kernel'")
    assert blank.evaluate("window.said") == []


# -- Pictures and settings that travel ------------------------------------------------------------


def test_a_picture_travels_until_the_kernel_has_it(blank):
    mount(blank, small_lab())
    answer(blank, 1)
    blank.get_by_role("button", name="Draw").click()
    blank.wait_for_function("window.lab.sent.length > 1")
    first = sent(blank)[-1]
    assert first["picture"]["height"] == 128
    turn_up(blank, 3)
    blank.evaluate("(seq) => window.lab.reply(seq, { error: 'not now' })", first["seq"])
    blank.wait_for_function("window.lab.sent.length > 2")
    assert "picture" in sent(blank)[-1]  # an error may mean that it did not arrive
    answer(blank, sent(blank)[-1]["seq"])
    turn_up(blank)
    blank.wait_for_function("window.lab.sent.length > 3")
    assert "picture" not in sent(blank)[-1]
    blank.get_by_role("button", name="Done").click()


def test_the_settings_are_stored_when_the_hand_rests(frozen):
    mount(frozen, small_lab())
    turn_up(frozen, 5)
    frozen.clock.run_for(250)
    assert "client" not in frozen.evaluate("window.lab.state._settings")
    frozen.clock.run_for(100)
    stored = frozen.evaluate("window.lab.state._settings")
    assert stored["values"]["filter"][0][0] == -0.5
    assert stored["client"] == sent(frozen)[0]["client"]


def test_what_python_sets_is_shown_asked_for_and_can_be_undone(blank):
    lab = small_lab()
    mount(blank, lab)
    answer(blank, 1)
    values = {**lab._settings["values"], "stride": 2}
    blank.evaluate(
        "(value) => window.lab.change('_settings', value)", {"revision": 7, "values": values}
    )
    expect(blank.locator("[data-control=stride]")).to_have_value("2")
    blank.wait_for_function("window.lab.sent.length > 1")
    assert sent(blank)[-1]["settings"]["stride"] == 2
    assert [one["revision"] for one in sent(blank)] == [0, 7]  # what the page had heard of
    blank.get_by_role("button", name="Undo").click()
    expect(blank.locator("[data-control=stride]")).to_have_value("1")


def test_a_setting_that_python_does_not_have_cannot_be_read_or_set(blank):
    """What the tests drive shows every name that the scripts use: none is misspelt unnoticed."""
    from cnnlab.widgets.shared import assets

    code = """async (module) => {
      const text = new Blob([module], { type: "text/javascript" });
      const { Session } = (await import(URL.createObjectURL(text))).default;
      const session = new Session({ get: () => ({ values: { stride: 1 } }), on() {}, off() {} });
      const tried = [() => session.settings.strid, () => session.change({ strid: 2 })];
      return [session.settings.stride, ...tried.map((act) => {
        try { act(); } catch (error) { return error.message; }
      })];
    }"""
    found = blank.evaluate(code, assets.bundle("page/session"))
    assert found == [1, "there is no setting strid", "there is no setting strid"]


def test_nothing_listens_any_more_when_the_widget_is_gone(blank):
    mount(blank, small_lab())
    turn_up(blank, 3)
    assert blank.evaluate("window.lab.listening()") > 0
    blank.evaluate("window.lab.close()")
    assert blank.evaluate("window.lab.listening()") == 0
    comes(lambda: blank.locator(".cnnlab").count(), 0)
    asked = len(sent(blank))
    blank.wait_for_timeout(1800)
    assert len(sent(blank)) == asked


def test_rows_that_no_window_reaches_are_marked(blank):
    mount(blank, FilterLab(np.zeros((6, 8)), filter=np.ones((3, 3)), stride=2))
    dropped = blank.locator(".cnnlab-over-dropped")
    expect(dropped).to_have_count(2)
    comes(
        lambda: [dropped.nth(k).get_attribute(name) for k, name in [(0, "y"), (1, "x")]], ["5", "7"]
    )


def test_a_state_is_plain_json_for_the_page_too():
    json.dumps(small_lab()._settings, allow_nan=False)


# -- What must not be skipped ---------------------------------------------------------------------


def lock(page, place):
    page.get_by_role("radio").nth(place).check()
    page.get_by_role("button", name="Lock my answer").click()


def test_an_error_from_python_reaches_the_learner_in_words(blank):
    mount(blank, Predict("01_filters.map_size"))
    lock(blank, 1)
    assert [one["place"] for one in sent(blank, "commit")] == [1]
    full = "the progress could not be written: the disk is full"
    blank.evaluate("(error) => window.lab.reply(1, { error })", full)
    expect(blank.get_by_text(full)).to_be_visible()
    expect(blank.get_by_role("button", name="Lock my answer")).to_be_enabled()


def test_a_silent_kernel_is_mentioned_to_one_who_answers(frozen):
    mount(frozen, Predict("01_filters.map_size"))
    frozen.evaluate("window.lab.reply(0, {})")  # it was there a moment ago
    lock(frozen, 1)
    words = frozen.locator(".cnnlab-actions").get_by_text("The kernel is not responding.")
    frozen.clock.run_for(3900)
    expect(words).to_be_hidden()
    frozen.clock.run_for(200)
    expect(words).to_be_visible()


def test_a_kernel_that_is_gone_is_mentioned_at_once(blank):
    mount(blank, Predict("01_filters.map_size"), silent="gone")
    lock(blank, 1)
    words = blank.locator(".cnnlab-actions").get_by_text("The kernel is not responding.")
    expect(words).to_be_visible(timeout=500)


# -- A kernel that comes and goes while nobody touches --------------------------------------------


@pytest.mark.parametrize("kind", [small_lab, lambda: Predict("01_filters.map_size")])
def test_a_kernel_that_restarts_is_mentioned_before_one_touches(frozen, kind):
    """JupyterLab then says `comm_live_update` of every model, and lets nothing through."""
    mount(frozen, kind())
    label = frozen.locator("[data-role=source]")
    if frozen.evaluate("window.lab.sent[0].content.kind") == "hello":
        frozen.evaluate("window.lab.reply(0, {})")
    else:
        answer(frozen, 1)
    frozen.clock.run_for(5000)
    expect(label).to_be_hidden()
    frozen.evaluate("window.lab.fire('comm_live_update')")
    frozen.clock.run_for(1490)
    expect(label).to_be_hidden()
    frozen.clock.run_for(20)
    expect(label).to_contain_text("Run All Above Selected Cell, then run this cell")
    frozen.evaluate("window.lab.reply(0, {})")  # it was busy, no more
    expect(label).to_be_hidden()


def test_one_who_comes_back_to_a_widget_hears_whether_the_kernel_is_there(frozen):
    mount(frozen, small_lab())
    answer(frozen, 1)
    frame = frozen.locator(".cnnlab")
    frame.dispatch_event("pointerenter")
    assert not sent(frozen, "hello")  # it has just answered
    frozen.clock.run_for(11_000)
    frame.dispatch_event("pointerenter")
    frame.dispatch_event("focusin")
    assert len(sent(frozen, "hello")) == 1
    frozen.clock.run_for(1600)
    expect(frozen.locator("[data-role=source]")).to_be_visible()


def test_a_server_that_ends_is_mentioned_where_a_widget_is_in_sight(frozen):
    frozen.mouse.move(0, 0)  # who comes back to a widget is asked for besides
    mount(frozen, small_lab())
    answer(frozen, 1)
    frame = frozen.locator(".cnnlab")
    frame.evaluate("(frame) => (frame.style.marginTop = '5000px')")
    frozen.clock.run_for(40_000)
    assert not sent(frozen, "hello")  # nobody would read it
    frame.evaluate("(frame) => (frame.style.marginTop = '')")
    frozen.clock.run_for(15_000)
    assert sent(frozen, "hello")
    frozen.clock.run_for(1600)
    expect(frozen.locator("[data-role=source]")).to_contain_text("The kernel is not responding.")
    frozen.evaluate("window.lab.close()")
    asked = len(sent(frozen, "hello"))
    frozen.clock.run_for(40_000)
    assert len(sent(frozen, "hello")) == asked


def test_a_choice_that_the_kernel_does_not_answer_goes_back(frozen):
    mount(frozen, FilterLab("camera"), silent="gone")
    samples = frozen.locator("[data-control=sample]")
    samples.select_option("coins")
    expect(samples).to_have_value("camera")
    expect(frozen.locator("[data-role=notice]")).to_contain_text("The kernel is not responding")


# -- Fingers --------------------------------------------------------------------------------------

SWIPE = """(cell, [moves, last]) => {
  const fire = (kind, x, y) => cell.dispatchEvent(new PointerEvent(kind,
    { bubbles: true, pointerId: 1, pointerType: "touch", clientX: x, clientY: y }));
  cell.setPointerCapture = () => {};
  fire("pointerdown", 0, 0);
  for (const [x, y] of moves) fire("pointermove", x, y);
  fire(last, 0, 0);
}"""


def test_a_finger_that_scrolls_leaves_the_number_and_one_that_goes_sideways_turns_it(
    blank,
):
    mount(blank, small_lab())
    cell = blank.locator("[data-row='0'][data-column='0']").first
    cell.evaluate(SWIPE, [[[1, -6], [2, -60], [3, -90]], "pointercancel"])
    expect(cell).to_have_value("\N{MINUS SIGN}1")
    cell.evaluate(SWIPE, [[[10, 1], [40, 30]], "pointercancel"])  # the browser took it all the same
    expect(cell).to_have_value("\N{MINUS SIGN}1")
    cell.evaluate(SWIPE, [[[10, 1], [40, 30]], "pointerup"])
    expect(cell).to_have_value("0")
    expect(cell).to_be_focused()


# -- Regions --------------------------------------------------------------------------------------


def test_regions_have_names_of_their_own(blank):
    mount(blank, FilterLab("coins"))
    expect(blank.get_by_role("region", name="Filter laboratory: coins")).to_be_visible()
    mount(blank, Predict("01_filters.map_size"))
    name = "Prediction: A 3x3 filter slides over a 5x5"
    expect(blank.get_by_role("region", name=name)).to_be_visible()


# -- A front end that is still opening ------------------------------------------------------------


def test_what_many_widgets_need_is_waited_for_while_a_notebook_opens(blank):
    blank.evaluate("window.late = 20")  # so often it is not there yet
    mount(blank, small_lab())
    expect(blank.locator("[data-role=map]")).to_be_visible()
    assert blank.evaluate("window.late") < 0
    assert blank.evaluate("window.lateStill") > 0  # anywidget gives up whoever waits two seconds
