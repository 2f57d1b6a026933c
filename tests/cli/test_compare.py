from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from tests.cli.conftest import sharpen


@pytest.fixture
def run(lab, ln_bench):
    """A run of three modes under AGN and two corruptions, in which bn is mostly right."""
    sharpen(lab)
    assert ln_bench(*lab.command("--modes", "bn", "--order", "as-is", run="first")).code == 0
    with np.load(lab.folder / "first/predictions/clean-0-running.npz") as arrays:
        predicted = arrays["class_index"][0]
    with np.load(lab.folder / "data.npz") as arrays:
        labels = np.where(np.arange(50) % 5 < 4, predicted, arrays["labels"])
        np.savez(lab.folder / "data.npz", images=arrays["images"], labels=labels)
    corruptions = ("--corruptions", "fog,contrast", "--severity-table", "cifar10-c")
    command = lab.command("--modes", "bn,dbn-batch,dbn-single", *corruptions, "--severities", "1,5")
    assert ln_bench(*command).code == 0
    return lab.folder / "run"


def right(run, name: str) -> np.ndarray:
    """Whether each image of a file of predictions is right: modes without votes or picks."""
    with np.load(run / "predictions" / f"{name}.npz") as arrays:
        return arrays["class_index"][0] == arrays["labels"]


def test_modes_that_see_each_image_alone(run, ln_bench, tmp_path):
    outcome = ln_bench("compare", f"{run}:bn", f"{run}:dbn-single", "--out", str(tmp_path / "c"))
    assert outcome.code == 0, outcome.err
    cells = pd.read_csv(tmp_path / "c" / "comparison.csv")
    assert cells["corruption"].tolist() == [
        "clean", "agn", "agn", "fog", "fog", "contrast", "contrast",
    ]  # fmt: skip
    names = [
        "clean-0", "agn-0.5-paper-clip", "agn-1-paper-clip", "fog-1-cifar10-c", "fog-5-cifar10-c",
        "contrast-1-cifar10-c", "contrast-5-cifar10-c",
    ]  # fmt: skip
    p_values = []
    for name, cell in zip(names, cells.itertuples(), strict=True):
        one, other = right(run, f"{name}-running"), right(run, f"{name}-image")
        assert cell.first_accuracy == pytest.approx(one.mean())
        assert cell.difference == pytest.approx(one.mean() - other.mean())
        assert cell.low <= cell.difference <= cell.high
        counts = [(one & other).sum(), (one & ~other).sum(), (~one & other).sum(), 0]
        assert [cell.only_first, cell.only_second] == counts[1:3]
        p_values.append(mcnemar(np.reshape(counts, (2, 2)), exact=True).pvalue)
    assert cells["difference"].max() > 0.1
    assert set(cells["test"]) == {"mcnemar"}
    assert cells["p_value"].tolist() == pytest.approx(p_values)
    holm = multipletests(p_values, method="holm")[1]
    assert cells["holm_p_value"].tolist() == pytest.approx(list(holm))
    assert "A: net BatchNorm" in outcome.out
    assert "Intervals: Student's t on 50 images." in outcome.out
    assert "p: exact McNemar, of means sign flips of images." in outcome.out


