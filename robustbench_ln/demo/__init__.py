"""What `ln-bench demo` shows: shipped digits and checkpoints, evaluated as any others are."""

from robustbench_ln.demo.digits import find_held_out
from robustbench_ln.demo.run import run_demo
from robustbench_ln.demo.sentence import describe_outcome

__all__ = ["describe_outcome", "find_held_out", "run_demo"]
