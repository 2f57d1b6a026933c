"""The paragraph that says how runs were measured, from run.json and the rows."""

from __future__ import annotations

from pathlib import Path

from robustbench_ln.reports.families import make_tables
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.reports.measured import measured_section
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run

VOTING = {"num_groups": 8, "set_size": 16, "tie_rule": "random"}


def said(*paths: Path) -> tuple[str, str]:
    modes = read_results(paths)
    tables, runs = make_tables(modes), list(dict.fromkeys(id(m.run) for m in modes))
    found = [next(m.run for m in modes if id(m.run) == run) for run in runs]
    section = measured_section(tables, found)
    return markdown_page(section.blocks), section.files["references.bib"].decode()


def test_a_run_says_network_images_noise_modes_and_intervals(tmp_path: Path) -> None:
    records = [make_record("bn"), agn("bn", 0.5, 300), agn("bn", 1.0, 200)]
    records += [make_record("ln-voting", **VOTING)]
    text, entries = said(write_run(tmp_path / "run", records))
    for part in (
        "resnet20, 272,474 parameters, from resnet20.th, was evaluated with robustbench_ln 0.1.0",
        "It saw 1000 images of CIFAR-10 (Krizhevsky 2009), 32 x 32 pixels in 3 channels, in "
        "shuffled order, with seed 0;",
        "Additive Gaussian noise (AGN), paper convention, values clipped (Yin et al. 2019; Yin et "
        "al. 2021): sigma 0.5, 1.",
        "BatchNorm (Ioffe and Szegedy 2015): statistics of training; LN-Voting: 16 test images, "
        "plurality of all groups, 8 groups, ties by rule random.",
        "The 95 % intervals of single accuracies are Wilson's (Wilson 1927).",
    ):
        assert part in text
    for key in ("krizhevsky2009learning", "yin2021localnorm", "wilson1927probable"):
        assert f"{{{key}," in entries
    assert "hendrycks" not in entries


def test_corruptions_are_cited_and_limits_said(tmp_path: Path) -> None:
    limited = {"limit": 200, "total": 200}
    records = [make_record("plain", correct=9, **limited)]
    records += [corrupted("plain", n, 3, 9, **limited) for n in ("frost", "snow")]
    text, entries = said(write_run(tmp_path / "run", records))
    assert "It saw 200 of the 10000 images of CIFAR-10" in text
    assert (
        "of CIFAR-10-C (Hendrycks and Dietterich 2019): 2 corruptions at severity 3 with "
        "procedural textures for frost. Modes and their statistics: Plain: the network's own"
    ) in text
    assert "yin2021localnorm" not in entries


def test_labels_are_text_and_stand_before_several_runs(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / f"r{i}", [make_record("bn")], label=label)
        for i, label in enumerate(("# <b> *x*", "B"))
    ]
    text, _ = said(*runs)
    assert "\n\\# \\<b> \\*x\\*: resnet20" in text
    assert "\nB: resnet20" in text
