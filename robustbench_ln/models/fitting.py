"""Putting a checkpoint's weights into a network: all of them, or none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models.architecture import PAPERS_BATCH, Architecture
from robustbench_ln.models.checkpoint import Checkpoint
from robustbench_ln.models.heads import TRAINING_HEADS, adapt_head, without_training_heads
from robustbench_ln.models.matching_norms import match_norms
from robustbench_ln.models.mismatch import compare_states
from robustbench_ln.models.nearest import describe_nearest
from robustbench_ln.models.prefixes import without_prefix
from robustbench_ln.models.sizes import find_shapes
from robustbench_ln.norms import LocalNorm2d

__all__ = ["LoadedModel", "load_model", "load_weights"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A network with a checkpoint's weights.

    Attributes:
        model: Network on the CPU, float32, in eval mode.
        checkpoint: Where the weights came from.
        network: What the user called it: "resnet20", "FILE.py:FUNCTION".
        num_classes: K, read from the head's shape; None where the user's own function decides.
        num_groups: G, read from the shapes of the LocalNorm layers; 1 without any.
        architecture: The network by name; None where the user's own function makes it.
        code_sha256: Digest of the code of that function (`model_code_sha256`), or of the
            config.json that says the network of hf:DIR.
    """

    model: nn.Module
    checkpoint: Checkpoint
    network: str
    num_classes: int | None
    num_groups: int
    architecture: Architecture | None = None
    code_sha256: str | None = None

    @property
    def training_batch(self) -> int:
        """Images in a batch of the papers' training of such a network."""
        return PAPERS_BATCH if self.architecture is None else self.architecture.training_batch


def load_model(
    checkpoint: Checkpoint, architecture: Architecture, *, num_classes: int | None = None
) -> LoadedModel:
    """Build a network in the sizes of a checkpoint and load it, strictly.

    Args:
        checkpoint: The weights.
        architecture: The network.
        num_classes: What the head must have; None to take what it has.

    Raises:
        CheckpointError: The weights do not fit; the message names tensors and a network that fits.
        LayoutError: Weights of another norm for a network whose norm layers cannot be replaced.
    """
    saved = checkpoint
    state = {architecture.rename(name): tensor for name, tensor in checkpoint.state.items()}
    shapes = find_shapes(architecture)
    checkpoint = without_prefix(
        replace(checkpoint, state=state),
        shapes.plain,
        optional={*shapes.head, *(n for n in shapes.plain if n.startswith(TRAINING_HEADS))},
    )
    checkpoint = adapt_head(checkpoint, shapes, architecture.id)
    sizes = shapes.read_sizes(checkpoint.state)
    if num_classes is not None and sizes.num_classes != num_classes:
        raise CheckpointError(
            f"{checkpoint.path}: its head has {sizes.num_classes} classes; expected {num_classes}"
        )
    network = architecture.build(*sizes)
    if absent := without_training_heads(network, checkpoint.state):
        note = f"built {architecture.id} without {' and '.join(absent)}, which only training uses"
        checkpoint = replace(checkpoint, notes=(*checkpoint.notes, note))
    loaded = load_weights(
        checkpoint, network, name=architecture.id, num_classes=sizes.num_classes, saved=saved
    )
    return replace(loaded, architecture=architecture)


def load_weights(
    checkpoint: Checkpoint,
    network: nn.Module,
    *,
    name: str,
    num_classes: int | None = None,
    saved: Checkpoint | None = None,
) -> LoadedModel:
    """Load a checkpoint into a network, strictly.

    Args:
        checkpoint: The weights.
        network: A network of the caller's, who gives it away.
        name: What to call it.
        num_classes: K, if known.
        saved: The weights under the names in the file, where `checkpoint` has others.

    Raises:
        CheckpointError: The weights do not fit; the message names tensors and a network that fits.
        LayoutError: Weights of another norm for a network whose norm layers cannot be replaced.
    """
    network = network.cpu().float()
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    checkpoint = without_prefix(checkpoint, shapes)
    state = checkpoint.state
    network = match_norms(network, checkpoint)
    own = network.state_dict()
    mismatch = compare_states(own, state)
    if not mismatch.is_empty:
        hint = describe_nearest(saved or checkpoint) or "give the architecture it was trained with"
        raise CheckpointError(
            f"{checkpoint.path}: does not fit {name}: {mismatch.describe()}; {hint}"
        )
    network.load_state_dict(own | state)
    local = [m.num_groups for m in network.modules() if isinstance(m, LocalNorm2d)]
    return LoadedModel(
        model=network.eval(),
        checkpoint=checkpoint,
        network=name,
        num_classes=num_classes,
        num_groups=max(local, default=1),
    )
