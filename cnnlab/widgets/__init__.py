"""Live pictures for a notebook: one Python class and one plain ES module a widget."""

from cnnlab.widgets.filter_lab import FilterLab
from cnnlab.widgets.predict import Predict
from cnnlab.widgets.quiz import Quiz

__all__ = ["FilterLab", "Predict", "Quiz"]
