"""The network that a training starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from robustbench_ln.data.image_set import ImageSet
from robustbench_ln.errors import LayoutError, SpecError, setting
from robustbench_ln.models.fitting import LoadedModel
from robustbench_ln.models.matching_norms import match_norms
from robustbench_ln.models.model_code import model_code_sha256
from robustbench_ln.models.opened import choose_normalize, published_pipeline
from robustbench_ln.models.registry import find_architecture
from robustbench_ln.models.source import NetworkSource, check_one_network, load_network
from robustbench_ln.models.stored_input import check_stored_input
from robustbench_ln.models.user_model import build_user_model
from robustbench_ln.norms import (
    NORMS,
    LocalNorm2d,
    replace_norms,
)
from robustbench_ln.training.fit import check_trainable, count_image_classes
from robustbench_ln.training.spec import TrainingSpec
from robustbench_ln.training.torch_seed import torch_seeded

__all__ = ["StartNetwork", "StartSource", "start_network"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSource:
    """What a training starts from.

    Attributes:
        arch: A network by name; or
        model: "FILE.py:FUNCTION". Neither where the checkpoint says its network by name.
        init: A checkpoint with its weights, as `NetworkSource` takes it; None for fresh ones.
        key: The entry of the checkpoint that holds the weights; None where there is one.
        trust: Whether code in the checkpoint may run.
        has_new_head: Whether the head is built anew, for the classes of the images.
        normalize: Input normalisation; None is the checkpoint's own, or the recipe's.
        command: Command line, for train.json.

    Raises:
        SpecError: Both of arch and model, neither without a checkpoint, or an option that would be
            ignored.
    """

    arch: str | None = None
    model: str | None = None
    init: str | Path | None = None
    key: str | None = None
    trust: bool = False
    has_new_head: bool = False
    normalize: str | None = None
    command: str = ""

    def __post_init__(self) -> None:
        """Demand one network, of which a checkpoint may say the name."""
        check_one_network(self.arch, self.model, is_stated=self.init is not None)
        options = {
            setting("key"): self.key is not None,
            setting("trust"): self.trust,
            setting("has_new_head"): self.has_new_head,
        }
        ignored = [option for option, is_on in options.items() if is_on]
        if ignored and self.init is None:
            raise SpecError(
                f"{ignored[0]} is for the checkpoint of {setting('init')}; give it, or leave it out"
            )
        if self.has_new_head and self.model is not None:
            raise SpecError(
                f"{setting('has_new_head')} is for {setting('arch')}; a function of "
                f"{setting('model')} decides its own head"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class StartNetwork:
    """A network about to be trained.

    Attributes:
        model: Network with the norm layers of the training.
        name: "resnet20", "FILE.py:FUNCTION".
        normalize: Name of its input normalisation.
        parent_sha256: Of the checkpoint that its weights came from; "" for fresh ones.
        choices: Option -> what else was chosen of its source, for train.json.
        command: Command line, for train.json.
    """

    model: nn.Module
    name: str
    normalize: str
    parent_sha256: str = ""
    choices: Mapping[str, object] = field(default_factory=dict)
    command: str = ""


def start_network(source: StartSource, images: ImageSet, spec: TrainingSpec) -> StartNetwork:
    """Build a network with seeded fresh weights, or with those of a checkpoint.

    Every LocalNorm group starts from the BatchNorm layer that it replaces: networks of one seed,
    or of one checkpoint, start alike whatever their norm.

    Args:
        source: Network and weights.
        images: To train on; their classes and channels size the network.
        spec: Norm, groups, seed.

    Raises:
        SpecError: No such network, or a checkpoint that does not say its input normalisation.
        CheckpointError: The weights do not fit.
        LayoutError: The norm layers cannot be replaced, or the network cannot take the images.
        DataError: Labels that the network has no class for.
    """
    num_classes = count_image_classes(images)
    if source.init is None:
        model = _fresh(source, num_classes, images.shape.channels, spec.seed)
        name = source.arch or source.model or ""
        normalize, parent, own_norm = source.normalize or spec.recipe.normalize, "", None
    else:
        network = NetworkSource(
            path=source.init,
            arch=source.arch,
            model=source.model,
            key=source.key,
            trust=source.trust,
        )
        loaded = load_network(network)
        model = loaded.model
        if source.has_new_head:
            model = _with_head(loaded, num_classes, spec.seed)
        name, parent = loaded.network, loaded.checkpoint.sha256
        own_norm = str(loaded.checkpoint.metadata.get("norm", "")) or _norm_of(model)
        pipeline = published_pipeline(loaded)
        stated = None if pipeline is None else pipeline.normalization.name
        check_stored_input(loaded.checkpoint, source.normalize or stated)
        normalize = choose_normalize(source.normalize, pipeline)
    model = _with_norm(model, spec, own_norm)
    check_trainable(model, images, spec)
    return StartNetwork(
        model=model,
        name=name,
        normalize=normalize,
        parent_sha256=parent,
        choices=_choices_of(source),
        command=source.command,
    )


def _choices_of(source: StartSource) -> dict[str, object]:
    """Return what the start depends on beside the network's name and the checkpoint's bytes."""
    choices: dict[str, object] = {
        "key": source.key,
        "has_new_head": source.has_new_head,
    }
    if source.model is not None:
        choices["model_code"] = model_code_sha256(source.model)
    return choices


def _fresh(source: StartSource, num_classes: int, channels: int, seed: int) -> nn.Module:
    """Return a network with fresh weights; a user's function decides its own sizes."""
    with torch_seeded(seed, "weights"):
        if source.arch is None:
            return build_user_model(source.model or "").cpu().float()
        return find_architecture(source.arch).build(num_classes, channels)


def _with_head(loaded: LoadedModel, num_classes: int, seed: int) -> nn.Module:
    """Return the loaded network with a fresh head: what has another shape for one class more."""
    channels = next(p.shape[1] for p in loaded.model.parameters() if p.ndim == 4)
    assert loaded.architecture is not None  # has_new_head is for arch
    with torch_seeded(seed, "weights"):
        model = loaded.architecture.build(num_classes, channels)
        other = loaded.architecture.build(num_classes + 1, channels)
    shapes, others = ({n: t.shape for n, t in m.state_dict().items()} for m in (model, other))
    model = match_norms(model, loaded.checkpoint)
    state = loaded.model.state_dict()
    kept = {name: value for name, value in state.items() if shapes.get(name) == others.get(name)}
    model.load_state_dict(model.state_dict() | kept)
    return model


def _norm_of(model: nn.Module) -> str | None:
    """Return the norm of a network whose checkpoint does not say it, where its layers do."""
    kinds = {type(module) for module in model.modules()}
    # A layer of torch says nothing: any network may have GroupNorm.
    own = [norm for norm in NORMS.values() if not norm.layer.__module__.startswith("torch.")]
    return next((norm.id for norm in own if norm.layer in kinds), None)


def _with_norm(model: nn.Module, spec: TrainingSpec, stated: str | None) -> nn.Module:
    """Return the network with the norm of the training; `stated` is that of its checkpoint."""
    groups = {m.num_groups for m in model.modules() if isinstance(m, LocalNorm2d)}
    stated = "local" if groups else stated
    if stated in (None, "batch"):
        return replace_norms(model, spec.norm, num_groups=spec.num_groups).model
    if stated != spec.norm or groups - {spec.num_groups}:
        found = f"{setting('norm', stated)}" + "".join(
            f" {setting('num_groups', number)}" for number in groups
        )
        raise LayoutError(
            f"{setting('init')} was trained with {found}; train it so, or start from a BatchNorm "
            "checkpoint"
        )
    return model
