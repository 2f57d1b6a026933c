"""The table of speed and parameters, from times made up here."""

from __future__ import annotations

from dataclasses import replace

from robustbench_ln.speed.norm_costs import NetworkSpeed, NormSpeed
from robustbench_ln.speed.norm_table import speed_caption, speed_grid, speed_note

ABOUT = {
    "repetitions": 1, "threads": 1, "cores": 2, "load": 0.25, "versions": {"torch": "2.15.0"},
}  # fmt: skip
NETWORK = NetworkSpeed(
    arch="resnet32-preact",
    data="CIFAR-10",
    epoch_images=50_000,
    batch_size=128,
    num_groups=8,
    norms=(
        NormSpeed(
            norm="batch",
            trainable=467_946,
            with_running=470_218,
            step_seconds=(0.5,),
            mode_seconds={"plain": (0.1,), "dbn-batch": (0.2,)},
        ),
        NormSpeed(
            norm="local",
            trainable=483_850,
            with_running=483_850,
            step_seconds=(0.6,),
            mode_seconds={"ln-batch": (0.25,)},
        ),
        NormSpeed(
            norm="group",
            trainable=467_946,
            with_running=467_946,
            step_seconds=(0.4,),
            mode_seconds={"plain": (0.05,)},
        ),
    ),
)


def test_the_papers_numbers_stand_beside_ours():
    grid = speed_grid(NETWORK)
    assert grid.heads == (
        "norm", "s/epoch", "x batch", "paper x batch", "parameters", "paper parameters",
        "trainable", "images/s plain", "images/s dbn-batch", "images/s ln-batch",
    )  # fmt: skip
    assert grid.rows == (
        ("batch", "195.0", "1.00", "1.00", "470,218", "470,218", "467,946", "1,280", "640", "-"),
        ("local", "234.0", "1.20", "1.24", "483,850", "473,610", "483,850", "-", "-", "512"),
        ("group", "156.0", "0.80", "-", "467,946", "-", "467,946", "2,560", "-", "-"),
    )


def test_a_network_that_the_papers_did_not_time_has_no_columns_of_theirs():
    grid = speed_grid(replace(NETWORK, arch="resnet20"))
    assert not [head for head in grid.heads if "paper" in head]
    assert [len(row) for row in grid.rows] == [8, 8, 8]


def test_caption_and_note_say_what_is_shown_and_where_it_was_measured():
    assert speed_caption(NETWORK) == (
        "resnet32-preact, CIFAR-10: 390 steps of 128 images an epoch; "
        "LocalNorm with 8 groups of 16 images"
    )
    note = speed_note([NETWORK], ABOUT)
    assert "Paper: LocalNorm (arXiv), table 2" in note
    assert note.endswith(
        "Medians of 1 repetition in turns, 1 thread on 2 cores, load average 0.2 before, "
        "torch 2.15.0."
    )
    other = speed_note([replace(NETWORK, arch="resnet20")], ABOUT | {"load": None, "threads": 4})
    assert "Paper" not in other
    assert "in turns, 4 threads on 2 cores, torch" in other
