"""A training on disk: what was asked, the weights, and the state to go on from."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import torch

from robustbench_ln.errors import RecordError, setting
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.files.resumable_folders import (
    FolderKind,
    ResumableFolder,
    add_new,
    find_changes,
)
from robustbench_ln.files.schema import parse_json
from robustbench_ln.files.whole_files import write_whole
from robustbench_ln.models.formats import read_contents
from robustbench_ln.training.log import EpochRow, NormRow, append_rows, drop_rows_after

__all__ = ["TrainingDirectory"]

_DESCRIPTION, _LOGS = "train.json", ("log.csv", "norms.csv")


class TrainingDirectory(ResumableFolder[dict[str, Any]]):
    """An open training directory, held by this process alone until it is closed.

    After an epoch best.pt (where it is the best so far), last.pt and the rows of the logs are
    written, and state.pt at the end: a kill at any moment loses the epoch that was running.
    Killed between those files, best.pt and last.pt may be of the epoch after state.pt's; going on
    trains that epoch again to the same weights, and writes them again.

    Args:
        path: Made if it does not exist.
        description: What train.json says; "settings" may not change when a training goes on.

    Raises:
        RecordError: The folder holds something else or another training, another process holds
            it, or it cannot be written.
    """

    def __init__(self, path: Path, description: dict[str, Any]) -> None:
        super().__init__(path, _KIND)
        with self.opening():
            self.begin(description)

    def read_state(self) -> dict[str, Any] | None:
        """Return what `write_epoch` saved last, and forget rows that were written after it.

        Raises:
            RecordError: state.pt is damaged, or a checkpoint was taken away.
        """
        file = self.path / "state.pt"
        state = _read_state(file) if file.is_file() else None
        for name in _LOGS:
            drop_rows_after(self.path / name, state["epochs"] if state else 0)
        missing = [name for name in ("best.pt", "last.pt") if not (self.path / name).is_file()]
        if state is not None and missing:
            raise RecordError(
                f"{self.path / missing[0]} is missing, which later epochs may not write again; "
                f"put it back, or give {setting('out')} a new folder"
            )
        return state

    def write_epoch(
        self,
        row: EpochRow,
        norms: list[NormRow],
        *,
        checkpoint: dict[str, Any],
        state: dict[str, Any],
        is_best: bool,
    ) -> None:
        """Write all of an epoch.

        Raises:
            RecordError: Something cannot be written; the epoch before is still there.
        """
        weights = _encode(checkpoint)
        if is_best:
            write_whole(self.path / "best.pt", weights)
        write_whole(self.path / "last.pt", weights)
        append_rows(self.path / "log.csv", [row])
        append_rows(self.path / "norms.csv", norms)
        write_whole(self.path / "state.pt", _encode(state))


def _resume(folder: Path, earlier: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """Return what train.json says of a training that goes on: its earlier runs come first."""
    for change in find_changes(_settings_of(earlier), asked["settings"])[:1]:
        is_code = change.name == "model_code"
        what = f"the code of {setting('model')}" if is_code else setting(change.name)
        raise RecordError(
            f"{folder} was started with {what} {change}; give the same options to go on, or "
            f"{setting('out')} a new folder"
        )
    if earlier.get("recipe") != asked["recipe"]:
        raise RecordError(
            f"{folder} was trained by another version of the recipe "
            f"{asked['settings']['recipe']}; give {setting('out')} a new folder"
        )
    return asked | {"runs": add_new(earlier.get("runs", []), asked["runs"])}


_RENAMED = {
    "groups": "num_groups", "data": "images", "augment_noise": "noise", "share": "noise_share",
    "checkpoint_key": "key", "new_head": "has_new_head", "the_code_of_model": "model_code",
}  # fmt: skip
"""Options that earlier versions wrote -> settings, where the names differ."""


def _settings_of(description: dict[str, Any]) -> Any:
    """Return the settings that train.json holds; earlier versions named them by their options."""
    options = description.get("options")
    if not isinstance(options, dict):
        return description.get("settings")
    names = {option: re.sub("[ -]+", "_", option).strip("_") for option in options}
    return {_RENAMED.get(name, name): options[option] for option, name in names.items()}


def _read_description(folder: Path) -> dict[str, Any]:
    file = folder / _DESCRIPTION
    try:
        content = parse_json(read_regular(file), str(file))
    except (OSError, RecordError) as error:
        raise RecordError(f"{file} is not JSON; give {setting('out')} a new folder") from error
    if not (
        isinstance(content, dict)
        and isinstance(_settings_of(content), dict)
        and isinstance(content.get("runs", []), list)
    ):
        raise RecordError(
            f"{file} is not of a training of ln-bench; give {setting('out')} a new folder"
        )
    return content


def _read_state(file: Path) -> dict[str, Any]:
    damaged = RecordError(
        f"{file} is damaged; give {setting('out')} a new folder (best.pt and last.pt may serve "
        f"as {setting('init')})"
    )
    try:
        state = read_contents(file, trust=False).saved
    except Exception as error:  # a damaged pickle may raise anything
        raise damaged from error
    if not isinstance(state, dict) or not {"epochs", "model", "optimizer"} <= state.keys():
        raise damaged
    return state


def _encode(content: dict[str, Any]) -> bytes:
    """Return a file of torch.save; in memory, since torch hides what the disk says."""
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def _encode_description(description: dict[str, Any]) -> bytes:
    return (json.dumps(description, indent=2) + "\n").encode()


_KIND = FolderKind(
    of="training",
    file=_DESCRIPTION,
    names=frozenset({_DESCRIPTION, "state.pt", "last.pt", "best.pt", *_LOGS, "lock"}),
    logs=_LOGS,
    read=_read_description,
    encode=_encode_description,
    resume=_resume,
)