def test_sets_are_units_and_conditions_are_pooled(run, ln_bench, tmp_path):
    outcome = ln_bench("compare", f"{run}:bn", f"{run}:dbn-batch", "--out", str(tmp_path / "c"))
    cells = pd.read_csv(tmp_path / "c" / "comparison.csv")
    assert set(cells["test"]) == {"sign-flip"}
    assert set(cells["units"]) == {3}  # 50 images in sets of 16, 16, and 16 with 2 more
    text = outcome.out.replace("\n", " ")
    assert "p: sign flips of sets, so that p cannot be below 0.25." in text
    assert "No verdict: 3 statistics sets, 6 are needed; use sets of at most 9 images." in text
    assert "ahead" not in text
    one, other = right(run, "clean-0-running"), right(run, "clean-0-batch16")
    sums = np.add.reduceat(one.astype(float) - other, [0, 16, 32])
    sizes = np.array([16, 16, 18])
    error = np.sqrt(((sums - sizes * sums.sum() / 50) ** 2).sum() * 3 / 2) / 50
    margin = stats.t.ppf(0.975, 2) * error
    clean = cells.iloc[0]
    assert [clean.low, clean.high] == pytest.approx(
        [clean.difference - margin, clean.difference + margin]
    )
    summary = pd.read_csv(tmp_path / "c" / "comparison_summary.csv").set_index("quantity")
    assert set(summary["units"]) == {3}
    assert (summary["low"] <= summary["value"]).all()
    by_name = cells.groupby("corruption")["difference"].mean()
    assert summary.loc["difference, fog", "value"] == pytest.approx(by_name["fog"])
    both = cells[cells["severity_table"] == "cifar10-c"]["difference"].mean()
    (mean,) = summary.index[summary.index.str.startswith("difference, mean of fog and contrast, ")]
    assert summary.loc[mean, "value"] == pytest.approx(both)
    assert summary.loc["difference, mean over sigma", "value"] == pytest.approx(by_name["agn"])
    curve = cells["first_accuracy"][:3].to_numpy()
    area = np.trapezoid(curve, [0, 0.5, 1])
    assert summary.loc["area under the curve of A", "value"] == pytest.approx(area)
    text = (tmp_path / "c" / "comparison.md").read_text()
    assert "| fog 5" in text
    assert "### Additive Gaussian noise (AGN), paper convention, values clipped" in text


@pytest.mark.parametrize(
    ("limit", "units", "sentence"),
    [
        (24, 2, "No interval: 2 statistics sets, 3 are needed; evaluate at least 40 images or use "
                "sets of at most 9 images."),
        (8, 1, "No interval: 1 statistics set, 3 are needed; evaluate at least 20 images or use "
               "sets of at most 3 images."),
        (1, 1, "No interval: 1 image, 3 are needed; evaluate at least 3 images."),
    ],
)  # fmt: skip
def test_few_sets_have_no_interval_and_one_sentence(
    lab, ln_bench, tmp_path, limit, units, sentence
):
    sharpen(lab)
    command = lab.command("--modes", "bn,dbn-batch", "--limit", str(limit))
    assert ln_bench(*command).code == 0
    run = lab.folder / "run"
    outcome = ln_bench("compare", f"{run}:bn", f"{run}:dbn-batch", "--out", str(tmp_path / "c"))
    assert outcome.code == 0, outcome.err
    text = " ".join(outcome.out.split())
    assert f"accuracy in % of {limit} images (LIMITED); A - B in points Additive" in text
    assert text.count("No interval") == 1
    assert sentence in text
    assert not {"ahead", "behind", "["} & set(text.replace("[", " [ ").split())
    for file in ("comparison.csv", "comparison_summary.csv"):
        frame = pd.read_csv(tmp_path / "c" / file)
        assert frame[["low", "high"]].isna().all(axis=None)
        assert set(frame["units"]) == {units}


def mode_of(head: str) -> str:
    """Return the mode in "A: net Dynamic BN (PATH)"."""
    return head.removeprefix(head[:3]).removeprefix("net ").partition(" (")[0]


def test_every_mode_is_compared_where_none_is_named(run, ln_bench, lab):
    outcome = ln_bench("compare", f"{run}:bn", str(run))
    heads = [line for line in outcome.out.splitlines() if line.startswith("B: ")]
    assert [mode_of(head) for head in heads] == ["Dynamic BN-Batch", "Dynamic BN"]
    shutil.copytree(run, lab.folder / "copy")
    outcome = ln_bench("compare", str(run), str(lab.folder / "copy"))
    heads = [mode_of(line) for line in outcome.out.splitlines() if line[:3] in ("A: ", "B: ")]
    names = ("BatchNorm", "Dynamic BN-Batch", "Dynamic BN")
    assert heads == [name for name in names for _ in "AB"]


