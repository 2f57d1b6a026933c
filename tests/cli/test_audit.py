from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

from tests.reports.drawn import texts_of

WORDS = ("--noise", "agn", "--sigmas", "0,1", "--samples", "0")


@pytest.fixture
def command(lab):
    """A complete audit command of 50 images."""
    return [
        "audit", str(lab.folder / "net.pt"), "--model", f"{lab.folder}/net.py:network",
        "--normalize", "none", "--data", f"arrays:{lab.folder}/data.npz",
        "--out", str(lab.folder / "audit"),
    ]  # fmt: skip


def test_an_audit_has_ordinary_rows_a_table_figures_and_a_verdict(command, lab, ln_bench):
    words = [*command, *WORDS, "--set-sizes", "1,4,8", "--streams", "by-class,dirichlet-1"]
    words.append("--no-sliding")
    outcome = ln_bench(*words)
    assert outcome.code == 0, outcome.err
    assert "Dynamic BN-Batch: sets of " in outcome.out
    assert "BN-Adapt, by-class against shuffled: " in outcome.out
    out = lab.folder / "audit"
    frame = pd.read_csv(out / "report" / "audit.csv")
    sizes = frame.groupby(["stream", "mode"])["set_size"].unique().map(sorted)
    with_sets = {("dbn-batch"): [1, 4, 8], ("bn-adapt"): [1, 4, 8]}
    for stream in ("by-class", "dirichlet-1"):
        assert {mode: list(found) for mode, found in sizes[stream].items()} == with_sets
    assert {"bn", "dbn-single", "dbn-single-rot90", *with_sets} <= set(sizes["shuffled"].index)
    assert len(frame) == len(frame.drop_duplicates(["mode", "set_size", "stream", "severity"]))
    cells = out / "by-class" / "cells.jsonl"
    rows = [json.loads(line) for line in cells.read_text().splitlines()]
    assert {row["order"] for row in rows} == {"by-class"}
    (row,) = [r for r in rows if (r["mode"], r["set_size"], r["severity"]) == ("dbn-batch", 4, 1)]
    (cell,) = frame.query(
        "stream == 'by-class' and mode == 'dbn-batch' and set_size == 4 and severity == 1"
    ).itertuples()
    assert cell.accuracy == pytest.approx(row["correct"] / 50)
    texts = texts_of((out / "report" / "audit_streams_agn_1.svg").read_bytes())
    assert any(text.startswith("net: images that share statistics; additive Gau") for text in texts)
    before = {run: (out / run / "cells.jsonl").read_bytes() for run in ("shuffled", "by-class")}
    resumed = ln_bench(*words, "--names", "ids")  # nothing is measured again
    assert resumed.code == 0
    assert "dbn-batch: sets of " in resumed.out
    assert "BN-" not in resumed.out
    assert before == {run: (out / run / "cells.jsonl").read_bytes() for run in before}


def test_an_audit_has_windows_that_slide_and_streams_that_mix_conditions(command, lab, ln_bench):
    outcome = ln_bench(*command, *WORDS, "--set-sizes", "4", "--modes", "dbn-batch")
    assert outcome.code == 0, outcome.err
    assert "Dynamic BN-Batch, by-class, sliding windows against sets: " in outcome.out
    assert "Dynamic BN-Batch, growing against shuffled: " in outcome.out
    out = lab.folder / "audit"
    frame = pd.read_csv(out / "report" / "audit.csv")
    streams = ["shuffled", "by-class", *(f"dirichlet-{a}" for a in ("0.1", "1", "10"))]
    expected = {(stream, sharing, name) for stream in streams for sharing in ("sets", "sliding")
                for name in ("clean", "agn")}  # fmt: skip
    expected |= {(s, sharing, s) for s in ("mixed", "growing") for sharing in ("sets", "sliding")}
    found = frame[["stream", "sharing", "corruption"]].itertuples(index=False, name=None)
    assert sorted(found) == sorted(expected)
    rows = [json.loads(line) for line in (out / "mixed" / "cells.jsonl").read_text().splitlines()]
    assert [(r["order"], r["sharing"], r["parts"][:2]) for r in rows] == [
        ("mixed", "sets", "2-"), ("mixed", "sliding", "2-"),
    ]  # fmt: skip
    assert "compared with the mean over all of them" in (out / "report" / "audit.md").read_text()
    assert (out / "report" / "audit_streams_conditions.png").is_file()


def test_clean_images_alone_have_no_stream_that_mixes(command, lab, ln_bench):
    words = ["--set-sizes", "4", "--modes", "dbn-batch", "--no-sliding", "--samples", "0"]
    assert ln_bench(*command, *words).code == 0
    runs = {path.name for path in (lab.folder / "audit").iterdir()}
    assert runs == {"report", "shuffled", "by-class", *(f"dirichlet-{a}" for a in (0.1, 1, 10))}


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--set-sizes", "1,64"], "--set-sizes has sets of 64 images; 50 are evaluated"),
        (["--set-sizes", "0,4"], "--set-sizes is 0; expected 1 or more images"),
        (["--set-sizes", "a"], "--set-sizes a: expected numbers of images, as in 1,16,128"),
        (["--set-sizes", ""], "expected numbers of images"),
        (["--streams", "by-clas"], "unknown --streams 'by-clas'; did you mean 'by-class'"),
        (["--streams", "dirichlet-0"], "--streams dirichlet-0: expected a concentration above 0"),
        (["--streams", "shuffled"], "--streams: shuffled images are always measured"),
        (
            ["--streams", "mixed", "--no-sliding"],
            "the order 'mixed' mixes conditions, and there is one; give a noise or corruptions",
        ),
        (["--compile"], "--sliding remembers earlier images from one forward pass to the next"),
        (["--streams", "by-class,by-class"], "--streams: by-class is listed twice"),
    ],
)
def test_wrong_input_is_one_line(words, line, command, refuses):
    assert line in refuses(*command, *words)


def test_modes_without_sets_have_nothing_to_audit(command, refuses):
    line = refuses(*command, "--modes", "bn,dbn-single", "--samples", "0")
    assert "--modes bn,dbn-single: none has sets of images that share statistics" in line


def test_a_network_without_norm_layers_has_nothing_to_audit(command, lab, refuses):
    network = (lab.folder / "net.py").read_text().replace("nn.BatchNorm2d(6)", "nn.Identity()")
    (lab.folder / "net.py").write_text(network.replace("nn.BatchNorm2d(8)", "nn.Identity()"))
    state = torch.load(lab.folder / "net.pt")
    kept = {name: value for name, value in state.items() if name[0] not in "14"}
    torch.save(kept, lab.folder / "net.pt")
    line = refuses(*command)
    assert "net: the network supports no mode in which images share statistics" in line
    assert not (lab.folder / "audit").exists()


def test_images_of_one_class_have_no_stream(command, lab, ln_bench):
    with np.load(lab.folder / "data.npz") as arrays:
        np.savez(lab.folder / "data.npz", images=arrays["images"], labels=np.full(50, 2))
    outcome = ln_bench(*command, "--modes", "dbn-batch", "--set-sizes", "2")
    assert outcome.code == 2
    assert "all images are of one class; the order 'by-class' needs two or more" in outcome.err
