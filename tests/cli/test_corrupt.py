"""`ln-bench corrupt` as a user meets it: kills, wrong input, options that all do something."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.corrupted_sets.writer import verify
from robustbench_ln.corruptions.frost import FROST_FILES
from tests.corrupted_sets.sample_sets import tree_digest, write_pictures


@pytest.fixture
def source(tmp_path) -> str:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "data.npz", images=pixels, labels=np.arange(6) % 3)
    return f"arrays:{tmp_path}/data.npz"


pytestmark = pytest.mark.filterwarnings("ignore:no photographs of frost")

FOG = ("--corruptions", "fog", "--severity-table", "cifar10-c")


def test_a_set_is_made_continued_verified_and_shown(ln_bench, source, tmp_path):
    words = ("corrupt", source, *FOG, "--severities", "1,3", "--out", f"{tmp_path}/set")
    assert ln_bench(*words, "--preview", f"{tmp_path}/sheet.png").code == 0
    assert np.load(tmp_path / "set/fog.npy").shape == (12, 32, 32, 3)
    again = ln_bench(*words)
    assert (again.code, again.err) == (0, "every condition is done already\n")
    assert ln_bench("corrupt", "--verify", f"{tmp_path}/set").out.endswith(
        "set: 2 files are as they were written\n"
    )
    with Image.open(tmp_path / "sheet.png") as sheet:
        shown = np.asarray(sheet)
    fog = np.load(tmp_path / "set/fog.npy")
    assert shown.shape[0] == 2 * 24 + 100  # two lines of text, and a row of tiles
    lefts = []
    for image in [np.load(tmp_path / "data.npz")["images"][0], fog[0], fog[6]]:
        tiles = {x: shown[48 : 48 + 96 : 3, x : x + 96 : 3] for x in range(shown.shape[1] - 96)}
        lefts.append([x for x, tile in tiles.items() if np.array_equal(tile, image)])
    assert lefts[0]
    assert lefts[1:] == [[x + 100 for x in lefts[0]], [x + 200 for x in lefts[0]]]


def test_a_whole_table_is_nineteen_files(ln_bench, source, tmp_path):
    outcome = ln_bench("corrupt", source, "--corruptions", "cifar10-c", "--severities", "2",
                       "--limit", "2", "--out", f"{tmp_path}/set")  # fmt: skip
    assert outcome.code == 0
    assert len(list((tmp_path / "set").glob("*.npy"))) == 20


def test_every_option_changes_the_set(ln_bench, source, tmp_path):
    write_pictures(tmp_path / "clean")
    folder = ("corrupt", f"folder:{tmp_path}/clean", *FOG, "--format", "folder")
    noise = ("corrupt", source, "--noise", "agn", "--sigmas", "1")
    published = ("corrupt", source, *FOG)
    frost = ("corrupt", source, "--corruptions", "frost", "--severity-table", "cifar10-c")
    (tmp_path / "frost").mkdir()
    for name in FROST_FILES:
        Image.new("RGB", (400, 300), "white").save(tmp_path / "frost" / name)
    commands = [
        folder,
        (*folder, "--jpeg"),
        (*folder, "--resize", "32"),
        (*folder, "--resize", "32", "--interpolation", "box"),
        (*folder, "--crop", "36"),
        noise,
        (*noise, "--range", "none"),
        (*noise, "--convention", "released"),
        (*noise, "--format", "folder"),
        published,
        (*published, "--format", "npz"),
        (*published, "--seed", "1"),
        (*published, "--limit", "5"),
        (*published, "--severities", "5"),
        frost,
        (*frost, "--frost-dir", str(tmp_path / "frost")),
    ]
    digests = []
    for number, words in enumerate(commands):
        out = tmp_path / f"set{number}"
        assert ln_bench(*words, "--out", str(out)).code == 0
        digests.append(tuple(tree_digest(out).items()))
    assert len(set(digests)) == len(commands)


def start(source: str, out) -> subprocess.Popen:
    words = ["corrupt", source, "--corruptions", "cifar10-c", "--out", str(out)]
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "robustbench_ln", *words],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def test_kill_and_the_same_command_again_make_the_same_bytes(ln_bench, source, tmp_path):
    words = ("corrupt", source, "--corruptions", "cifar10-c", "--out")
    assert ln_bench(*words, f"{tmp_path}/whole").code == 0
    journal = tmp_path / "set/journal.jsonl"
    for num_lines in (1, 60):
        process = start(source, tmp_path / "set")
        while process.poll() is None and not (
            journal.is_file() and journal.read_bytes().count(b"\n") >= num_lines
        ):
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL, "it was done before it was killed"
    assert ln_bench(*words, f"{tmp_path}/set").code == 0
    assert tree_digest(tmp_path / "set") == tree_digest(tmp_path / "whole")
    assert verify(tmp_path / "set") == 20


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--corruptions", "fogg"], "unknown corruption 'fogg'; did you mean 'fog'"),
        (["--corruptions", "fog"], "'fog' needs --severity-table"),
        ([*FOG, "--severities", "6"], "--severities 6: expected numbers of 1 to 5"),
        ([*FOG, "--format", "np"], "unknown --format 'np'; did you mean"),
        ([*FOG, "--jpeg"], "--jpeg is for --format folder"),
        ([*FOG, "--sigmas", "1"], "--sigmas, --convention and --range are for --noise"),
        ([*FOG, "--convention", "released"], "are for --noise"),
        ([*FOG, "--noise", "agn"], "give either --corruptions"),
        ([], "give either --corruptions"),
        ([*FOG, "--workers", "0"], "--workers is 0"),
        ([*FOG, "--engine", "rey"], "unknown --engine 'rey'; did you mean 'ray'"),
        ([*FOG, "--ray-address", "head:6379"], "--ray-address is for --engine ray"),
        ([*FOG, "--limit", "0"], "--limit is 0"),
        ([*FOG, "--limit", "7"], "--limit is 7; arrays:"),
        ([*FOG, "--seed", "-1"], "--seed is -1"),
        ([*FOG, "--resize", "40"], "--resize and --crop are for"),
        (["--corruptions", "cifar10-c,imagenet-c"], "asked for by two severity tables"),
        (["--noise", "agn", "--sigmas", "0"], "nothing to generate"),
        (["--noise", "agn", "--format", "npy"], "agn has sigmas: use --format npz"),
        (["--noise", "agn", "--severities", "3"], "are for --corruptions"),
        (["--noise", "agn", "--range", "none", "--format", "folder"], "keeps floats"),
        (["--noise", "agm"], "unknown noise 'agm'; did you mean 'agn'"),
    ],
)  # fmt: skip
def test_wrong_options_are_one_line(refuses, source, tmp_path, words, message):
    assert message in refuses("corrupt", source, "--out", f"{tmp_path}/set", *words)
    assert not (tmp_path / "set").exists()


def test_incomplete_commands_are_one_line(refuses, source, tmp_path):
    assert "give DATA and --out DIR" in refuses("corrupt", source, *FOG)
    assert "give DATA and --out DIR" in refuses("corrupt", *FOG, "--out", str(tmp_path / "set"))
    assert "leave DATA out" in refuses("corrupt", source, "--verify", str(tmp_path))
    assert "no manifest.json" in refuses("corrupt", "--verify", str(tmp_path))
    (tmp_path / "manifest.json").write_text("[]")
    assert "manifest.json: " in refuses("corrupt", "--verify", str(tmp_path))


def test_folders_that_cannot_be_used_are_one_line(refuses, source, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "sheet.png").touch()
    for out, message in [
        ("full", "holds other files ('mine.txt') and no manifest.json"),
        ("file", "is a file; give --out a folder"),
        ("file/below", "cannot write"),
    ]:
        assert message in refuses("corrupt", source, *FOG, "--out", str(tmp_path / out))
        assert message in refuses(
            "corrupt", source, *FOG, "--out", str(tmp_path / out), "--overwrite"
        )
    words = ("corrupt", source, *FOG, "--preview", str(tmp_path / "sheet.png"))
    assert "sheet.png exists; give another --preview, or --overwrite" in refuses(*words)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_one_line(refuses, source, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    assert "Permission denied" in refuses(
        "corrupt", source, *FOG, "--out", str(tmp_path / "closed/set")
    )


def test_images_that_do_not_fit_are_one_line(refuses, tmp_path):
    for dtype, message in [("float32", "images are float32"), ("uint16", "images are uint16")]:
        np.savez(tmp_path / "x.npz", images=np.zeros((2, 32, 32, 3), dtype), labels=[0, 1])
        assert message in refuses("corrupt", f"arrays:{tmp_path}/x.npz", *FOG, "--out",
                                  f"{tmp_path}/set")  # fmt: skip
    np.savez(tmp_path / "x.npz", images=np.zeros((2, 4, 4, 3), np.uint8), labels=[0, 1])
    line = refuses("corrupt", f"arrays:{tmp_path}/x.npz", "--corruptions", "imagenet-c", "--out",
                   f"{tmp_path}/set")  # fmt: skip
    assert "needs images of at least" in line
    assert not (tmp_path / "set").exists()


def test_the_list_has_parameters_sources_and_departures(ln_bench):
    text = ln_bench("list", "corruptions").out
    assert "cifar10-c: 0.2 3; 0.5 3; 0.75 2.5; 1 2; 1.5 1.75" in text
    assert "imagenet-c: 25; 18; 15; 10; 7" in text
    assert text.count("source: hendrycks/robustness") == 19
    assert "departs: libjpeg-turbo" in text
    assert "noise, extra" in text
