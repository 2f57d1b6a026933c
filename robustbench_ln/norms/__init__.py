"""Norm layers, and who shares their statistics."""

from robustbench_ln.norms.choices import NORMS, Norm, convert_batchnorm, replace_norms
from robustbench_ln.norms.deviation import L1Norm2d, LInfNorm2d
from robustbench_ln.norms.ghost import GhostBatchNorm2d
from robustbench_ln.norms.group_spread import GroupSpread, group_spread
from robustbench_ln.norms.layers import (
    NormClasses,
    NormLayer,
    count_classes,
    find_norm_layers,
    treat_layer,
)
from robustbench_ln.norms.layout import StatisticsLayout
from robustbench_ln.norms.local import LocalNorm2d
from robustbench_ln.norms.logits import describe_output, take_logits
from robustbench_ln.norms.moments import Moments, set_moments
from robustbench_ln.norms.noisy import NoisyBatchNorm2d
from robustbench_ln.norms.parameter_counts import ParameterCounts, count_parameters
from robustbench_ln.norms.renorm import BatchRenorm2d, RenormSchedule
from robustbench_ln.norms.replace import Converted
from robustbench_ln.norms.sliding import check_sliding
from robustbench_ln.norms.statistics import StatisticsModel, count_groups, with_statistics
from robustbench_ln.norms.switch import SwitchNorm2d

__all__ = [
    "NORMS",
    "BatchRenorm2d",
    "Converted",
    "GhostBatchNorm2d",
    "GroupSpread",
    "L1Norm2d",
    "LInfNorm2d",
    "LocalNorm2d",
    "Moments",
    "NoisyBatchNorm2d",
    "Norm",
    "NormClasses",
    "NormLayer",
    "ParameterCounts",
    "RenormSchedule",
    "StatisticsLayout",
    "StatisticsModel",
    "SwitchNorm2d",
    "check_sliding",
    "convert_batchnorm",
    "count_classes",
    "count_groups",
    "count_parameters",
    "describe_output",
    "find_norm_layers",
    "group_spread",
    "replace_norms",
    "set_moments",
    "take_logits",
    "treat_layer",
    "with_statistics",
]
