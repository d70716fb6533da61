"""Chapter 00, start here: the test before the course, and one small task to see how tasks work."""

from cnnlab import images
from cnnlab.exercises.chapters.before_and_after import Before
from cnnlab.exercises.lesson import Lesson
from cnnlab.exercises.task import Task


class Start(Before, Lesson, chapter="00_start_here"):
    """What the first page asks."""

    pixels = Task(
        "How many numbers does the photograph of the man with the camera consist of?",
        cell="numbers = <<512 * 512>>",
        answer=lambda: images.sample("camera").size,
        wrong={
            "512 + 512": "You added height and width. A grid has height times width places.",
            "512 * 512 * 3": "Three numbers per pixel make a colour photograph. This one is grey: "
            "one will do.",
            "512": "That is one side. The photograph has this many rows, each with this many "
            "pixels.",
        },
        hints=(
            "It is a grid, 512 pixels high and 512 wide, with one number for each pixel.",
            "Rows times columns.",
        ),
        praise="A quarter of a million numbers, and every one of them says how bright one spot is.",
    )
