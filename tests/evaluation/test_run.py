from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.data.class_list import digest_classes
from robustbench_ln.errors import CheckpointError, DataError, SpecError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.runs.records import read_records
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import EvaluationSpec, Normalization
from tests.evaluation.small_runs import comparable, make_images, make_spec, make_subject
from tests.norms.networks import settle, small_net


class Wrapped(nn.Module):
    """A network whose output is made of another's logits."""

    def __init__(self, wrap) -> None:
        super().__init__()
        self.network, self.wrap = small_net(), wrap

    def forward(self, images):
        return self.wrap(self.network(images))


@pytest.mark.parametrize("softens", [False, True])
def test_an_output_in_a_dict_gives_the_rows_of_the_bare_output(softens, tmp_path):
    def bare(logits):
        return logits.softmax(dim=-1) if softens else logits

    rows = {}
    for name, wrap in (("bare", bare), ("dict", lambda x: {"out": bare(x), "maps": x[..., None]})):
        subject = make_subject(Wrapped(wrap))
        rows[name] = evaluate(subject, make_images(), make_spec(), out=tmp_path / name)
    assert comparable(rows["dict"]) == comparable(rows["bare"])
    assert {row.outputs for row in rows["dict"]} == {"probabilities" if softens else "logits"}


CHOSEN = (0, 3, 4)


@pytest.mark.parametrize("num_groups", [None, 3])
@pytest.mark.parametrize("softens", [False, True])
def test_left_out_classes_count_as_if_the_network_had_none(num_groups, softens, tmp_path):
    """The reference is a network whose head has no other outputs, and labels that say so."""
    base = small_net() if num_groups is None else convert_batchnorm(small_net(), num_groups).model

    class Head(nn.Module):
        def __init__(self, wrap) -> None:
            super().__init__()
            self.network, self.wrap = base, wrap

        def forward(self, images):
            return self.wrap(self.network(images))

    images = make_images()
    labels = np.array(CHOSEN)[images.labels % 3]
    spec = make_spec(tie_rule="logit-sum")
    whole = evaluate(
        make_subject(Head(lambda x: x.softmax(dim=-1) if softens else x)),
        replace(images, labels=labels),
        replace(spec, classes=CHOSEN),
        out=tmp_path / "whole",
    )
    cut = evaluate(
        make_subject(Head(lambda x: x[:, list(CHOSEN)]), num_classes=3),
        replace(images, labels=images.labels % 3),
        spec,
        out=tmp_path / "cut",
    )
    assert len(whole) == len(cut) > 8
    for ours, theirs in zip(whole, cut, strict=True):
        assert (ours.classes, theirs.classes) == (digest_classes(CHOSEN), None)
        counts = ("mode", "corruption", "severity", "correct", "ties", "expected_correct")
        assert [getattr(ours, n) for n in counts] == [getattr(theirs, n) for n in counts]
        assert ours.nll == pytest.approx(theirs.nll, rel=1e-4)
        assert ours.ece == pytest.approx(theirs.ece, abs=1e-4)
    assert {ours.correct for ours in whole} != {0}


def test_a_run_keeps_the_rows_of_all_classes_and_of_some(tmp_path):
    images = make_images()
    images = replace(images, labels=np.array(CHOSEN)[images.labels % 3])
    spec = make_spec(modes=("bn",))
    every = evaluate(make_subject(), images, spec, out=tmp_path / "run")
    some = replace(spec, classes=CHOSEN)
    both = evaluate(make_subject(), images, some, out=tmp_path / "run")
    assert len(both) == 2 * len(every)
    assert evaluate(make_subject(), images, some, out=tmp_path / "run") == both
    assert [mode.variant for mode in read_results([tmp_path / "run"])] == [
        "bn (all classes)", "bn (3 classes)",
    ]  # fmt: skip
    names = sorted(path.name for path in (tmp_path / "run/predictions").iterdir())
    assert names[:2] == [
        f"agn-0.5-paper-clip-running-classes{digest_classes(CHOSEN)}.npz",
        "agn-0.5-paper-clip-running.npz",
    ]


