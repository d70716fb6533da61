"""The curves and the bars of ActivationExplorer in Chromium: handles, numbers, words."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from cnnlab.widgets import ActivationExplorer
from tests.browser.exploring import MINUS, Hands
from tests.browser.touching import without_kernel

pytestmark = pytest.mark.needs("browser")

TIMES = "\N{MULTIPLICATION SIGN}"
LOPSIDED = np.random.default_rng(60).normal(size=(9, 14)).astype(np.float32)


hold = without_kernel(ActivationExplorer, Hands)


# -- The curves -----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ["sigmoid", "tanh", "relu", "leaky_relu", "elu"])
def test_value_and_slope_at_the_handle_are_those_of_python(hold, function):
    hands = hold(function, [[0]], filter=[[1]], x=-1.3, alpha=1.5)
    (value,), (slope,) = ActivationExplorer(function, alpha=1.5).curve([-1.3])
    text = [f"{one:.3f}".rstrip("0").rstrip(".").replace("-", MINUS) for one in (value, slope)]
    said = f"At x = {MINUS}1.3 the value is {text[0]} and the slope {text[1]}."
    expect(hands.role("words")).to_have_text(said)
    for plot, at in (("Value", value), ("Slope", slope)):
        handle = hands.handle("x", plot)
        expect(handle).to_have_attribute("aria-valuenow", "-1.3")
        low, high = [-2, 6] if plot == "Value" else [-0.25, max(1.25, 1.65 * (function == "elu"))]
        top = float(handle.evaluate("(one) => parseFloat(one.style.top)"))
        assert top == pytest.approx(100 * (high - at) / (high - low), abs=0.01)


def test_the_input_moves_by_keyboard_by_mouse_and_by_a_press_beside_it(hold):
    hands = hold("relu", [[0]], filter=[[1]])
    handle = hands.handle("x")
    hands.keys(handle, "ArrowRight", "Shift+ArrowRight", "Alt+ArrowUp", "ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "2")
    hands.keys(handle, "PageUp", "Alt+ArrowLeft")
    expect(handle).to_have_attribute("aria-valuenow", "2.99")
    expect(handle).to_have_attribute("aria-valuetext", "x = 2.99, value 2.99, slope 1")
    hands.keys(handle, "Home")
    expect(hands.number("x")).to_have_value(f"{MINUS}6")
    hands.drag(handle, across=0.75)
    expect(handle).to_have_attribute("aria-valuenow", "3")
    hands.press("Undo")  # the whole drag is one step
    expect(handle).to_have_attribute("aria-valuenow", "-6")
    hands.page.keyboard.down("Alt")  # finely: a hundredth, where a tenth is the step
    hands.drag(handle, across=1.25 / 12)
    hands.page.keyboard.up("Alt")
    fine = float(handle.get_attribute("aria-valuenow"))
    assert fine == pytest.approx(-4.75, abs=0.04)
    assert round(100 * fine) % 10
    area = handle.locator("xpath=..")
    box = area.bounding_box()
    area.click(position={"x": 0.25 * box["width"], "y": 0.3 * box["height"]})
    expect(handle).to_have_attribute("aria-valuenow", "-3")
    expect(handle).to_be_focused()
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text(f"At x = {MINUS}3 the value is")


def test_two_answers_that_do_not_add_up_show_that_relu_is_no_straight_line(hold):
    hands = hold("relu", [[0]], filter=[[1]])
    line = hands.role("linear")
    none = "no straight line through 0."
    expect(line).to_have_text(f"f({MINUS}1) + f(1) = 1, but f({MINUS}1 + 1) = f(0) = 0: {none}")
    hands.press("Tanh")  # as far below 0 as above: another sum tells
    expect(line).to_have_text(
        f"f({MINUS}1) + f(1) = 0 = f(0), but f(1) + f(1) = 1.523 and f(1 + 1) = f(2) = 0.964: "
        f"{none}"
    )
    hands.press("Maxout")
    hands.control("lines").select_option("x")
    expect(line).to_contain_text("= 0 = f(0), and f(1) + f(1) = 2 = f(2): as of a straight line")
    hands.number("x").fill("0")
    expect(line).to_contain_text("Move x away from 0")


def test_the_gate_looks_at_x_and_not_at_the_gradient(hold):
    hands = hold("relu", [[0]], filter=[[1]])
    for x, upstream, passed in ((-1, 5, 0), (0, -7, 0), (2, 3, 3), (2, -7, -7)):
        hands.number("x").fill(str(x))
        hands.number("upstream").fill(str(upstream))
        told = f"{int(x > 0)} {TIMES} {upstream} = {passed} goes on to x".replace("-", MINUS)
        expect(hands.role("gate")).to_contain_text(told)


def test_the_slope_of_leaky_relu_and_the_alpha_of_elu_have_handles(hold):
    hands = hold("leaky_relu", LOPSIDED)
    handle = hands.handle("slope")
    expect(handle).to_have_attribute("aria-valuetext", "slope 0.1")
    hands.keys(handle, "ArrowDown", "ArrowDown")
    expect(hands.number("slope")).to_have_value("0.12")
    hands.drag(handle, up=-1 / 8)  # one down: at -5 that is a fifth
    expect(hands.number("slope")).to_have_value("0.32")
    hands.paints(ActivationExplorer("leaky_relu", LOPSIDED, slope=0.32), off_by=3)
    hands.drag(handle, up=0.6)  # never above the axis
    expect(hands.number("slope")).to_have_value("0")
    hands.press("ELU")
    expect(handle).to_have_count(0)
    alpha = hands.handle("alpha")
    hands.keys(alpha, "Shift+ArrowDown")
    expect(hands.number("alpha")).to_have_value("2")
    expect(alpha).to_be_focused()
    hands.paints(ActivationExplorer("elu", LOPSIDED, alpha=2), off_by=3)
    hands.number("alpha").fill("-1")
    expect(hands.handle("alpha")).to_have_attribute("aria-valuetext", "alpha 0")


def test_maxouts_lines_are_dragged_to_the_size_of_x(hold, keep):
    hands = hold("maxout", LOPSIDED)
    goals = {"line 1 left": 2.5, "line 1 right": -2.5, "line 2 left": -2, "line 2 right": 2}
    for name, goal in goals.items():
        handle = hands.handle(name)
        now = float(handle.get_attribute("aria-valuenow"))
        hands.drag(handle, up=(goal - now) / 12)
    expect(hands.control("lines")).to_have_value("|x|")
    size = ActivationExplorer("maxout", LOPSIDED, lines=[[-1, 0], [1, 0]])
    hands.paints(size, off_by=3)
    hands.number("x").fill("-2")
    expect(hands.role("words")).to_have_text(
        f"At x = {MINUS}2 the lines are at 2, {MINUS}2: line 1 wins. Value 2, slope {MINUS}1."
    )
    keep("activation_explorer_maxout")
    hands.keys(hands.handle("line 2 right"), "ArrowUp")
    expect(hands.control("lines")).to_have_value("")


def test_lines_come_and_go_and_the_numbers_to_learn_are_counted(hold):
    hands = hold("maxout", [[0]], filter=[[1]])
    counted = hands.role("lines")
    expect(counted).to_contain_text(f"2 {TIMES} 2 = 4 numbers to learn")
    hands.press("Add a line")
    hands.press("Add a line")
    expect(counted).to_contain_text(f"4 {TIMES} 2 = 8 numbers")
    expect(hands.widget.get_by_role("button", name="Add a line")).to_be_disabled()
    expect(hands.handle("line 4 right")).to_be_visible()
    hands.control("lines").select_option("ReLU")
    expect(hands.handle("line 3 left")).to_have_count(0)
    hands.press("Remove the last")
    expect(hands.widget.get_by_role("button", name="Remove the last")).to_be_disabled()
    cell = hands.widget.get_by_role("grid", name=re.compile("^Lines")).locator("input").first
    cell.fill("1.5")
    expect(hands.role("words")).to_contain_text("line 1 wins. Value 1.5, slope 1.5")


def test_which_of_the_six_squash_is_measured(hold):
    hands = hold("relu", [[0]], filter=[[1]])
    expect(hands.role("squash")).to_be_hidden()  # a prediction first
    hands.widget.get_by_text("Which of the six squash").click()
    rows = hands.widget.locator(".cnnlab-squash tbody tr")
    found = [row.locator("td").all_text_contents() for row in rows.all()]
    below, limits = "no: only from below", "0 to 100"
    assert found == [
        ["0 to 1", "0 to 1", "yes"],
        [f"{MINUS}1 to 1", f"{MINUS}1 to 1", "yes"],
        [limits, "0 to 10,000", below],
        [f"{MINUS}10 to 100", f"{MINUS}1,000 to 10,000", "no"],
        [f"{MINUS}1 to 100", f"{MINUS}1 to 10,000", below],
        [f"{MINUS}0.33 to 99", f"{MINUS}0.33 to 9,999", below],
    ]
    expect(hands.role("squash")).to_contain_text("2 of 6 squash as they are set now: Sigmoid and")


# -- Softmax --------------------------------------------------------------------------------------


def test_a_raised_score_takes_from_all_others_and_the_sum_stays_1(hold, keep):
    hands = hold("softmax")
    first = ActivationExplorer("softmax").output[0]
    hands.tells("row-0", *[*first, 1])
    handle = hands.handle("score 0 3", "Scores")
    hands.keys(handle, "Shift+ArrowUp", "Shift+ArrowUp", "ArrowUp")
    after = ActivationExplorer("softmax", logits=[[2, 1, 0, 1.1]]).output[0]
    hands.tells("row-0", *[*after, 1])
    words = hands.role("softmax-words")
    expect(words).to_contain_text(f"Class 3 rose from {first[3]:.3f} to {after[3]:.3f}")
    expect(words).to_contain_text(f"class 0 fell from {first[0]:.3f} to {after[0]:.3f}")
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("Class 3 rose")
    drawn = hands.widget.get_by_role("group", name="Probabilities").locator(
        "path.cnnlab-curve[data-look=first]"
    )
    tops = [min(map(float, re.findall(r",([\d.]+)", d.get_attribute("d")))) for d in drawn.all()]
    assert [1 - top / 1000 for top in tops] == pytest.approx(after.tolist(), abs=1e-3)
    hands.drag(hands.handle("score 0 0", "Scores"), up=-4 / 12)
    expect(hands.widget.get_by_role("grid", name="Scores").locator("input").first).to_have_value(
        f"{MINUS}2"
    )
    expect(words).to_contain_text("Class 1 rose")
    keep("activation_explorer_softmax")
    hands.press("Undo")
    hands.tells("row-0", *[*after, 1])


def test_one_score_alone_does_not_move_the_bar(hold):
    hands = hold("softmax", logits=[[3.2]])
    expect(hands.role("softmax-words")).to_have_text(
        "One score alone has probability 1, wherever it is."
    )
    hands.keys(hands.handle("score 0 0", "Scores"), "Home")
    hands.tells("row-0", 1, 1)
    hands.tells("sigmoid", 0.002)
    hands.press("Undo")
    hands.tells("sigmoid", 0.961)


def test_sums_on_both_margins_tell_softmax_over_the_batch(hold):
    hands = hold("softmax", logits=[[2, 0], [0, 0]])
    hands.tells("row-0", 0.881, 0.119, 1)
    hands.control("axis").select_option("Over the batch")
    expect(hands.role("row-0").locator(".cnnlab-softmax-off")).to_have_text("1.381")
    hands.tells("row-0", 0.881, 0.5, 1.381)
    hands.tells("column-sums", 1, 1)


def test_a_second_softmax_has_a_floor_under_its_loss(hold):
    hands = hold("softmax", logits=[[4] + 9 * [0]])
    loss = hands.role("loss")
    expect(loss).to_contain_text("0.153. It can come as near to 0 as it likes")
    hands.widget.get_by_label("Softmax twice").check()
    expect(loss).to_contain_text("1.584. After a second softmax it can never go under 1.461")
    hands.control("right").select_option("class 3")
    wrong = ActivationExplorer("softmax", logits=[[4] + 9 * [0]], twice=True, right=3).loss[0]
    expect(loss).to_contain_text(f"right class: {wrong:.3f}")


def test_several_labels_want_a_sigmoid_each(hold):
    hands = hold("softmax", logits=[[3, 3, -2]])
    hands.tells("sigmoid", 0.953, 0.953, 0.119)
    hands.tells("row-0", 0.498, 0.498, 0.003)
    hands.control("logits-columns").fill("2")
    hands.tells("row-0", 0.5, 0.5, 1)
    expect(hands.control("right").locator("option")).to_have_count(2)
