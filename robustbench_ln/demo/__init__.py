"""What `ln-bench demo` shows: shipped digits and checkpoints, evaluated as any others are."""

from robustbench_ln.demo.digits import DIGITS, NETWORKS, DemoNetwork, find_held_out
from robustbench_ln.demo.run import run_demo
from robustbench_ln.demo.sentence import describe_outcome

__all__ = [
    "DIGITS",
    "NETWORKS",
    "DemoNetwork",
    "describe_outcome",
    "find_held_out",
    "run_demo",
]
