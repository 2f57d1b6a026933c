"""The cases of `silent_errors.py`: inputs, commands, and what to look at."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

__all__ = ["CASES", "Case", "make_inputs"]

Step = str | Callable[[Path], None]
"""Words of a command, or a change of the inputs between two."""

NUM_IMAGES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of input.

    Attributes:
        part: Of issue 15.
        name: What is wrong.
        steps: Commands and changes, in their order; the outcome is the last command's.
        line: Pattern that the line of stdout with the number begins with; "" takes the run's
            accuracies.
        word: In the line of stderr that the case is about.
    """

    part: str
    name: str
    steps: tuple[Step, ...]
    line: str = ""
    word: str = ""


def make_inputs(folder: Path, data: Path) -> None:
    """Write checkpoints, images and networks that the commands name."""
    folder.mkdir()
    file = data / "checkpoints/resnet20-12fca82f.th"
    saved = torch.load(file, map_location="cpu", weights_only=True)["state_dict"]
    weights = {name.removeprefix("module."): value for name, value in saved.items()}
    fresh = {n: _fresh(n, v) for n, v in weights.items()}
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    checkpoints = {
        "net.pt": weights,
        "fresh.pt": fresh,
        "own.pt": weights | {"mean": mean, "std": std},
        "stated.pt": {"state_dict": weights, "best_prec1": 91.7},
    }
    for name, content in checkpoints.items():
        torch.save(content, folder / name)
    shutil.copy(data / "checkpoints/resnet20_localnorm_g8.pt", folder / "local.pt")
    shutil.copy(Path(__file__).with_name("silent_error_networks.py"), folder / "networks.py")
    with np.load(data / "cifar10_test_1017.npz") as arrays:
        _write_images(folder, arrays["images"][:NUM_IMAGES], arrays["labels"][:NUM_IMAGES])
    _write_tables(folder)


def _fresh(name: str, value: torch.Tensor) -> torch.Tensor:
    if name.endswith("running_mean"):
        return torch.zeros_like(value)
    return torch.ones_like(value) if name.endswith("running_var") else value


