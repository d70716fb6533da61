"""The pages for instructors: their answers and situations are written from the course itself.

``python -m tests.instructor`` writes them anew into ``notebooks/instructor``; a test says when that
is needed. What stands around them is written by hand.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from cnnlab import datasets, images, widgets, zoo
from cnnlab.exercises import CHAPTERS, Lesson, Question, Task
from cnnlab.exercises import own_network as chapter_10
from cnnlab.exercises import speed as chapter_09
from cnnlab.layers import Conv2D, Dense, Flatten, MaxPool2D, ReLU

MEASURED = {"how_much", "slowest"}  # what is right is found out on the machine itself
PAGES = Path(__file__).parents[1] / "notebooks" / "instructor"


def situations() -> dict[str, dict[str, Any]]:
    """Make what can be loaded, by chapter and name: a widget at the moment that matters."""
    stepper, pooling, lab = widgets.ConvolutionStepper, widgets.PoolingStepper, widgets.FilterLab
    pixel, channels = [[[2, 3, 5]]], np.reshape([1, 0, 2], (1, 1, 3, 1))
    return {
        "00_start_here": {"a first blur": lab("camera", filter="box_blur_5")},
        "01_filters": {
            "dead sky": lab("camera", filter="laplacian"),
            "the sky wakes up": lab("camera", filter=[[0, 1, 0], [1, -3, 1], [0, 1, 0]]),
            "the first window": stepper(
                [
                    [3, 5, 2, 8, 1],
                    [9, 7, 5, 4, 3],
                    [2, 0, 6, 1, 6],
                    [6, 3, 7, 9, 2],
                    [1, 4, 9, 5, 1],
                ],
                [[1, 0, 0], [1, 1, 0], [0, 0, 1]],
                step=1,
            ),
        },
        "02_stride_and_padding": {
            "a column left over": widgets.ShapeCalculator(8, 3, stride=2),
            "two rulers": widgets.ShapeCalculator(6, 3, stride=2, padding="same"),
            "a frame that nobody painted": lab(
                np.full((40, 40), 0.8), filter="box_blur_5", padding="same", palette="grey", limit=1
            ),
            "nine weights, a wider view": lab("camera", filter="sobel_x", dilation=4),
        },
        "03_convolutional_layers": {
            "one cell": stepper(pixel, channels, bias=[1], step=1),
            "a bank in colour": widgets.FilterBank("astronaut"),
        },
        "04_pooling": {
            "the dot steps right": widgets.ShiftTest("dot", right=1),
            "the cat steps left": widgets.ShiftTest("chelsea", right=-1),
            "beside a pad": pooling([[-2, -1], [-4, -3]], window=3, stride=1, padding=1),
            "the winner takes it twice": pooling(
                [[1, 9, 2], [0, 0, 0]], stride=1, mode="backward", upstream=[[3, 4]]
            ),
        },
        "05_activations": {
            "two filters, merged": widgets.FilterMerge(
                "camera", first="sobel_x", second="gaussian_3", merging=True
            ),
            "a bend between": widgets.FilterMerge(
                "camera", first="sobel_x", second="gaussian_3", between="relu"
            ),
            "a sine of four bends": widgets.BendFitter(4, curve="sine"),
            "dead for every input": widgets.ActivationExplorer(
                "relu", "camera", filter="sobel_x", bias=-5
            ),
            "softmax twice": widgets.ActivationExplorer(
                "softmax", logits=[[4] + 9 * [0]], twice=True
            ),
        },
        "06_full_networks": {
            "weights that are shared": widgets.SharedWeights(),
            "lenet5": widgets.NetworkBuilder("lenet5", printed=True),
            "alexnet": widgets.NetworkBuilder("alexnet", printed=True),
        },
        "07_training": {
            "a filter that finds itself": widgets.FilterTrainer("camera", "sobel_x"),
            "scattered upstream": stepper(
                [[1, 2, 3, 4]], [[1, 2, 5]], mode="backward", upstream=[[1, 10]]
            ),
        },
        "08_what_networks_see": of_seeing(),
        "09_making_it_fast": of_speed(),
        "10_your_own_network": of_an_own_network(),
    }


def of_seeing() -> dict[str, Any]:
    """Make those of chapter 08, with pictures and networks of the chapter's own."""
    pictures, digits = datasets.faces()[1], datasets.digits()[1]
    face = pictures.images[pictures.labels == 1][4]
    wall = pictures.images[pictures.labels == 0][0]
    four, five = (
        np.pad(images.fit(digits.images[place][:, :, 0], (20, 20, 1)), ((4, 4), (4, 4), (0, 0)))
        for place in (154, np.flatnonzero(digits.labels == 5)[0])
    )
    faces, lenet = zoo.pretrained("face_net"), zoo.pretrained("lenet5")
    explorer = widgets.FeatureExplorer
    return {
        "a finger on an eye": explorer(faces, face, target=1, occluder=6, fill=0.5, cover=(6, 6)),
        "all weights shuffled": explorer(faces, face, target=1, shuffled=4),
        "nothing here is a face": explorer(faces, wall, target=1),
        "a four that is read as a nine": explorer(lenet, four, target=4, signed=True),
        "a unit without a name": widgets.NetworkExplorer(lenet, five, layer="conv2d_2", unit=9),
    }


