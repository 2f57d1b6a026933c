"""Pipes, endless devices and folders in place of files, and folders that lead into each other.

Every reader is given each of them; an alarm ends what waits or reads without end.
"""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_ln.corrupted_sets.arrays_reader import find_arrays
from robustbench_ln.corrupted_sets.listing import read_listing
from robustbench_ln.corrupted_sets.manifest import find_damage
from robustbench_ln.corrupted_sets.writer import generate
from robustbench_ln.corruptions.frost import FROST_FILES, load_frost_textures
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.data.class_map import read_class_map
from robustbench_ln.data.picture_tree import list_pictures
from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.pictures import Framing, read_picture
from robustbench_ln.metrics.error_files import read_errors
from robustbench_ln.models import read_checkpoint
from robustbench_ln.runs.predictions import read_predictions
from robustbench_ln.runs.reading import read_runs
from robustbench_ln.training.directory import TrainingDirectory
from tests.corrupted_sets.sample_sets import make_images, make_spec
from tests.fuzz.effort import examples
from tests.fuzz.test_links_fuzz import _run, _training
from tests.reports.synthetic_runs import make_record, write_run

SEED = 70_001


class HangError(BaseException):
    """Still reading after ten seconds. No reader catches it."""


@pytest.fixture(autouse=True)
def _alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the address of a socket is short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)
    os.chdir(here)


def _looped(path: Path) -> None:
    path.symlink_to(path.name)


ODDITIES = {"pipe": _pipe, "endless": _endless, "socket": _socket, "folder": Path.mkdir}
ODDITIES["link to itself"] = _looped


def _frost(path: Path) -> object:
    for name in FROST_FILES:
        if not os.path.lexists(path.parent / name):
            Image.new("RGB", (9, 9)).save(path.parent / name)
    load_frost_textures.cache_clear()
    return load_frost_textures(path.parent)


def _batches(path: Path) -> object:
    return load_images(f"cifar10:{path.parent}", DataOptions())


def _class_folder(path: Path) -> object:
    images = load_images(f"folder:{path.parent.parent}", DataOptions())
    return images.sha256(), images.read([0])


def _run_with(path: Path) -> object:
    run = path.parent / "run"
    write_run(run, [make_record("bn")])
    (run / path.name).unlink(missing_ok=True)
    path.rename(run / path.name)
    return read_runs([run])


def _arrays(path: Path) -> object:
    if path.name != "labels.npy":
        np.save(path.parent / "labels.npy", np.zeros(3, np.int64))
    else:
        np.save(path.parent / "fog.npy", np.zeros((3, 4, 4, 3), np.uint8))
    found = find_arrays(path.parent, ())
    assert found is not None
    return list(found.open("fog", None, None))


def _labels_only(path: Path) -> object:
    return load_images(f"mnist:{path.parent}", DataOptions())


READERS: dict[str, Callable[[Path], Any]] = {
    "a.png": lambda path: read_picture(path, Framing()),
    "x/class/1.png": _class_folder,
    "frost4.jpg": _frost,
    "a.pt": read_checkpoint,
    "a.safetensors": read_checkpoint,
    "run.json": _run_with,
    "cells.jsonl": _run_with,
    "p.npz": lambda path: read_predictions(path, num_images=10, num_classes=10),
    "manifest.json": lambda path: read_listing(path.parent),
    "a.npz": lambda path: load_images(f"arrays:{path}", DataOptions()),
    "t10k-images-idx3-ubyte": _labels_only,
    "t10k-images-idx3-ubyte.gz": _labels_only,
    "test_batch": _batches,
    "fog.npy": _arrays,
    "labels.npy": _arrays,
    "map.json": read_class_map,
    "errors.csv": lambda path: read_errors(path, is_percent=True),
}


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str, oddity: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    ODDITIES[oddity](path)
    if oddity == "folder" and name == "x/class/1.png":
        (path / "2.png").mkdir()  # a folder below is looked into, not read
    with pytest.raises(LnBenchError) as caught:
        READERS[name](path)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("oddity", [*ODDITIES])
@pytest.mark.parametrize("kind", ["run", "training", "set"])
def test_what_is_no_file_hangs_no_writer(tmp_path: Path, kind: str, oddity: str) -> None:
    """Whatever member it takes the place of: done, or one line."""

    def write(folder: Path) -> None:
        if kind == "run":
            _run(folder)
        elif kind == "training":
            _training(folder)
        else:
            generate(make_images(3), make_spec(names=("contrast",), severities=(1,)), out=folder)

    write(tmp_path / "good")
    members = [path.name for path in (tmp_path / "good").iterdir() if path.is_file()]
    for number, name in enumerate([*members, *(f"{name}.part" for name in members)]):
        folder = tmp_path / str(number)
        write(folder)
        (folder / name).unlink(missing_ok=True)
        ODDITIES[oddity](folder / name)
        try:
            write(folder)
        except LnBenchError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017


def test_a_journal_and_a_state_that_are_pipes_are_not_read(tmp_path: Path) -> None:
    generate(make_images(3), make_spec(names=("contrast",), severities=(1,)), out=tmp_path / "set")
    _pipe(tmp_path / "set/journal.jsonl")
    listing = read_listing(tmp_path / "set")
    (tmp_path / "set/contrast.npy").unlink()
    _pipe(tmp_path / "set/contrast.npy")
    assert find_damage(tmp_path / "set", listing.entries.values()) == ["contrast.npy: missing"]
    _training(tmp_path / "training")
    (tmp_path / "training/state.pt").unlink()
    _pipe(tmp_path / "training/state.pt")
    about = {"settings": {"seed": 0}, "recipe": {}, "runs": ["a"]}
    with TrainingDirectory(tmp_path / "training", about) as directory:
        assert directory.read_state() is None


def test_folders_that_lead_into_each_other_are_each_entered_once(tmp_path: Path) -> None:
    """Links between random folders, to each other, up and down: every picture once, in an order
    that depends on nothing but the names."""
    draws = np.random.default_rng(SEED)
    for example in range(examples("loops")):
        root = tmp_path / str(example)
        folders = [root / "cat"]
        folders[0].mkdir(parents=True)
        for number in range(draws.integers(1, 6)):
            folders.append(folders[draws.integers(len(folders))] / f"f{number}")
            folders[-1].mkdir()
        for number, folder in enumerate(folders):
            (folder / f"{number}.png").touch()
        (root / "dog").mkdir()
        (root / "dog" / "dog.png").touch()
        for number in range(draws.integers(1, 8)):
            target = [root, *folders][draws.integers(len(folders) + 1)]
            (folders[draws.integers(len(folders))] / f"loop{number}").symlink_to(target)
        found = [name for _, name in list_pictures(root, ["cat"]).files]
        assert sorted(Path(name).name for name in found) == [
            f"{number}.png" for number in range(len(folders))
        ]
        assert found == [name for _, name in list_pictures(root, ["cat"]).files]
        assert not any("loop" in name for name in found)  # folders go before links to them


def test_two_loops_end(tmp_path: Path) -> None:
    """Two links to one's own folder: 2^40 ways, before the system says that a path is too deep."""
    place = tmp_path / "x" / "cat"
    place.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(place / "1.png")
    for name in ("loop", "loop2"):
        (place / name).symlink_to("../cat")
    images = load_images(f"folder:{tmp_path / 'x'}", DataOptions())
    assert [images.image_id(i) for i in range(len(images))] == [str(place / "1.png")]


def test_a_file_that_is_one_is_read(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(3)}, tmp_path / "a.pt")
    assert read_checkpoint(tmp_path / "a.pt").state["w"].shape == (3,)
