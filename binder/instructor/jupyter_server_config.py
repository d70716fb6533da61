"""The server of an instructor: nbgrader's tab Formgrader, for the course in ~/cnn."""

from __future__ import annotations

from pathlib import Path

from cnnlab.classroom.course import configure

c = get_config()  # noqa: F821 - Jupyter reads this file
configure(c)  # what the tab grades is confined, whatever else is set
c.CourseDirectory.root = str(Path.home() / "cnn")
c.CourseDirectory.course_id = "cnn"
# The tab is a page within the page of JupyterLab; a hub forbids that by itself.
c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors 'self'"}}
