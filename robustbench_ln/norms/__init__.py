"""Norm layers, and who shares their statistics."""

from robustbench_ln.norms.layers import (
    NormClasses,
    NormLayer,
    count_classes,
    find_norm_layers,
    treat_layer,
)
from robustbench_ln.norms.layout import IMAGE, ROT90, RUNNING, StatisticsLayout, batch_layout
from robustbench_ln.norms.local import LocalNorm2d
from robustbench_ln.norms.moments import Moments, set_moments
from robustbench_ln.norms.replace import Converted, convert_batchnorm
from robustbench_ln.norms.statistics import StatisticsModel, with_statistics

__all__ = [
    "IMAGE",
    "ROT90",
    "RUNNING",
    "Converted",
    "LocalNorm2d",
    "Moments",
    "NormClasses",
    "NormLayer",
    "StatisticsLayout",
    "StatisticsModel",
    "batch_layout",
    "convert_batchnorm",
    "count_classes",
    "find_norm_layers",
    "set_moments",
    "treat_layer",
    "with_statistics",
]
