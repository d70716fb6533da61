"""In mid-lesson a kernel dies, a server ends, the hub is started anew: no answer is lost."""

import asyncio
import json
import os
import signal
from pathlib import Path

from tests.hub.page import Page

CHAPTER = "course/notebooks/01_filters.ipynb"
LAB = "from cnnlab import widgets\nlab = widgets.FilterLab('camera')\nlab"
ANSWER = """
from cnnlab.exercises import filters as lesson
lesson.one_number.check({number})
lesson.map_size.commit({choice})
"""


def answers(lab, name):
    (file,) = lab.home(name).rglob("progress.json")
    return json.loads(file.read_text())["entries"]


def kernel_of(lab, name):
    """Find the process of a learner's kernel, if one runs."""
    for process in lab.processes(name):
        if "ipykernel_launcher" in Path(f"/proc/{process}/cmdline").read_text():
            return process
    return None


def test_a_kernel_that_is_killed_takes_no_answer_along(lab, cyd):
    async def lesson():
        async with Page(cyd, CHAPTER) as page:
            await page.run(ANSWER.format(number=14, choice=2))
            killed = kernel_of(lab, "cyd")
            os.kill(killed, signal.SIGKILL)
            page.close()
            lab.wait(lambda: kernel_of(lab, "cyd") not in {None, killed}, 60)  # another starts
            await page.connect()
            said = await page.run("from cnnlab import exercises\nprint(exercises.progress())")
            assert "1 of 2" in said
            await page.run(ANSWER.format(number="lesson.one_number.answer()", choice=0))

    asyncio.run(lesson())
    kept = answers(lab, "cyd")
    assert kept["01_filters.one_number"]["attempts"] == 2
    assert kept["01_filters.one_number"]["solved"]
    assert kept["01_filters.map_size"]["picked"] == [2, 0]


def test_a_server_that_is_started_anew_has_answers_and_page_as_they_were(lab, cyd):
    async def before():
        async with Page(cyd, CHAPTER) as page:
            page.notebook["cells"][0]["source"] = "my own words"
            await page.save()
            await page.run(ANSWER.format(number=16, choice=1))

    asyncio.run(before())
    kept = answers(lab, "cyd")
    assert cyd.ask("/hub/api/users/cyd/server", method="DELETE")[0] in {202, 204}
    lab.wait(lambda: not lab.processes("cyd"), 60)
    cyd.start_server()

    async def after():
        async with Page(cyd, CHAPTER) as page:
            assert page.notebook["cells"][0]["source"] == "my own words"
            said = await page.run("from cnnlab import exercises\nprint(exercises.progress())")
            assert "1 of 5" in said

    asyncio.run(after())
    assert answers(lab, "cyd") == kept


def test_a_hub_that_is_killed_and_started_anew_interrupts_nobody(lab, cyd):
    async def lesson():
        async with Page(cyd, CHAPTER) as page:
            await page.run(LAB)
            await page.change("FilterLab", {"bias": 0.1})
            lab.stop("hub")
            for step in range(3):
                await page.change("FilterLab", {"bias": step / 10})
            await page.run(ANSWER.format(number=17, choice=3))
            await asyncio.to_thread(lab.start, "hub")
            await page.change("FilterLab", {"bias": 0.5})
            assert page.connected
            assert (await page.run("print(lab.bias)")).strip() == "0.5"
            await page.save()

    server = set(lab.processes("cyd"))
    before = answers(lab, "cyd")["01_filters.map_size"]["picked"]
    asyncio.run(lesson())
    assert answers(lab, "cyd")["01_filters.map_size"]["picked"] == [*before, 3]
    assert server & set(lab.processes("cyd"))
    assert cyd.log_in()


def test_what_ends_idle_servers_runs_beside_the_hub(lab):
    commands = [Path(f"/proc/{one}/cmdline").read_text() for one in lab.processes()]
    assert any("jupyterhub_idle_culler" in command for command in commands)
