"""Live pictures for a notebook: one Python class, one script and one style sheet a widget."""

from __future__ import annotations

from cnnlab import exercises
from cnnlab.widgets.activation_explorer import ActivationExplorer
from cnnlab.widgets.bend_fitter import BendFitter
from cnnlab.widgets.convolution_stepper import ConvolutionStepper
from cnnlab.widgets.filter_bank import FilterBank
from cnnlab.widgets.filter_lab import FilterLab
from cnnlab.widgets.filter_merge import FilterMerge
from cnnlab.widgets.filter_trainer import FilterTrainer
from cnnlab.widgets.image_recorder import ImageRecorder
from cnnlab.widgets.network_builder import NetworkBuilder
from cnnlab.widgets.network_explorer import NetworkExplorer
from cnnlab.widgets.pooling_stepper import PoolingStepper
from cnnlab.widgets.predict import Predict
from cnnlab.widgets.quiz import Quiz
from cnnlab.widgets.shape_calculator import ShapeCalculator
from cnnlab.widgets.shared_weights import SharedWeights
from cnnlab.widgets.shift_test import ShiftTest
from cnnlab.widgets.training_board import TrainingBoard
from cnnlab.widgets.verdict import VerdictSteps

__all__ = [
    "ActivationExplorer",
    "BendFitter",
    "ConvolutionStepper",
    "FilterBank",
    "FilterLab",
    "FilterMerge",
    "FilterTrainer",
    "ImageRecorder",
    "NetworkBuilder",
    "NetworkExplorer",
    "PoolingStepper",
    "Predict",
    "Quiz",
    "ShapeCalculator",
    "SharedWeights",
    "ShiftTest",
    "TrainingBoard",
]

exercises.show_steps_with(VerdictSteps.bundle)
