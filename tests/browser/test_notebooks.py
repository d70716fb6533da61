"""Notebooks that go wrong, and notebooks where no widget runs (the lessons: test_lessons.py)."""

import nbformat
import pytest

pytestmark = pytest.mark.needs("browser")


def test_a_notebook_with_an_error_is_caught(server, open_notebook):
    opened = open_notebook(server.write("broken.ipynb", "1 + 1", "1 / 0", "2 + 2"))
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        opened.run_all(30)


def test_where_no_widget_runs_the_page_shows_the_picture_and_its_text(page):
    """As on GitHub or in an export without widget state: the notebook's outputs alone."""
    from nbconvert import HTMLExporter

    from cnnlab.widgets import FilterLab

    data, metadata = FilterLab("camera", filter="laplacian")._repr_mimebundle_()
    cell = nbformat.v4.new_code_cell("lab", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("execute_result", data, metadata=metadata, execution_count=1)
    ]
    notebook = nbformat.v4.new_notebook(cells=[cell])
    page.route("https://**", lambda route: route.abort())
    for template in ("lab", "classic"):
        html, _ = HTMLExporter(template_name=template).from_notebook_node(notebook)
        page.set_content(html)
        still = page.locator("img[src^='data:image/jpeg']")
        assert still.evaluate("(image) => image.naturalHeight") == 320
    # The lab template of nbconvert leaves the text out, the classic one writes it.
    assert "3x3 filter, 510x510 feature map" in (still.get_attribute("alt") or "")