def of_speed() -> dict[str, Any]:
    """Make those of chapter 09: it has no widget of its own, and these count what it is about."""
    picks = np.zeros((2, 2, 2))
    picks[0, 0, 1] = 1
    return {
        "two million at each touch": widgets.FilterLab("camera", filter="sobel_x"),
        "a table of windows": widgets.ShapeCalculator(28, 5),
        "ten, not two": widgets.ConvolutionStepper(chapter_09.MAPS, picks, step=1),
        "the half that mixes": widgets.NetworkBuilder(
            input_shape=(56, 56, 128), layers=[Conv2D(128, 3, padding="same"), Conv2D(128, 1)]
        ),
    }


def of_an_own_network() -> dict[str, Any]:
    """Make those of chapter 10."""
    builder, shape = widgets.NetworkBuilder, {"input_shape": (8, 8, 1)}
    shape["parameter_budget"] = chapter_10.MOST_PARAMETERS
    start = [Conv2D(16, 3, padding="same"), ReLU(), MaxPool2D(2), Flatten(), Dense(10)]
    small = [Conv2D(8, 3), ReLU(), Conv2D(8, 3), ReLU(), MaxPool2D(2), Flatten(), Dense(10)]
    return {
        "three signs": widgets.ImageRecorder(["rock", "paper", "scissors"]),
        "with and without glasses": widgets.ImageRecorder(["glasses", "none"], augment=False),
        "the last layer is too dear": builder(layers=start, scale="log", **shape),
        "six parameters to spare": builder(layers=small, scale="log", **shape),
    }


def answers(lesson: type[Lesson]) -> str:
    """Write what is right of all a chapter asks, in its order."""
    lines = []
    for item in lesson.items:
        if isinstance(item, Task):
            code = item.solution_code
            lines += [f"**{item.name}** (task). {item.prompt}", "", "```python", code, "```", ""]
        elif isinstance(item, Question) and item.kind != "probed":  # a test keeps its answers
            right = item.choices[0 if item.name in MEASURED else item.right]
            told = f"{right.text}. {right.feedback}".replace("..", ".")
            kind = "prediction" if item.kind == "predicted" else "quiz"
            said = "Measured as it is asked." if item.name in MEASURED else told
            lines += [f"**{item.name}** ({kind}). {item.prompt}", "", f"> {said}", ""]
    return "\n".join(lines)


def listed(stem: str, made: dict[str, Any]) -> str:
    """Write how the situations of a chapter are loaded."""
    if not made:
        return "None: its cells are its own demonstration.\n"
    code = "\n".join([
        "```python", "import json", "from cnnlab import widgets",
        f'situations = json.load(open("instructor/{stem}.json"))',
        *(f"widgets.{type(one).__name__}.from_state(situations[{json.dumps(name)}])"
          for name, one in made.items()),
        "```", "",
    ])  # fmt: skip
    return f"In a new cell of the chapter, one line at a time:\n\n{code}"


def files() -> dict[Path, str]:
    """Give every file as it should be, by its path."""
    made, wanted = situations(), {}
    for chapter in CHAPTERS:
        page, lesson = PAGES / f"{chapter.stem}.md", chapter.lesson()
        if lesson is None or not page.exists():
            continue
        own = made.get(chapter.stem, {})
        text = page.read_text("utf-8")
        for part, body in (("situations", listed(chapter.stem, own)), ("answers", answers(lesson))):
            text = re.sub(
                rf"<!-- {part} -->\n.*?<!-- end -->",
                lambda _, part=part, body=body: f"<!-- {part} -->\n\n{body}\n<!-- end -->",
                text, flags=re.DOTALL,
            )  # fmt: skip
        wanted[page] = text
        if own:
            states = {name: one.state() for name, one in own.items()}
            wanted[page.with_suffix(".json")] = json.dumps(states, indent=1) + "\n"
    return wanted


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