def _write_images(folder: Path, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    some = np.array([0, 1, 5, 3, 2, 4, 7, 8, 6, 9])
    every = np.array([3, 0, 1, 7, 2, 9, 8, 4, 6, 5])
    sets = {
        "images.npz": (images, labels),
        "zero_one.npz": ((images > 127).astype(np.uint8), labels),
        "large.npz": (images.repeat(2, axis=1).repeat(2, axis=2), labels),
        "off_by_one.npz": (images, (labels + 1) % 10),
        "permuted.npz": (images, every[labels]),
        "some_permuted.npz": (images, some[labels]),
    }
    for name, (pixels, marks) in sets.items():
        np.savez(folder / name, images=pixels, labels=marks)
    from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS

    for number, name in enumerate(BENCHMARK_CORRUPTIONS):
        place = folder / "c"
        place.mkdir(exist_ok=True)
        dark = [images[:40] * (1 - 0.01 * (number + 5) * s) for s in range(1, 6)]
        np.save(place / f"{name}.npy", np.concatenate(dark).astype(np.uint8))
        np.save(place / "labels.npy", np.tile(labels[:40], 5))
    np.savez(folder / "forty.npz", images=images[:40], labels=labels[:40])


def _write_tables(folder: Path) -> None:
    from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS

    cells = [("clean", 0, 0.05)] + [
        (name, s, 0.1 + 0.05 * s + 0.01 * number)
        for number, name in enumerate(BENCHMARK_CORRUPTIONS)
        for s in range(1, 6)
    ]
    tables = {"accuracies.csv": ",", "shares.csv": ",", "semicolons.csv": ";", "tabs.csv": "\t"}
    for name, separator in tables.items():
        rows = [("corruption", "severity", "error")]
        for corruption, s, error in cells:
            text = f"{1 - error if name == 'accuracies.csv' else error:.3f}"
            rows.append((corruption, str(s), text.replace(".", ",") if separator == ";" else text))
        (folder / name).write_text("".join(separator.join(row) + "\n" for row in rows))


def _evaluate(network: str, *words: str, out: str = "run") -> str:
    given = " ".join(words)
    data = "" if "--data" in given else " --data arrays:images.npz"
    normalize = "" if "--normalize" in given else " --normalize imagenet"
    modes = "" if "--modes" in given else " --modes bn"
    return f"evaluate {network}{normalize}{data}{modes} {given} --out {out}".replace("  ", " ")


def _model(name: str) -> str:
    return f"net.pt --model networks.py:{name}"


def _images(name: str) -> str:
    return f"--data arrays:{name}.npz"


def _change_code(folder: Path) -> None:
    file = folder / "networks.py"
    text = file.read_text().replace("net.plain(images) * SHARPNESS", "net.plain(images * 0.2)")
    file.write_text(text)


def _import_beside(folder: Path) -> None:
    (folder / "sharpness.py").write_text("SHARPNESS = 1.0\n")
    file = folder / "networks.py"
    file.write_text(file.read_text().replace("SHARPNESS = 1.0", "from sharpness import SHARPNESS"))


def _change_beside(folder: Path) -> None:
    (folder / "sharpness.py").write_text("SHARPNESS = -1.0\n")


def _predictions(folder: Path, change: Callable[[list[Path]], None]) -> None:
    files = sorted((folder / "run" / "predictions").glob("*.npz"))
    change([file for file in files if "set" in file.name])


def _cut(folder: Path) -> None:
    def change(files: list[Path]) -> None:
        for file in files:
            with np.load(file) as found:
                arrays = {name: array[..., :8] for name, array in found.items()}
            np.savez(file, **arrays)

    _predictions(folder, change)


def _swap(folder: Path) -> None:
    def change(files: list[Path]) -> None:
        one, other = files[0].read_bytes(), files[-1].read_bytes()
        files[0].write_bytes(other)
        files[-1].write_bytes(one)

    _predictions(folder, change)


def _overwrite_labels(folder: Path) -> None:
    def change(files: list[Path]) -> None:
        for file in files:
            with np.load(file) as found:
                arrays = dict(found)
            arrays["labels"] = arrays["class_index"][0].astype(np.int64)
            np.savez(file, **arrays)

    _predictions(folder, change)


def _double_row(folder: Path) -> None:
    file = folder / "run" / "cells.jsonl"
    rows = file.read_text().splitlines()
    row = json.loads(rows[0])
    row["correct"] -= 50
    file.write_text("\n".join([*rows, json.dumps(row)]) + "\n")


_VOTING = _evaluate("local.pt --arch resnet20", "--modes ln-voting", "--noise agn --sigmas 0,1")
_STORED = _evaluate(
    "net.pt --arch resnet20", "--data cifar10-c:c", "--clean arrays:forty.npz",
    "--modes bn,dbn-batch --stat-batch 10",
)  # fmt: skip


def _corruptions(names: str, out: str) -> str:
    return _evaluate(
        "net.pt --arch resnet20", "--data cifar10-c:c", "--clean arrays:forty.npz",
        f"--corruptions {names}", out=out,
    )  # fmt: skip


_EIGHT = (
    "gaussian_noise,shot_noise,impulse_noise,defocus_blur,glass_blur,motion_blur,zoom_blur,snow"
)
_SEVEN = "frost,fog,brightness,contrast,elastic_transform,pixelate,jpeg_compression"

CASES = (
    Case(part="A", name="nothing is wrong", steps=(_evaluate(_model("right")),)),
    Case(part="A", name="dropout in evaluation", steps=(_evaluate(_model("dropout_on")),)),
    Case(part="A", name="mean over the batch", steps=(_evaluate(_model("batch_mean")),)),
    Case(part="A", name="train() in forward", steps=(_evaluate(_model("trains_itself")),)),
    Case(part="A", name="softmax as logits", steps=(_evaluate(_model("softmax")),)),
    Case(part="A", name="F.batch_norm with a layer's buffers",
         steps=(_evaluate(_model("functional_norm"), "--modes bn,dbn-batch"),)),
    Case(part="A", name="running statistics of a new network",
         steps=(_evaluate("fresh.pt --arch resnet20"),)),
    Case(part="A", name="no normalisation",
         steps=(_evaluate("net.pt --arch resnet20", "--normalize none"),)),
    Case(part="A", name="another normalisation",
         steps=(_evaluate("net.pt --arch resnet20", "--normalize symmetric"),)),
    Case(part="A", name="normalised twice",
         steps=(_evaluate("own.pt --model networks.py:own_normalization"),)),
    Case(part="A", name="pixels times 255", steps=(_evaluate(_model("times_255")),)),
    Case(part="A", name="pixels of 0 and 1",
         steps=(_evaluate("net.pt --arch resnet20", _images("zero_one")),)),
    Case(part="A", name="images of twice the size", word="images are",
         steps=(_evaluate("net.pt --arch resnet20", _images("large")),)),
    Case(part="A", name="labels off by one",
         steps=(_evaluate("net.pt --arch resnet20", _images("off_by_one")),)),
    Case(part="A", name="all classes permuted",
         steps=(_evaluate("net.pt --arch resnet20", _images("permuted")),)),
    Case(part="A", name="some classes permuted",
         steps=(_evaluate("net.pt --arch resnet20", _images("some_permuted")),)),
    Case(part="A", name="far below the accuracy in the file", word="states",
         steps=(_evaluate("stated.pt --arch resnet20", "--normalize none"),)),
    Case(part="A", name="a warning as an error", word="Error",
         steps=(_evaluate(_model("dropout_on"), "--strict"),)),
    Case(part="C1", name="FILE.py changed before the run goes on",
         steps=(_evaluate(_model("right")), _change_code,
                _evaluate(_model("right"), "--noise agn --sigmas 0.5"))),
    Case(part="C1", name="what FILE.py imports changed",
         steps=(_import_beside, _evaluate(_model("right")), _change_beside,
                _evaluate(_model("right"), "--noise agn --sigmas 0.5"))),
    Case(part="C3", name="another benchmark's baseline", line=r"bn +\d",
         steps=(_STORED, "report run --baseline alexnet")),
    Case(part="C3", name="a baseline where the 15 are incomplete", line=r"bn +\d",
         steps=(_corruptions(_EIGHT, "run"), "report run --baseline wrn-40-2")),
    Case(part="C3", name="a mean over what is there", line="mean (?!over)",
         steps=(_corruptions("fog,snow,frost", "run"), _corruptions("fog,snow,frost", "other"),
                "compare run:bn other:bn")),
    Case(part="C4", name="accuracies for errors", line="mean of the 15",
         steps=("mce accuracies.csv --baseline wrn-40-2",)),
    Case(part="C4", name="shares with --percent", line="mean of the 15",
         steps=("mce shares.csv --percent",)),
    Case(part="C4", name="semicolons, decimal commas", line="mean of the 15",
         steps=("mce semicolons.csv",)),
    Case(part="C4", name="tabs", line="mean of the 15", steps=("mce tabs.csv",)),
    Case(part="C5", name="predictions cut to 8 images", line="clean",
         steps=(_VOTING, _cut, "score run")),
    Case(part="C5", name="predictions swapped between conditions", line="clean",
         steps=(_VOTING, _swap, "score run")),
    Case(part="C5", name="labels overwritten", line="clean",
         steps=(_VOTING, _overwrite_labels, "score run")),
    Case(part="C5", name="a row twice, with another count", line="clean",
         steps=(_VOTING, _double_row, "score run")),
    Case(part="C6", name="a run with the clean cell alone beside another", line=".*ln-voting",
         steps=(_corruptions("fog", "run"), _evaluate("local.pt --arch resnet20", _images("forty"),
                "--modes ln-voting", out="other"), "report run other --out both")),
    Case(part="C6", name="parts of one run", line="mean of the 15",
         steps=(_corruptions(_EIGHT, "run"), _corruptions(_SEVEN, "other"),
                "report run other --out both")),
)  # fmt: skip
