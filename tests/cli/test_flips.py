from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest


@pytest.fixture
def command(lab):
    folder = lab.folder / "sequences"
    folder.mkdir()
    frames = np.random.default_rng(0).integers(0, 256, (4, 3, 12, 12, 3)).astype(np.uint8)
    for name in ("gaussian_noise", "tilt"):
        np.save(folder / f"{name}.npy", frames)
    return [
        "flips", str(lab.folder / "net.pt"), "--model", f"{lab.folder}/net.py:network",
        "--normalize", "none", "--data", f"cifar10-p:{folder}", "--stat-batch", "6",
    ]  # fmt: skip


def test_a_table_and_a_file_have_every_perturbation_and_mode(command, lab, ln_bench):
    words = [*command, "--modes", "bn,dbn-batch", "--out", str(lab.folder / "out")]
    outcome = ln_bench(*words)
    assert outcome.code == 0, outcome.err
    assert "Flip probability, %" in outcome.out
    frame = pd.read_csv(lab.folder / "out" / "flips.csv")
    assert frame[["perturbation", "mode"]].to_numpy().tolist() == [
        [name, mode] for name in ("gaussian_noise", "tilt") for mode in ("bn", "dbn-batch")
    ]
    assert frame["set_size"].dropna().tolist() == [6, 6]
    assert set(frame["sequences"]) == {4}
    again = ln_bench(*words)
    assert "every cell is done already" in again.err
    assert again.out == outcome.out
    added = ln_bench(*command, "--modes", "dbn-single", "--out", str(lab.folder / "out"))
    assert added.code == 0, added.err
    assert len(pd.read_csv(lab.folder / "out" / "flips.csv")) == 6


def test_tables_have_the_papers_names_or_ids(command, ln_bench):
    assert " Dynamic BN\n" in ln_bench(*command, "--modes", "dbn-single").out
    ids = ln_bench(*command, "--modes", "dbn-single", "--names", "ids").out
    assert "dbn-single" in ids
    assert "Dynamic" not in ids
    sliding = ln_bench(*command, "--modes", "dbn-batch", "--sliding", "--limit", "2")
    assert sliding.code == 0, sliding.err


@pytest.mark.slow
def test_a_file_that_is_no_video_is_one_line_without_words_of_ffmpeg(command, lab):
    video = lab.folder / "videos" / "tilt" / "n01" / "a.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(b"\0\0\0\x18ftypmp42 no video")
    words = [
        f"imagenet-p:{lab.folder}/videos" if w.startswith("cifar10-p:") else w for w in command
    ]
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_ln", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"Error: {video}: cannot be decoded as a video; fetch it again\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--difficulty", "4"], "--difficulty is 4; expected 1, 2 or 3"),
        (["--perturbations", "scale"], "scale.npy: no such file"),
        (["--modes", "ln-voting"], "--modes ln-voting: needs LocalNorm groups"),
        (["--baseline", "nowhere.csv"], "nowhere.csv"),
        (["--names", "short"], "unknown kind of names 'short'"),
        (["--perturbations", "tilt,tilt"], "--perturbations: tilt is listed twice"),
        (["--limit", "0"], "--limit is 0; expected 1 or more"),
    ],
)
def test_wrong_input_is_one_line(words, line, command, refuses):
    assert line in refuses(*command, *words)
