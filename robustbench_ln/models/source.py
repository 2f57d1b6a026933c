"""From a checkpoint's file and the name of its network to a network with its weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from pathlib import Path

from robustbench_ln.errors import CheckpointError, SpecError, by_skin, setting
from robustbench_ln.files.shipped import ShippedFile, find_shipped_checkpoint, is_shipped_name
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.checkpoint import Checkpoint, read_checkpoint
from robustbench_ln.models.fitting import LoadedModel, load_model, load_weights
from robustbench_ln.models.hf_folder import HF, config_sha256, hf_folder, hf_weights, is_hf_name
from robustbench_ln.models.model_code import model_code_sha256
from robustbench_ln.models.nearest import describe_nearest
from robustbench_ln.models.published_weights import (
    fetch_weights,
    has_published_weights,
    published_files,
)
from robustbench_ln.models.registry import find_architecture
from robustbench_ln.models.user_model import build_user_model

__all__ = ["NetworkSource", "check_one_network", "load_network"]

_GIVE_NETWORK = by_skin(
    command_line=f"give the network as {setting('arch', 'NAME')} (ln-bench list archs) or as "
    f"{setting('model', 'FILE.py:FUNCTION')}",
    python=f"give the network's name, as in {setting('arch', 'resnet20')}, or the network itself",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSource:
    """Where a network comes from.

    Attributes:
        path: The checkpoint's file; or, as text, "demo:NAME" of one that comes with the package, or
            "hf:DIR", a folder with weights and the config.json that says their network.
        arch: Its network by name; or
        model: "FILE.py:FUNCTION". Neither where the file says its network by name, as those of
            `ln-bench train` and `convert` do.
        key: The entry of the file that holds the weights; None where there is one.
        trust: Whether code in the file may run.
        download: Fetch published weights to `path` where no file is there.

    Raises:
        SpecError: Both of arch and model, a download of what nobody publishes, no such
            "demo:NAME", or "hf:DIR" with a network.
    """

    path: str | Path
    arch: str | None = None
    model: str | None = None
    key: str | None = None
    trust: bool = False
    download: bool = False

    def __post_init__(self) -> None:
        """Demand one network at most, and a name that exists."""
        check_one_network(self.arch, self.model, is_stated=True)
        if self.download and not has_published_weights(self.arch):
            no_arch = f"no {setting('arch')}"
            raise SpecError(
                f"{setting('download')} fetches the published weights of "
                f"{setting('arch', 'torchvision:NAME')} and timm:NAME.TAG; "
                f"{self.arch or self.model or no_arch} is neither, so leave it out"
            )
        _ = self.shipped
        for name, value in (("arch", self.arch), ("model", self.model)):
            if value is not None and is_hf_name(self.path):
                raise SpecError(
                    f"{self.path} says its network itself; leave out {setting(name, value)}"
                )

    @property
    def shipped(self) -> ShippedFile | None:
        """What "demo:NAME" names; None where `path` is a file of the user's."""
        if isinstance(self.path, str) and is_shipped_name(self.path):
            return find_shipped_checkpoint(self.path)
        return None

    @property
    def label(self) -> str:
        """What tables call the network by default: the file's name without its ending."""
        if is_hf_name(self.path):
            return Path(str(self.path).removeprefix(HF)).resolve().name
        return Path(self.path).stem if self.shipped is None else self.shipped.label


def check_one_network(arch: str | None, model: str | None, *, is_stated: bool) -> None:
    """Demand a network by name or from the user's file, not both.

    Args:
        arch: Network by its name.
        model: Network from the user's file.
        is_stated: Whether a checkpoint may say it, so that it may be neither.
    """
    num_given = (arch is not None) + (model is not None)
    if num_given == 2 or (num_given == 0 and not is_stated):
        raise SpecError(f"{_GIVE_NETWORK}, one of the two")


def load_network(source: NetworkSource) -> LoadedModel:
    """Build the network and load its weights, strictly.

    Raises:
        SpecError: No such network, or neither the source nor the file says one.
        CheckpointError: The file cannot be read, or its weights do not fit.
        LayoutError: See `load_weights`.
    """
    name = str(source.path) if is_hf_name(source.path) else source.arch
    architecture = find_architecture(name) if name else None
    if source.model is not None:
        return _load_user_model(source, source.model)
    checkpoint = _read(source)
    loaded = load_model(checkpoint, architecture or _stated_architecture(checkpoint))
    return _with_config(loaded, str(name)) if is_hf_name(name) else loaded


def _with_config(loaded: LoadedModel, name: str) -> LoadedModel:
    """Return a network of hf:DIR under its class's name, with the digest of what describes it."""
    return replace(
        loaded,
        network=f"{HF}{type(loaded.model).__name__}",
        code_sha256=config_sha256(hf_folder(name)),
    )


def _load_user_model(source: NetworkSource, model: str) -> LoadedModel:
    network = build_user_model(model)
    code = model_code_sha256(model)
    return replace(load_weights(_read(source), network, name=model), code_sha256=code)


def _read(source: NetworkSource) -> Checkpoint:
    """Read the user's file, fetched if need be, or the shipped one, which keeps its short name."""
    path, shipped = Path(source.path), source.shipped
    if shipped is not None:
        if path.exists():
            warnings.warn(
                f"{path} is the checkpoint that comes with the package, not the file of that name "
                f"here; write ./{path} for the file",
                stacklevel=2,
            )
        return replace(read_checkpoint(shipped.path, key=source.key), path=path)
    if is_hf_name(source.path):
        path = hf_weights(hf_folder(str(source.path)))
    if not path.exists():
        _fetch_or_tell(path, source)
    return read_checkpoint(path, trust=source.trust, key=source.key)


def _stated_architecture(checkpoint: Checkpoint) -> Architecture:
    """Return the network that a file says it is of, by name: code that it names is not run."""
    stated = str(checkpoint.metadata.get("arch", ""))
    try:
        return find_architecture(stated)
    except SpecError as error:
        parts = [_GIVE_NETWORK]
        if stated:
            way = f": give {setting('arch', 'hf:DIR')}, its folder" if is_hf_name(stated) else ""
            parts.append(f"{checkpoint.path} says {stated[:60]!r}{way}")
        nearest = describe_nearest(checkpoint)
        raise SpecError("; ".join([*parts, nearest] if nearest else parts)) from error


def _fetch_or_tell(path: Path, source: NetworkSource) -> None:
    """Fetch a missing checkpoint that is published, or say that --download does."""
    if source.arch is None or not has_published_weights(source.arch):
        return
    if source.download:
        fetch_weights(path, source.arch)
    elif path.name in published_files(source.arch):
        raise CheckpointError(
            f"{path}: no such file; it is published: add {setting('download', True)} to fetch it"
        )
