"""Perturbation sequences of strangers: arrays of frames, and videos that are something else."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.random import Generator

from tests.fuzz.damage import damage_bytes, damaged_array, pick
from tests.fuzz.folder_areas import replace_member
from tests.fuzz.watch import Case

PLAYLISTS = (
    b"ffconcat version 1.0\nfile 0.mp4\n",
    b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/0.ts\n#EXT-X-ENDLIST\n",
    b"v=0\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    b"%!PS-Adobe-3.0 EPSF-3.0\nshowpage\n",
)
"""What a decoder that looks at the content may take for a list of other files or addresses."""


def plant_sequences(base: Path, folder: Path, draws: Generator) -> Case:
    """Frames in an array or in videos; bytes, shapes, types or names of some are others."""
    has_videos = draws.random() < 0.6
    if has_videos:
        _plant_videos(base, folder / "set", draws)
    else:
        _plant_array(folder / "set", draws)
    source = f"{'imagenet-p' if has_videos else 'cifar10-p'}:set"
    network = [f"{base}/net.pt", "--model", f"{base}/net.py:network", "--normalize", "none"]
    more = pick(draws, [[], ["--sliding"], ["--limit", "1"], ["--difficulty", "2"], ["--quiet"]])
    modes = ["--modes", pick(draws, ["bn", "dbn-batch"])]
    return Case(["flips", *network, "--data", source, *modes, *more, "--out", "o"], ["o"])


def _plant_array(root: Path, draws: Generator) -> None:
    root.mkdir()
    frames = np.random.default_rng(0).integers(0, 256, (3, 4, 28, 28, 3)).astype(np.uint8)
    if draws.random() < 0.5:
        frames = damaged_array(frames, draws)
    buffer = io.BytesIO()
    np.save(buffer, frames, allow_pickle=True)
    content = buffer.getvalue()
    name = pick(draws, ["gaussian_noise", "tilt", "brightness", "gaussian_noise_2", "tilts"])
    (root / f"{name}.npy").write_bytes(
        damage_bytes(content, draws) if draws.random() < 0.5 else content
    )


def _plant_videos(base: Path, root: Path, draws: Generator) -> None:
    good = (base / "frames.mp4").read_bytes()
    for name in ("0.mp4", "1.mp4", pick(draws, ["2.mp4", "\x1b[2J.mp4", "\udcff.mp4"])):
        place = root / pick(draws, ["tilt", "tilt", "brightness", "gaussian_noise_2"]) / "n01440764"
        place.mkdir(parents=True, exist_ok=True)
        kind = draws.random()
        content = good if kind < 0.4 else damage_bytes(good, draws)
        (place / name).write_bytes(content if kind < 0.8 else pick(draws, PLAYLISTS))
        if draws.random() < 0.1:
            replace_member(place / name, draws)
