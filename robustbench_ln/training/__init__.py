"""Training networks that differ in their norm layers alone."""

from robustbench_ln.training.loop import Trained, train
from robustbench_ln.training.recipes import RECIPES, Recipe
from robustbench_ln.training.spec import TrainingSpec
from robustbench_ln.training.start import StartNetwork, StartSource, start_network

__all__ = [
    "RECIPES",
    "Recipe",
    "StartNetwork",
    "StartSource",
    "Trained",
    "TrainingSpec",
    "start_network",
    "train",
]
