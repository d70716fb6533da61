"""NetworkBuilder in Chromium: hands on it, sums from papers; one has a kernel."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from cnnlab import zoo
from cnnlab.layers import Conv2D, Dense, MaxPool2D, ReLU
from cnnlab.widgets import NetworkBuilder, SharedWeights
from tests.browser.jupyterlab import turn_to
from tests.browser.mounting import mount, sent
from tests.browser.reaching import nameless, tab
from tests.browser.touching import WidgetHands
from tests.browser.waiting import comes

pytestmark = pytest.mark.needs("browser")

CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
VOLUMES = """(drawing) => [...drawing.querySelectorAll(".cnnlab-volume")].map((one) => {
  const box = one.querySelector("path").getBBox();
  return { title: one.querySelector("title").textContent, width: box.width, height: box.height };
})"""


class Hands(WidgetHands):
    """A builder on the page, as seen and as touched."""

    def __init__(self, within):
        super().__init__(within)
        self.stage = self.widget.locator(".cnnlab-builder")
        self.notice = self.widget.get_by_role("alert")
        self.lines = self.widget.locator("tr[data-layer]")
        self.names = self.lines.locator(".cnnlab-cost-name")
        self.editor = self.widget.locator(".cnnlab-cost-opened")
        self.shares = self.role("shares")
        self.volumes = self.widget.locator(".cnnlab-volumes-drawing")

    def control(self, name):
        return self.widget.locator(f"[data-control={name}]:visible")

    def total(self, role):
        return self.widget.locator(f"[data-role=total-{role}]")

    def column(self, role):
        return self.lines.locator(f"[data-role={role}]").all_text_contents()

    def table(self):
        """Names, shapes and parameters as in the summary."""
        names = self.names.all_text_contents()
        return list(zip(names, self.column("shape"), self.column("parameters"), strict=True))

    def bars(self, role):
        """How long the bars are, of the longest."""
        wide = self.lines.locator(f"[data-role={role}] .cnnlab-cost-own").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().width)"
        )
        return [one / max(wide) for one in wide]


@pytest.fixture
def hold(page):
    """Mount a builder on an empty page without a kernel."""
    page.goto("about:blank")

    def hold_one(network=None, **options):
        mount(page, NetworkBuilder(network, **options))
        hands = Hands(page.locator("body"))
        expect(hands.volumes.locator(".cnnlab-volume").first).to_be_attached()
        return hands

    yield hold_one
    page.evaluate("window.lab?.close()")


# -- Tables and sums ------------------------------------------------------------------------------


def as_shown(network):
    shape = lambda row: ", ".join(map(str, ("None", *row.output_shape)))  # noqa: E731 - a word
    return [
        (f"{row.name} ({row.layer.kind})", f"({shape(row)})", f"{row.parameters:,}")
        for row in network
    ]


def test_every_network_of_the_zoo_is_a_preset_with_its_table(hold):
    hands = hold()
    titles = hands.control("preset").locator("option").all_text_contents()[1:]
    assert len(titles) == len(zoo.NETWORKS)
    for title, name in zip(titles, zoo.NETWORKS, strict=True):
        hands.control("preset").select_option(title)
        assert hands.table() == as_shown(zoo.build(name)), name
        expect(hands.total("parameters")).to_contain_text(f"{zoo.build(name).num_parameters:,}")
        expect(hands.control("preset")).to_have_value(title)
    hands.control("preset").select_option("The deck's network, 150 \u00d7 150 \u00d7 1")
    comes(lambda: hands.table()[2], ("conv2d_2 (Conv2D)", "(None, 72, 72, 32)", "9,248"))
    expect(hands.total("parameters")).to_contain_text("8,459,242 trainable, 0 not")


def test_parameters_and_work_of_vgg16_sit_in_different_layers(hold):
    hands = hold("vgg16")
    expect(hands.shares).to_have_text(
        "Dense layers have 89.4 % of the parameters and 0.8 % of the multiply-adds; "
        "convolutions have 10.6 % of the parameters and 99.2 % of the multiply-adds."
    )
    expect(hands.total("memory")).to_contain_text("15,237,608 values with the input, 58.1 MiB")
    network = zoo.vgg16()
    for role, counts in (
        ("parameters", [row.parameters for row in network]),
        ("work", [row.multiply_adds for row in network]),
    ):
        longest = max(counts)
        expected = pytest.approx([count / longest for count in counts], abs=0.01)
        comes(hands.bars, expected, role)
    sees = dict(zip(hands.names.all_text_contents(), hands.column("sees"), strict=True))
    assert sees["max_pooling2d_5 (MaxPooling2D)"] == "212 \u00d7 212"
    assert sees["dense_1 (Dense)"] == "224 \u00d7 224"


def test_the_running_total_is_the_sum_up_to_a_layer(hold):
    hands = hold("lenet5", parameter_budget=30_000)
    hands.press("running total")
    comes(lambda: hands.column("parameters"), [
        "156", "156", "2,572", "2,572", "2,572", "50,692", "60,856", "61,706"
    ])  # fmt: skip
    over = hands.lines.locator("[data-role=parameters]").evaluate_all(
        "(all) => all.map((one) => one.dataset.over)"
    )
    assert over == ["false"] * 5 + ["true"] * 3
    expect(hands.lines.nth(0).locator("[data-role=parameters] .cnnlab-cost-line")).to_be_visible()


def test_budgets_are_typed_as_people_write_them(hold):
    hands = hold("lenet5")
    field = hands.control("parameter_budget")
    field.fill("50k")
    card = hands.total("parameters")
    expect(card).to_contain_text("11,706 over the budget of 50,000")
    field.fill("lots")
    expect(hands.notice).to_contain_text("A budget is a whole number such as 1,000,000")
    field.blur()
    expect(field).to_have_value("50,000")
    expect(hands.notice).to_be_hidden()
    hands.control("work_budget").fill("1,000,000")
    expect(hands.total("work")).to_contain_text("583,480 below the budget of 1,000,000")
    line, fill = (
        card.locator(part).bounding_box()
        for part in (".cnnlab-total-line", ".cnnlab-total-bar > i >> nth=0")
    )
    reach = (line["x"] - fill["x"]) / fill["width"]
    assert reach == pytest.approx(50_000 / 61_706, abs=0.02)
    field.fill("")
    expect(card).to_contain_text("61,706 trainable, 0 not")


def test_what_papers_print_stands_beside_what_comes_out(hold):
    hands = hold("alexnet")
    hands.control("printed").check()
    printed = hands.lines.locator("[data-role=printed]")
    expect(printed.nth(0)).to_have_text("\u2260 253,440 (here 290,400)")
    expect(printed.nth(2)).to_have_text("= 186,624")
    hands.control("preset").select_option("LeNet-5, 28 \u00d7 28 \u00d7 1")
    comes(
        lambda: printed.all_text_contents()[:4], ["= 156", "\u2260 12", "\u2260 1,516", "\u2260 32"]
    )
    ledger = hands.widget.locator("[data-role=ledger]")
    expect(ledger).to_contain_text("Printed in sum 60,000, here 61,706 parameters.")
    hands.press("Add: ReLU")
    expect(ledger).to_be_hidden()  # it is LeNet-5 no more


# -- By hand --------------------------------------------------------------------------------------


def test_the_pattern_follows_its_numbers_and_an_edit_makes_it_a_list(hold):
    hands = hold(N=1, M=2, K=0)
    comes(lambda: [name.split(" ")[0] for name in hands.names.all_text_contents()], [
        "conv2d_1", "relu_1", "max_pooling2d_1", "conv2d_2", "relu_2", "max_pooling2d_2",
        "flatten_1", "dense_1",
    ])  # fmt: skip
    hands.control("K").fill("1")
    hands.control("pool").uncheck()
    expect(hands.names).to_have_count(8)
    hands.names.nth(0).click()
    hands.editor.locator("[data-control=layer-filters]").fill("5")
    comes(lambda: hands.column("shape")[0], "(None, 32, 32, 5)")
    layered = hands.widget.get_by_role("button", name="Layer by layer")
    expect(layered).to_have_attribute("aria-pressed", "true")
    hands.press("Pattern")
    comes(lambda: hands.column("shape")[0], "(None, 32, 32, 32)")
    hands.press("Layer by layer")
    comes(lambda: hands.column("shape")[0], "(None, 32, 32, 5)")  # nothing is lost


def test_layers_are_added_edited_moved_and_removed_by_hand_and_keyboard(hold):
    hands = hold(layers=[Conv2D(4, 3), MaxPool2D(2)], input_shape=(12, 12, 1))
    hands.press("Add: Flatten")
    hands.press("Add: Dense")
    hands.names.nth(0).click()
    hands.press("Add: ReLU")  # behind the chosen one
    shapes = ["(None, 10, 10, 4)"] * 2 + ["(None, 5, 5, 4)", "(None, 100)", "(None, 10)"]
    comes(lambda: hands.column("shape"), shapes)
    hands.names.nth(0).click()
    hands.editor.locator("[data-control=layer-kernel_size]").fill("5")
    hands.editor.locator("[data-control=layer-activation]").select_option("relu")
    hands.editor.locator("[data-control=layer-bias]").uncheck()
    comes(lambda: hands.table()[0], ("conv2d_1 (Conv2D)", "(None, 8, 8, 4)", "100"))
    hands.press("Move down layer 1")
    comes(lambda: hands.column("shape")[:2], ["(None, 12, 12, 1)", "(None, 8, 8, 4)"])
    expect(hands.names.nth(1)).to_have_attribute("aria-expanded", "true")
    expect(hands.editor.get_by_role("button", name="Move down layer 2")).to_be_focused()
    hands.page.keyboard.press("Alt+ArrowUp")
    comes(lambda: hands.column("shape")[:2], ["(None, 8, 8, 4)"] * 2)
    hands.names.nth(0).click()
    expect(hands.editor).to_have_count(0)
    hands.page.keyboard.press("ArrowDown")
    expect(hands.names.nth(1)).to_be_focused()
    hands.page.keyboard.press("Delete")
    expect(hands.names).to_have_count(4)
    expect(hands.names.nth(1)).to_be_focused()
    hands.page.keyboard.press("End")
    hands.page.keyboard.press("Alt+ArrowUp")
    expect(hands.names.nth(2)).to_be_focused()
    assert hands.column("shape")[2].startswith("Dense needs a flat vector")
    hands.press("Undo")
    hands.press("Undo")
    comes(lambda: hands.column("shape")[1:], ["(None, 8, 8, 4)", *["(None, 4, 4, 4)"], "(None, 64)",
                                         "(None, 10)"])  # fmt: skip
    expect(hands.widget.locator(".cnnlab-spoken")).to_contain_text("5 layers, 12 \u00d7 12")


def test_an_impossible_layer_says_why_in_place_and_is_mended_in_place(hold):
    hands = hold(layers=[Conv2D(8), MaxPool2D(), Dense(10), ReLU()])
    bad = hands.lines.nth(2)
    expect(bad).to_contain_text("Dense needs a flat vector, got (15, 15, 8); put Flatten() before")
    expect(hands.lines.nth(3)).to_contain_text("a layer above does not fit")
    expect(hands.volumes.locator(".cnnlab-volume-broken")).to_have_count(1)
    expect(hands.total("parameters")).to_contain_text("up to the layer that does not fit")
    bad.get_by_role("button", name="Put Flatten before it").click()
    comes(lambda: hands.column("shape")[2:], ["(None, 1800)", "(None, 10)", "(None, 10)"])
    hands.control("input-height").fill("2")
    expect(hands.lines.nth(0)).to_contain_text("a 3x3 filter does not fit in a 2x32 image")
    hands.control("input-height").fill("32")
    comes(lambda: hands.column("shape")[2:], ["(None, 1800)", "(None, 10)", "(None, 10)"])


def test_what_one_number_of_a_layer_sees_is_traced(hold):
    hands = hold(layers=[Conv2D(1), MaxPool2D(2), Conv2D(1)], input_shape=(20, 20, 1))
    hands.names.nth(2).click()
    hands.widget.get_by_text("What one number of it sees").click()
    words = hands.editor.locator("[data-role=field]")
    expect(words).to_contain_text("behind the last window sees 8 pixels")
    hands.names.nth(1).click()
    expect(words).to_contain_text("sees 4 pixels")


# -- The drawing ----------------------------------------------------------------------------------


def test_volumes_are_to_scale_and_none_vanishes(hold):
    hands = hold("vgg16")
    found = hands.volumes.evaluate(VOLUMES)
    assert len(found) == 1 + 13 + 5 + 1 + 3
    high = {one["title"].split(":")[0]: one["height"] for one in found}
    assert high["conv2d_1"] / high["max_pooling2d_1"] == pytest.approx(2, abs=0.02)
    assert high["max_pooling2d_1"] / high["max_pooling2d_2"] == pytest.approx(2, abs=0.02)
    assert min(one["width"] for one in found) >= 3
    assert min(one["height"] for one in found) >= 4
    scale = hands.widget.locator("[data-role=scale]")
    expect(scale).to_contain_text("Channels (thickness) and vectors (lines) on a log scale")
    hands.press("each doubling alike")
    expect(scale).to_contain_text("each doubling of a side adds the same")
    hands.volumes.locator("[data-layer='1']").click()
    expect(hands.names.nth(1)).to_have_attribute("aria-expanded", "true")
    hands.control("preset").select_option("The deck's network, 150 \u00d7 150 \u00d7 1")
    assert hands.volumes.evaluate(VOLUMES)[-1]["height"] > 15  # the dense 10


# -- For everybody --------------------------------------------------------------------------------


def test_vgg16_is_repainted_by_the_edit_itself_without_a_kernel(hold):
    hands = hold("vgg16", parameter_budget=10**8)
    hands.names.nth(0).click()
    assert hands.page.evaluate(
        """() => {
          const input = document.querySelector("[data-control=layer-filters]");
          const table = () => document.querySelector(".cnnlab-costs").innerText;
          return [60, 61, 75].every((filters) => {
            const before = table();
            input.value = String(filters);
            input.dispatchEvent(new Event("input", { bubbles: true }));
            return table() !== before;
          });
        }"""
    )


@pytest.mark.parametrize("network", [None, "lenet5"])
def test_everything_has_a_name_and_is_reached_with_a_visible_focus(hold, network):
    hands = hold(network)
    hands.names.nth(0).click()
    hands.page.evaluate("document.activeElement.blur()")
    assert not nameless(hands.widget)
    seen, outlines = set(), set()
    hands.widget.evaluate("(widget) => widget.focus()")
    for _ in range(60):
        here = tab(hands.page)
        if here is None:
            break
        seen.add(here[0])
        outlines.add(tuple(here[1:]))
    wanted = {
        "Layer by layer", "preset", "input-height", "parameter_budget", "work_budget",
        "running total", "conv2d_1 (Conv2D)", "kind", "layer-filters", "layer-activation",
        "layer-bias", "Move down layer 1", "Remove layer 1", "Add: Batch norm",
    } | ({"N", "M", "K", "pool", "classes"} if network is None else set())  # fmt: skip
    assert wanted <= seen, wanted - seen
    assert outlines == {("solid", "2px")}


@pytest.mark.parametrize("network", ["vgg16", "alexnet", None])
def test_nothing_sticks_out_from_480_to_1920_pixels(hold, keep, network):
    hands = hold(network, printed=True, parameter_budget=10**9, work_budget=10**9)
    hands.names.nth(0).click()
    try:
        for width in (480, 1366, 1920):
            hands.page.set_viewport_size({"width": width, "height": 1100})
            hands.page.evaluate("() => new Promise(requestAnimationFrame)")
            keep(f"network_builder_{network}_{width}")
            sizes = hands.widget.evaluate("(one) => [one.scrollWidth, one.clientWidth]")
            assert sizes[0] <= sizes[1], width
            drawn = hands.volumes.evaluate(
                """(one) => [...one.querySelectorAll("path, text")].map((part) => {
                  const box = part.getBBox(); return [box.x, box.x + box.width]; })"""
            )
            wide = hands.volumes.evaluate("(one) => one.clientWidth")
            assert min(left for left, _ in drawn) >= -1
            assert max(right for _, right in drawn) <= wide + 1
    finally:
        hands.page.set_viewport_size({"width": 1400, "height": 1100})


# -- With a kernel --------------------------------------------------------------------------------


def test_a_widget_that_counts_too_leaves_the_table_as_it_is(page, hold):
    """Both have a table of costs, and in a notebook the sheets of both are there."""
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("about:blank")
    mount(page, SharedWeights())
    mount(page, NetworkBuilder("alexnet"))
    apart = """(lines) => lines.every((line) =>
      line.querySelector(".cnnlab-cost-name").getBoundingClientRect().right <=
      line.querySelector("[data-role=shape]").getBoundingClientRect().left + 8)"""
    hands = Hands(page.locator("body"))
    expect(hands.lines).to_have_count(len(zoo.alexnet().layers))
    assert hands.lines.evaluate_all(apart)


def test_the_kernel_is_asked_with_all_settings_and_a_difference_is_said_aloud(hold):
    hands = hold("lenet5")
    (asked,) = sent(hands.page)
    answer = NetworkBuilder("lenet5").answer_frame(None)[0]
    reply = "([seq, answer]) => window.lab.reply(seq, answer)"
    hands.page.evaluate(reply, [asked["seq"], answer])
    expect(hands.stage).to_have_attribute("data-source", "kernel")
    expect(hands.notice).to_be_hidden()
    hands.control("input-channels").fill("3")
    hands.page.wait_for_function(
        "window.lab.sent.some((one) => one.content.settings?.input_shape[2] === 3)"
    )
    hands.page.evaluate(reply, [sent(hands.page)[-1]["seq"], answer])
    expect(hands.notice).to_contain_text("The browser's picture and the kernel's differ.")


def test_page_and_python_follow_each_other_in_jupyterlab(open_notebook, server, keep):
    cell = (
        "from cnnlab import widgets, zoo, Sequential\nfrom cnnlab.layers import *\n"
        "builder = widgets.NetworkBuilder('deck', parameter_budget=10**6)\nbuilder"
    )
    notebook = open_notebook(server.write("network_builder.ipynb", cell))
    notebook.run_all()
    hands = Hands(notebook.panel)
    expect(hands.stage).to_have_attribute("data-source", "kernel")
    hands.names.nth(0).click()
    hands.editor.locator("[data-control=layer-filters]").fill("8")
    told = "print(builder.network.layers[0].filters, builder.network.num_parameters)"
    for _ in range(100):
        found = notebook.run(told).strip()
        if found.startswith("8 "):
            break
    assert found.startswith("8 ")
    expect(hands.total("parameters")).to_contain_text(f"{int(found.split()[1]):,}")
    notebook.run("builder.network = zoo.vgg16()")
    expect(hands.names).to_have_count(24)
    expect(hands.control("preset")).to_have_value("VGG-16, 224 \u00d7 224 \u00d7 3")
    hands.press("Copy as code")
    expect(hands.widget.locator("pre")).to_contain_text("network = zoo.vgg16()")
    hands.press("Close")
    try:
        for theme, scale in (("JupyterLab Dark", "log"), ("JupyterLab Light", "linear")):
            notebook.run(f"builder.scale = {scale!r}")  # a theme has come to rest by then
            turn_to(hands.page, theme.split()[1])
            keep(f"network_builder_{theme.split()[1].lower()}")
            contrast = hands.widget.evaluate(CONTRAST)
            assert min(contrast.values()) >= 4.5, contrast
        notebook.run("builder.reset()")
        expect(hands.names).to_have_count(12)
    finally:
        notebook.shut_down()
