"""Generated sets of corrupted images, in the published layouts."""

from robustbench_ln.generation.generate import GenerationOptions, generate, verify
from robustbench_ln.generation.spec import GenerationSpec

__all__ = ["GenerationOptions", "GenerationSpec", "generate", "verify"]