def test_a_mode_against_its_copy_differs_nowhere(run, ln_bench, lab):
    shutil.copytree(run, lab.folder / "copy:2")
    outcome = ln_bench("compare", f"{run}:bn", f"{lab.folder}/copy:2:bn")
    assert "ahead in 0, behind in 0 of 7 cells" in outcome.out.replace("\n", " ")
    assert "+0.0 [-" in outcome.out, "50 images that agree are not all there are"


def test_what_cannot_be_compared_is_one_line(run, refuses, ln_bench, lab):
    assert "has no mode 'ln-batch'; it has bn, dbn-batch, dbn-single" in refuses(
        "compare", f"{run}:bn", f"{run}:ln-batch"
    )
    assert "nothing to compare" in refuses("compare", f"{run}:bn", f"{run}:bn")
    assert "no cells.jsonl" in refuses("compare", f"{run}:bn", f"{lab.folder}/none:bn")
    for option, value, word in (
        ("--seed", "3", "seed"), ("--limit", "20", "limit"), ("--order", "as-is", "order"),
    ):  # fmt: skip
        other = lab.folder / word
        assert ln_bench(*lab.command("--modes", "bn", option, value, run=word)).code == 0
        assert f" differ in {word} (" in refuses("compare", f"{run}:dbn-single", f"{other}:bn")
    mbn = ("--modes", "bn", "--noise", "mbn", "--sigmas", "0.5")
    assert ln_bench(*lab.command(*mbn, run="other")).code == 0
    rows = (lab.folder / "other/cells.jsonl").read_text().splitlines()
    kept = [row for row in rows if json.loads(row)["corruption"] != "clean"]
    (lab.folder / "other/cells.jsonl").write_text("".join(f"{row}\n" for row in kept))
    assert "share no condition" in refuses("compare", f"{run}:bn", f"{lab.folder}/other:bn")


def test_predictions_that_are_gone_or_changed_are_refused(run, refuses):
    file = run / "predictions" / "clean-0-running.npz"
    with np.load(file) as found:
        arrays = dict(found)
    labels = arrays["labels"].copy()
    np.savez(file, **(arrays | {"labels": (labels + 1) % 5}))
    command = ("compare", f"{run}:bn", f"{run}:dbn-single")
    assert "clean-0-running.npz" in refuses(*command)
    assert "correct, its row says" in refuses(*command)
    np.savez(file, **(arrays | {"labels": labels[:-1]}))
    assert "different numbers of images" in refuses(*command)
    file.write_bytes(file.read_bytes()[:100])
    assert "not a file of predictions: damaged" in refuses(*command)
    file.unlink()
    assert "no such file; measure the run again" in refuses(*command)


def test_modes_have_the_papers_names_and_ids_in_csv_files(run, ln_bench, tmp_path):
    command = ("compare", f"{run}:bn", f"{run}:dbn-batch")
    papers = ln_bench(*command, "--out", str(tmp_path / "a"))
    assert "A: net BatchNorm (" in papers.out
    assert "B: net Dynamic BN-Batch (" in papers.out
    assert "Dynamic BN-Batch (B)" in (tmp_path / "a" / "comparison.md").read_text()
    ids = ln_bench(*command, "--names", "ids", "--out", str(tmp_path / "b"))
    assert "A: net bn (" in ids.out
    frames = [pd.read_csv(tmp_path / name / "comparison.csv") for name in "ab"]
    assert set(frames[0]["second"]) == set(frames[1]["second"]) == {"net dbn-batch"}
    refused = ln_bench(*command, "--names", "id")
    assert refused.code == 2
    assert "did you mean 'ids'" in refused.err