def test_a_run_has_one_row_for_each_condition_and_mode(tmp_path):
    records = evaluate(make_subject(), make_images(), make_spec(), out=tmp_path / "run")
    assert [(r.corruption, r.severity) for r in records[::4]] == [
        ("clean", 0.0), ("agn", 0.5), ("mbn", 0.5),
    ]  # fmt: skip
    assert {r.mode for r in records} == {"bn", "dbn-batch", "dbn-single", "dbn-single-rot90"}
    assert all(r.total == 37 for r in records)
    batch = next(r for r in records if r.mode == "dbn-batch")
    assert (batch.set_size, batch.refills) == (8, 3)
    assert records == read_records(tmp_path / "run")
    line = json.loads((tmp_path / "run/cells.jsonl").read_text().splitlines()[0])
    for field in [
        "mode",
        "corruption",
        "severity",
        "convention",
        "correct",
        "total",
        "expected_correct",
        "expected_sd",
        "ties",
        "refills",
        "seconds",
    ]:
        assert field in line
    assert line["expected_correct"] is None
    described = json.loads((tmp_path / "run/run.json").read_text())
    assert described["checkpoint"]["sha256"] == "abc"
    assert described["data"]["num_images"] == 37


def test_the_first_row_equals_the_models_own_predictions(tmp_path):
    subject, images = make_subject(), make_images()
    records = evaluate(subject, images, make_spec(modes=("bn",)), out=tmp_path / "run")
    with torch.no_grad():
        logits = subject.model(torch.from_numpy(images.pixels).permute(0, 3, 1, 2) / 255)
    expected = int((logits.argmax(1).numpy() == images.labels).sum())
    assert records[0].correct == expected


def test_the_normalisation_is_applied_after_the_noise(tmp_path):
    half = Normalization(name="x", mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))
    subject = make_subject(normalization=half)
    images = make_images()
    records = evaluate(subject, images, make_spec(modes=("bn",)), out=tmp_path / "run")
    pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).double() / 255
    mean, std = (
        torch.tensor(v, dtype=torch.float64).reshape(1, 3, 1, 1) for v in (half.mean, half.std)
    )
    with torch.no_grad():
        expected = subject.model.double()((pixels - mean) / std).softmax(1).amax(1)
    stored = np.load(tmp_path / "run/predictions/clean-0-running.npz")
    np.testing.assert_allclose(
        stored["top1_probability"][0], expected[stored["image_index"]], rtol=1e-4
    )
    assert len(records) == 3


@pytest.mark.parametrize("device_batch", [1, 7, 64, 1017])
def test_device_batch_and_order_of_conditions_change_no_row(tmp_path, device_batch):
    expected = evaluate(make_subject(), make_images(), make_spec(), out=tmp_path / "a")
    spec = make_spec(device_batch=device_batch, conditions=tuple(reversed(make_spec().conditions)))
    records = evaluate(make_subject(), make_images(), spec, out=tmp_path / "b")
    key = {record.key: record.correct for record in expected}
    assert {record.key: record.correct for record in records} == key


def test_images_that_do_not_fit_the_network_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"image \d+ of arrays:test.npz has label [34], the net"):
        evaluate(make_subject(num_classes=3), make_images(), make_spec(), out=tmp_path / "a")
    with pytest.raises(DataError, match="images have 1 channels, normalize='none' has 3"):
        evaluate(make_subject(), make_images(channels=1), make_spec(), out=tmp_path / "b")
    with pytest.raises(CheckpointError, match="expected one logit for each of 7 classes"):
        evaluate(make_subject(num_classes=7), make_images(), make_spec(), out=tmp_path / "c")
    assert not (tmp_path / "a").exists()


