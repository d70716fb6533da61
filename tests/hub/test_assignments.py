"""nbgrader's own tabs in a browser: a learner fetches, works and submits, an instructor grades."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from cnnlab.classroom.grading import lesson_of, tasks_of
from tests.browser.conftest import ARTEFACTS
from tests.browser.jupyterlab import chromium

pytestmark = pytest.mark.needs("browser")

CHAPTER, COURSE = "01_filters", "cnn"
SOLVED = ("one_number", "loops")
SPY = "\nimport os\nprint('token', 'JUPYTERHUB_API_TOKEN' in os.environ)"
PATIENCE = 180_000  # milliseconds: a class comes in, and a submission is graded, meanwhile
READY = "() => Boolean(window.jupyterapp?.shell?.currentWidget)"
NOTEBOOK = """() => {
  const panel = window.jupyterapp.shell.currentWidget;
  return Boolean(panel?.context?.isReady);
}"""
WORK = """async (cells) => {
  const panel = window.jupyterapp.shell.currentWidget;
  await panel.context.ready;
  for (const { model } of panel.content.widgets) {
    const after = cells[model.sharedModel.getSource()];
    if (after) model.sharedModel.setSource(after);
  }
  await panel.context.save();
}"""


class Seat:
    """Somebody of the lab at a browser."""

    def __init__(self, browser, learner):
        self.name, address = learner.name, learner.lab.address
        self.page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{address}/hub/login?next=/user/{self.name}/lab")
        self.page.fill("input[name=username]", self.name)
        self.page.fill("input[name=password]", learner.password)
        self.page.click("input[type=submit]")
        self.page.wait_for_function(READY)

    def choose(self, item):
        """Choose something in the menu of nbgrader."""
        self.page.get_by_role("menuitem", name="Nbgrader").click()
        self.picture(f"menu-{self.name}")
        self.page.get_by_role("menuitem", name=item, exact=True).click()

    def picture(self, name):
        ARTEFACTS.mkdir(exist_ok=True)
        self.page.screenshot(path=ARTEFACTS / f"class-{name}.png")

    def list(self, which):
        """Find a list of the tab Assignments: released, fetched or submitted."""
        return self.page.locator(f"#{which}_assignments_list")

    def row(self, which):
        """Find the assignment in a list of the tab Assignments: released, fetched, submitted."""
        rows = self.page.locator(f"#{which}_assignments_list .list_item")
        return rows.filter(has_text=CHAPTER).first

    def opened(self, path):
        """Open a file of their folder."""
        self.page.evaluate(
            "(path) => window.jupyterapp.commands.execute('docmanager:open', { path })", path
        )

    @property
    def grader(self):
        """The page within the tab Formgrader."""
        return self.page.frame_locator("#formgrader-iframe iframe")

    def press(self, column, done):
        """Press one of the buttons in a row of the formgrader, and read what it says."""
        self.grader.locator(f"td.{column} a").click()
        said = self.grader.locator(".modal-dialog")
        expect(said).to_contain_text(done)
        said.get_by_role("button", name="Close").last.click()
        expect(said).to_be_hidden()


@pytest.fixture(scope="module")
def browser():
    expect.set_options(timeout=PATIENCE)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def course(lab, teacher):
    """The folder of the instructor's course, made by the one command."""
    command = [sys.executable, "-m", "cnnlab", "assign", COURSE, CHAPTER]
    home = lab.home(teacher.name)
    done = subprocess.run(
        lab.within("env", f"--chdir={home}", *command, account=teacher.name),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return home / COURSE


@pytest.fixture(scope="module")
def round_(lab, browser, course, ada, teacher):
    """One assignment from its release to the feedback on it, all of it by the tabs."""
    desk, seat = Seat(browser, teacher), Seat(browser, ada)
    desk.choose("Formgrader")
    expect(desk.grader.locator("td.name")).to_have_text(CHAPTER)
    desk.picture("formgrader")
    desk.press("release", "Successfully released")

    seat.choose("Assignment List")
    seat.row("released").get_by_role("button").click()
    expect(seat.row("fetched")).to_be_visible()
    seat.picture("fetched")
    seat.opened(f"{CHAPTER}/{CHAPTER}.ipynb")
    tasks = [task for task in tasks_of(lesson_of(CHAPTER)) if task.name in SOLVED]
    solved = {
        task.notebook_cell: task.notebook_cell.replace(task.cell.skeleton, task.solution_code) + SPY
        for task in tasks
    }
    seat.page.wait_for_function(NOTEBOOK)
    seat.page.evaluate(WORK, solved)
    seat.choose("Assignment List")
    seat.row("fetched").get_by_role("button", name="Submit").click()
    expect(seat.row("submitted")).to_be_visible()
    seat.picture("submitted")

    desk.press("collect", "Successfully collected")
    desk.grader.locator("td.num-submissions a").click()
    desk.press("autograde", "Successfully autograded")
    desk.picture("graded")
    score = desk.grader.locator("td.score").inner_text()
    desk.press("generate-feedback", "Successfully generated")
    desk.press("release-feedback", "Successfully released")
    seat.row("submitted").get_by_role("button", name="Fetch Feedback").click()
    expect(seat.row("submitted")).to_contain_text("view feedback")
    seat.picture("feedback")
    for kernel in ada.server("/api/kernels"):
        ada.server(f"/api/kernels/{kernel['id']}", method="DELETE")
    return score


def test_who_solves_two_tasks_of_five_gets_two_points_by_the_tabs_alone(round_):
    assert round_ == "2 / 5"


def test_what_the_tab_grades_runs_in_the_sandbox(round_, course):
    page = course / "autograded" / "ada" / CHAPTER / f"{CHAPTER}.ipynb"
    assert page.read_text().count("token False") == len(SOLVED)


def test_what_was_handed_in_and_what_was_graded_is_closed_to_other_learners(
    lab, round_, course, bob
):
    exchange = f"/usr/local/share/nbgrader/exchange/{COURSE}"
    gradebook = str(course / "gradebook.db")
    for action in (
        f"os.listdir('{exchange}/inbound')",
        f"os.listdir('{exchange}/feedback')",
        f"open('{exchange}/outbound/{CHAPTER}/{CHAPTER}.ipynb', 'a')",
        f"os.rename('{exchange}', '{exchange}-gone')",
        f"shutil.rmtree('{exchange}')",
        f"os.listdir({str(course)!r})",
        f"open({gradebook!r}).read(1)",
        f"open({gradebook!r}, 'a')",
    ):
        assert lab.tried(action, "bob") == "PermissionError", action
    assert (course / "gradebook.db").stat().st_size > 0
