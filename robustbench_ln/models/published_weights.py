"""Fetching published weights of torchvision and timm to the checkpoint's path (--download)."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

import torch

from robustbench_ln.errors import CheckpointError, SpecError, by_skin, setting
from robustbench_ln.files.digests import file_sha256
from robustbench_ln.models.networks.timm_models import import_timm
from robustbench_ln.models.networks.torchvision_models import import_torchvision_models

__all__ = ["fetch_weights", "has_published_weights", "published_files"]

_HUB = "hub:"
_HUB_FILE = "model.safetensors"
"""What timm calls the weights in each of its hub's repositories."""

_DIGITS = re.compile(r"[-_]([0-9a-f]{8,64})\.[a-z.]+$")
"""The first digits of a file's SHA-256, at the end of its address."""
_SHA256 = re.compile("[0-9a-f]{64}")


def has_published_weights(arch: str | None) -> bool:
    """Whether `--arch` names a network of a library that publishes weights.

    >>> has_published_weights("torchvision:resnet18"), has_published_weights("resnet20")
    (True, False)
    """
    return (arch or "").startswith(("torchvision:", "timm:"))


def published_files(arch: str) -> dict[str, str]:
    """Return file name -> address of a network's published weights, the default first.

    Args:
        arch: "torchvision:NAME", or "timm:NAME.TAG": without a tag timm has none. A file from
            timm's hub is named after its tag, "resnet50.a1_in1k.safetensors".
    """
    library, _, name = arch.partition(":")
    if library == "torchvision":
        weights = import_torchvision_models().get_model_weights(name)
        default = [weights.DEFAULT] if len(weights) else []
        return {entry.url.rpartition("/")[2]: entry.url for entry in (*default, *weights)}
    cfg = import_timm().get_pretrained_cfg(name) if "." in name else None
    if cfg is None:
        return {}
    if cfg.hf_hub_id:
        return {f"{name}.safetensors": f"{_HUB}{cfg.hf_hub_id}"}
    return {cfg.url.rpartition("/")[2]: cfg.url} if cfg.url else {}


def fetch_weights(path: Path, arch: str) -> None:
    """Fetch published weights to `path`: whole and with the published digest, or not at all.

    Args:
        path: Where to; its name says which of the network's weights.
        arch: "torchvision:NAME" or "timm:NAME.TAG".

    Raises:
        SpecError: The name is none of the network's published files.
        CheckpointError: The file could not be fetched, or not be written.
    """
    address = _address(path, arch)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if address.startswith(_HUB):
            _fetch_from_hub(address.removeprefix(_HUB), path)
        else:
            _fetch_file(address, path)
    except (OSError, RuntimeError, HTTPException) as error:
        cause = error.__cause__ or error  # the hub's client wraps what happened in advice
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise CheckpointError(
            f"{setting('download')}: {address.removeprefix(_HUB)} could not be fetched to {path} "
            f"({reason}); fetch it by hand and leave {setting('download')} out"
        ) from error


def _fetch_file(address: str, path: Path) -> None:
    digits = _DIGITS.search(address)
    if digits is None or not address.startswith("https://"):
        raise OSError("its publisher states no digest to check it with, or no https address")
    torch.hub.download_url_to_file(address, str(path), hash_prefix=digits[1])


def _address(path: Path, arch: str) -> str:
    files: Mapping[str, str] = published_files(arch)
    if path.name in files:
        return files[path.name]
    if files:
        raise SpecError(
            f"{setting('download')}: {path.name} is not one of the published weights of {arch}; "
            f"call {by_skin(command_line='CKPT', python='the file')} {' or '.join(files)}"
        )
    name = arch.partition(":")[2]
    tags = [] if "." in name or arch.startswith("torchvision:") else _timm_tags(name)
    if tags:
        raise SpecError(
            f"{setting('download')}: {arch} has several published weights; add a tag, as in "
            f"{setting('arch', 'timm:' + tags[0])} (available: {', '.join(tags)})"
        )
    raise SpecError(
        f"{setting('download')}: {arch} has no published weights; use a file of your own"
    )


def _timm_tags(name: str) -> list[str]:
    """Return NAME.TAG of all published weights of a network of timm's, the default first."""
    timm = import_timm()
    tags: list[str] = timm.list_pretrained(f"{name}.*")
    default = f"{name}.{timm.get_pretrained_cfg(name).tag}"
    return sorted(tags, key=lambda tag: tag != default)


def _fetch_from_hub(repository: str, path: Path) -> None:
    """Fetch the revision that the hub names first, and demand the digest that it states for it."""
    from huggingface_hub import (  # comes with timm
        get_hf_file_metadata,
        hf_hub_download,
        hf_hub_url,
    )

    stated = get_hf_file_metadata(hf_hub_url(repository, _HUB_FILE))
    if not stated.commit_hash or not _SHA256.fullmatch(stated.etag or ""):
        raise OSError("the hub states no revision and digest")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f"{path.name}.") as folder:
        file = Path(
            hf_hub_download(repository, _HUB_FILE, revision=stated.commit_hash, local_dir=folder)
        )
        if (found := file_sha256(file)) != stated.etag:
            raise OSError(f"its SHA-256 is {found}, the hub states {stated.etag}")
        file.replace(path)
