"""Chapter 00, start here: one small exercise, to see how exercises work."""

from cnnlab import images
from cnnlab.exercises._base import Exercise, Mistake

__all__ = ["pixels"]

pixels = Exercise(
    chapter="00_start_here",
    name="pixels",
    prompt="How many numbers does the photograph of the man with the camera consist of?",
    answer=lambda: images.sample("camera").size,
    solution_code="numbers = 512 * 512",
    hints=(
        "It is a grid, 512 pixels high and 512 wide, with one number for each pixel.",
        "Rows times columns.",
    ),
    mistakes=(
        Mistake(
            "You added height and width. A grid has height times width places.",
            lambda: sum(images.sample("camera").shape),
        ),
        Mistake(
            "Three numbers a pixel make a colour photograph. This one is grey: one will do.",
            lambda: 3 * images.sample("camera").size,
        ),
        Mistake(
            "That is one side. The photograph has this many rows, each with this many pixels.",
            lambda: images.sample("camera").shape[0],
        ),
    ),
    praise="A quarter of a million numbers, and every one of them says how bright one spot is.",
)
