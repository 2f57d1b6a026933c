"""Generated sets of corrupted images, in the published formats."""

from robustbench_ln.corrupted_sets.spec import GenerationSpec
from robustbench_ln.corrupted_sets.writer import GenerationOptions, generate, verify

__all__ = ["GenerationOptions", "GenerationSpec", "generate", "verify"]
