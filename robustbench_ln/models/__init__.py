"""Networks, and the checkpoints that fill them."""

from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint, read_checkpoint
from robustbench_ln.models.fitting import LoadedModel, load_model, load_weights
from robustbench_ln.models.registry import ARCHITECTURES, build_model, find_architecture
from robustbench_ln.models.user_model import build_user_model
from robustbench_ln.models.weights_metadata import InputPipeline, weights_metadata

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Checkpoint",
    "InputPipeline",
    "LoadedModel",
    "build_model",
    "build_user_model",
    "find_architecture",
    "load_model",
    "load_weights",
    "read_checkpoint",
    "weights_metadata",
]