def test_nan_logits_are_an_error_that_names_the_image_and_leave_nothing(tmp_path):
    model = small_net()
    model.head.bias.data[2] = float("nan")
    with pytest.raises(CheckpointError, match=r"NaN or infinite for image \d+ of arrays:test"):
        evaluate(make_subject(model), make_images(), make_spec(), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_local_norm_rows_have_their_expectation(tmp_path):
    model = settle(convert_batchnorm(small_net(), 4).model)
    records = evaluate(make_subject(model), make_images(), make_spec(), out=tmp_path / "run")
    by_mode = {r.mode: r for r in records if r.corruption == "agn"}
    assert len(by_mode) == 6
    batch, vote = by_mode["ln-batch"], by_mode["ln-voting"]
    assert (batch.set_size, batch.num_groups, batch.refills) == (4, 4, 3)
    stored = np.load(tmp_path / "run/predictions/agn-0.5-paper-clip-set4.npz")
    right = stored["class_index"] == stored["labels"]
    assert batch.expected_correct == pytest.approx(right.mean(axis=0).sum())
    assert vote.expected_correct is None
    assert vote.tie_rule == "random"
    assert batch.tie_rule is None


def test_fewer_images_than_a_set_make_one_set(tmp_path):
    records = evaluate(
        make_subject(), make_images(5), make_spec(modes=("dbn-batch",)), out=tmp_path / "run"
    )
    assert {(r.set_size, r.refills, r.total) for r in records} == {(5, 0, 5)}


def test_limit_takes_the_first_of_the_permutation(tmp_path):
    evaluate(make_subject(), make_images(), make_spec(modes=("bn",)), out=tmp_path / "a")
    evaluate(make_subject(), make_images(), make_spec(modes=("bn",), limit=9), out=tmp_path / "b")
    name = "predictions/clean-0-running.npz"
    whole, part = np.load(tmp_path / "a" / name), np.load(tmp_path / "b" / name)
    assert np.array_equal(whole["image_index"][:9], part["image_index"])
    assert np.array_equal(whole["class_index"][:, :9], part["class_index"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"stat_batch": 0}, "stat_batch= is 0"),
        ({"group_size": 0}, "group_size= is 0"),
        ({"device_batch": -1}, "device_batch= is -1"),
        ({"repeats": 0}, "repeats= is 0; expected 1 to 1,000 seeds"),
        ({"repeats": 10**9}, "repeats= is 1000000000; expected 1 to 1,000 seeds"),
        ({"limit": 0}, "limit= is 0"),
        ({"prior": -1.0}, "prior= is -1"),
        ({"prior": float("nan")}, "prior= is nan"),
        ({"seed": -1}, "seed= is -1"),
        ({"seed": 0.5}, "seed= is 0.5; expected a whole number"),
        ({"stat_batch": 8.0}, "stat_batch= is 8.0; expected a whole number"),
        ({"modes": ()}, "nothing to do"),
    ],
)
def test_numbers_out_of_range_are_refused(changes, message):
    with pytest.raises(SpecError, match=message):
        EvaluationSpec(**changes)


def test_an_infinite_prior_is_bn_and_is_recorded(tmp_path):
    spec = make_spec(modes=("bn", "bn-adapt"), prior=float("inf"))
    records = evaluate(make_subject(), make_images(), spec, out=tmp_path / "run")
    counts = {(r.corruption, r.mode): r.correct for r in records}
    assert counts["agn", "bn"] == counts["agn", "bn-adapt"]
    assert {r.prior for r in records} == {None, "inf"}


def test_rescale_depends_on_the_evaluated_set_alone(tmp_path):
    conditions = noise_conditions(["agn"], convention="released", sigmas=[1.0])
    records = [
        evaluate(
            make_subject(), make_images(), make_spec(conditions=conditions, device_batch=batch),
            out=tmp_path / str(batch),
        )
        for batch in (5, 64)
    ]  # fmt: skip
    assert [r.psnr for r in records[0]] == [r.psnr for r in records[1]]
    assert records[0][-1].range == "rescale"
    assert records[0][-1].gain == pytest.approx(1.5, abs=0.02)
