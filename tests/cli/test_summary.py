"""What runs come down to, through the command line: values from counts, intervals from images."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from robustbench_ln.corruption_names import BENCHMARK_CORRUPTIONS
from robustbench_ln.metrics.error_files import read_baseline
from robustbench_ln.progress import Silent
from robustbench_ln.reports.report import write_report
from robustbench_ln.runs import results
from robustbench_ln.runs.results import read_results
from tests.cli.conftest import sharpen


@pytest.fixture
def stored(lab) -> list[str]:
    """The 15 corruptions at five severities, each a mix of an image with its right neighbour."""
    sharpen(lab)
    folder = lab.folder / "C"
    folder.mkdir()
    with np.load(lab.folder / "data.npz") as arrays:
        images, labels = arrays["images"], arrays["labels"]
    for number, name in enumerate(BENCHMARK_CORRUPTIONS, start=1):
        mixes = [
            ((100 - level * number) * images.astype(int) + level * number * np.roll(images, 1, 0))
            // 100
            for level in range(1, 6)
        ]
        np.save(folder / f"{name}.npy", np.concatenate(mixes).astype(np.uint8))
    np.save(folder / "labels.npy", labels)
    command = lab.command("--data", f"cifar10-c:{folder}")
    at = command.index("--noise")
    return [*command[:at], *command[at + 4 :], "--clean", f"arrays:{lab.folder}/data.npz"]


def errors(run, mode: str) -> dict[tuple[str, float], float]:
    rows = [json.loads(line) for line in (run / "cells.jsonl").read_text().splitlines()]
    return {
        (r["corruption"], r["severity"]): 1 - r["correct"] / r["total"]
        for r in rows
        if r["mode"] == mode
    }


def sums(cells: dict[tuple[str, float], float], base: float = 0.0) -> np.ndarray:
    return np.array([sum(cells[n, s] - base for s in range(1, 6)) for n in BENCHMARK_CORRUPTIONS])


def summary(folder, variant: str) -> pd.DataFrame:
    frame = pd.read_csv(folder / "summary.csv")
    return frame[frame["variant"] == variant].set_index("quantity")


def test_mean_error_and_mce_against_a_published_network(stored, ln_bench, lab):
    outcome = ln_bench(*stored, "--modes", "bn,dbn-batch", "--baseline", "wrn-40-2")
    assert outcome.code == 0, outcome.err
    run = lab.folder / "run"
    wrn = read_baseline("wrn-40-2")
    below = np.array([5 * wrn.means[name] for name in BENCHMARK_CORRUPTIONS])
    for mode in ("bn", "dbn-batch"):
        found, cells = summary(run / "report", mode), errors(run, mode)
        value = found["value"]
        assert value["mean error of the 15"] == pytest.approx(sums(cells).sum() / 75)
        assert value["mCE"] == pytest.approx((sums(cells) / below).mean())
        clean = cells["clean", 0.0]
        rise = sums(cells, clean) / (below - 5 * wrn.clean)
        assert value["relative mCE"] == pytest.approx(rise.mean())
    # Images are units under bn: mCE is the mean of one weighted sum an image.
    wrong = np.zeros(50)
    for name, total in zip(BENCHMARK_CORRUPTIONS, below, strict=True):
        for level in range(1, 6):
            (file,) = (run / "predictions").glob(f"{name}-{level}-*-running.npz")
            with np.load(file) as arrays:
                wrong += (arrays["class_index"][0] != arrays["labels"]) / total / 15
    expected = stats.t.interval(0.95, 49, wrong.mean(), stats.sem(wrong))
    row = summary(run / "report", "bn").loc["mCE"]
    assert [row["low"], row["high"], row["units"]] == pytest.approx([*expected, 50])
    assert "mCE: mean over the 15 of ratios of sums to wrn-40-2" in " ".join(outcome.out.split())
    assert "**CIFAR-10-C as published**" in (run / "report" / "report.md").read_text()


def test_a_mode_of_a_run_is_a_baseline_too(stored, ln_bench, lab, refuses):
    assert ln_bench(*stored, "--modes", "bn,dbn-batch").code == 0
    run, out = lab.folder / "run", str(lab.folder / "out")
    outcome = ln_bench("report", str(run), "--baseline", f"{run}:bn", "--out", out)
    assert outcome.code == 0, outcome.err
    bn, batch = errors(run, "bn"), errors(run, "dbn-batch")
    found = summary(lab.folder / "out", "dbn-batch")
    assert found["value"]["mCE"] == pytest.approx((sums(batch) / sums(bn)).mean())
    itself = summary(lab.folder / "out", "bn").loc["mCE"]
    assert itself["value"] == 1
    assert itself[["low", "high"]].isna().all(), "no image moves it"
    assert "name one, as" in refuses("report", str(run), "--baseline", str(run))
    assert "unknown baseline 'alexnett'" in refuses("report", str(run), "--baseline", "alexnett")
    table = pd.DataFrame(
        [(n, int(s), e) for (n, s), e in batch.items()], columns=["corruption", "severity", "error"]
    )
    table.to_csv(lab.folder / "errors.csv", index=False)
    outcome = ln_bench("mce", str(lab.folder / "errors.csv"), "--baseline", f"{run}:bn")
    assert (
        f"mCE, relative to net BatchNorm: {100 * (sums(batch) / sums(bn)).mean():.2f} %."
        in outcome.out
    )


def test_without_predictions_there_are_values_and_no_intervals(stored, ln_bench, lab):
    assert ln_bench(*stored, "--modes", "bn").code == 0
    before = summary(lab.folder / "run/report", "bn")["value"]
    shutil.rmtree(lab.folder / "run/predictions")
    outcome = ln_bench("report", str(lab.folder / "run"))
    after = summary(lab.folder / "run/report", "bn")
    assert after["value"].equals(before)
    assert after["low"].isna().all()
    assert after["units"].isna().all()
    said = " ".join(outcome.out.split())
    assert said.count("No interval over several cells: predictions were not kept.") == 2
    wide = pd.read_csv(lab.folder / "run/report/accuracy_net_cifar10-c_official.csv")
    assert wide["net bn low"].notna().tolist() == [True] + [False] * 16


def test_a_corruption_that_is_missing_leaves_no_mean(stored, ln_bench, lab):
    (lab.folder / "C" / "fog.npy").unlink()
    outcome = ln_bench(*stored, "--modes", "bn", "--baseline", "wrn-40-2")
    assert "has no fog" in outcome.err
    assert not (lab.folder / "run/report/summary.csv").exists()
    assert "mean of the 15" not in outcome.out.lower()


def test_curves_have_areas_half_sigmas_and_a_spread_over_seeds(lab, ln_bench):
    sharpen(lab)
    outcome = ln_bench(*lab.command("--modes", "bn,dbn-batch", "--repeats", "3"))
    assert outcome.code == 0, outcome.err
    rows = [json.loads(line) for line in (lab.folder / "run/cells.jsonl").read_text().splitlines()]
    found = summary(lab.folder / "run/report", "dbn-batch")
    areas = []
    for seed in range(3):
        of_seed = {r["severity"]: r for r in rows if (r["mode"], r["seed"]) == ("dbn-batch", seed)}
        accuracy = [of_seed[sigma]["correct"] / 50 for sigma in (0.0, 0.5, 1.0)]
        areas.append(accuracy[0] / 4 + accuracy[1] / 2 + accuracy[2] / 4)
    row = found.loc["area under the curve"]
    assert row["value"] == pytest.approx(areas[0])
    assert row["repeats"] == 3
    assert row["repeat_sd"] == pytest.approx(np.std(areas, ddof=1))
    area = np.zeros(50)  # of each image
    for name, weight in (
        ("clean-0", 0.25),
        ("agn-0.5-paper-clip", 0.5),
        ("agn-1-paper-clip", 0.25),
    ):
        with np.load(lab.folder / "run/predictions" / f"{name}-batch16.npz") as arrays:
            area += weight * (arrays["class_index"][0] == arrays["labels"])
    sums = np.add.reduceat(area - row["value"], [0, 16, 32])
    margin = stats.t.ppf(0.975, 2) * np.sqrt((sums**2).sum() * 3 / 2) / 50
    floor = 1.96 * area.std() / 50**0.5  # images that would be independent
    assert (row["high"] - row["low"]) / 2 == pytest.approx(max(margin, floor), rel=0.1)
    assert row["low"] < row["value"] < row["high"]
    assert "SD: standard deviation over 3 seeds" in outcome.out
    text = (lab.folder / "run/report/report.md").read_text()
    assert "sigma at half of the clean accuracy" in text


@pytest.mark.parametrize("baseline", ["none", "ln-batch"])
def test_modes_that_are_read_together_keep_their_numbers(voting_lab, ln_bench, baseline):
    modes = ("ln-single", "ln-voting", "ln-single-voting", "ln-batch")
    assert ln_bench(*voting_lab.command("--modes", ",".join(modes))).code == 0
    run, alone, out = (voting_lab.folder / name for name in ("run", "alone", "out"))
    options = ("--baseline", "none" if baseline == "none" else f"{run}:{baseline}")
    assert ln_bench("report", str(run), "--out", str(out), *options).code == 0
    shutil.copytree(run, alone)
    for mode in modes:
        rows = (run / "cells.jsonl").read_text().splitlines(keepends=True)
        (alone / "cells.jsonl").write_text(
            "".join(r for r in rows if json.loads(r)["mode"] == mode)
        )
        assert ln_bench("report", str(alone), *options).code == 0
        expected = summary(alone / "report", mode)
        assert expected["low"].notna().all()
        pd.testing.assert_frame_equal(summary(out, mode), expected, check_exact=True)


def test_predictions_that_modes_share_are_read_once(voting_lab, ln_bench, monkeypatch):
    read, paths = results.read_predictions, []
    command = voting_lab.command("--modes", "ln-voting,ln-batch")
    monkeypatch.setattr(
        results,
        "read_predictions",
        lambda path, **limits: paths.append(path) or read(path, **limits),
    )
    assert ln_bench(*command).code == 0
    assert sorted(paths) == sorted((voting_lab.folder / "run/predictions").iterdir())
    assert len(paths) == 3


def test_a_report_says_where_it_is(voting_lab, ln_bench):
    assert ln_bench(*voting_lab.command("--modes", "ln-voting,ln-batch")).code == 0
    progress = Silent()
    said = []
    progress.describe = said.append
    write_report(
        read_results([voting_lab.folder / "run"]), voting_lab.folder / "out", progress=progress
    )
    assert said == [
        "net: predictions, 0 of 3 files",
        "net: predictions, 1 of 3 files",
        "net: predictions, 2 of 3 files",
        "figure accuracy_agn_paper_clip",
        "index.html",
    ]
