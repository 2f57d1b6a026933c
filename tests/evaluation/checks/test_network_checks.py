"""Each kind of network that gives wrong numbers is warned of, and its right neighbours are not."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from robustbench_ln.evaluation.checks import as_logits, check_probe, find_outputs
from robustbench_ln.evaluation.checks.fresh_statistics import check_fresh_statistics, is_settled
from robustbench_ln.evaluation.checks.independence import check_independence
from robustbench_ln.evaluation.checks.outputs import check_outputs
from robustbench_ln.evaluation.checks.repeatability import check_repeatability
from robustbench_ln.evaluation.checks.stored_normalization import check_stored_normalization
from robustbench_ln.evaluation.checks.unseen_norms import check_unseen_norms
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.spec import EvaluationSpec
from tests.evaluation.checks.networks import (
    AmongOthers,
    BatchMean,
    CentresBy,
    Counting,
    Dropout,
    FunctionalNorm,
    Net,
    Normalizes,
    NormalizesByNorm,
    Outputs,
    Temperature,
    TrainsItself,
    WithMovingNorm,
    WithOwnNorm,
    WithUnusedHead,
    fit,
    photographs,
    probe_of,
)

IMAGES = photographs()


def group_norm() -> nn.Module:
    model = fit(Net(), IMAGES)
    model.bn1, model.bn2 = nn.GroupNorm(2, 8), nn.GroupNorm(2, 8)
    return model


def local_norm() -> nn.Module:
    return convert_batchnorm(fit(Net(), IMAGES), num_groups=2).model


@pytest.mark.parametrize(
    "make",
    [lambda: fit(Net(), IMAGES), lambda: fit(WithUnusedHead(), IMAGES), group_norm, local_norm],
    ids=["batch", "unused head", "group", "local"],
)
@pytest.mark.parametrize("amp", [None, "bf16"])
def test_right_networks_pass_every_check(make, amp):
    results = check_probe(probe_of(make(), IMAGES, spec=EvaluationSpec(amp=amp)))
    assert {result.status for result in results} <= {"passed", "not applicable"}, results
    assert [result.name for result in results] == [
        "repeatability", "independence", "outputs", "unseen_norms", "fresh_statistics",
        "input_statistics", "stored_normalization", "pixel_range", "image_size",
    ]  # fmt: skip


@pytest.mark.parametrize("network", [Dropout, Counting])
def test_a_network_that_draws_or_remembers_is_warned_of(network):
    result = check_repeatability(probe_of(fit(network(), IMAGES), IMAGES))
    assert result.status == "warning"
    assert result.numbers["difference"] > 1e-2
    assert result.line.startswith("Warning: the same images give other logits each time")


@pytest.mark.parametrize("network", [BatchMean, AmongOthers])
def test_a_network_that_looks_at_its_neighbours_is_warned_of(network):
    result = check_independence(probe_of(fit(network(), IMAGES), IMAGES))
    assert result.status == "warning"
    assert result.numbers["difference"] > 1e-2
    assert "device_batch=" in result.message


def test_a_set_of_images_alone_gives_what_it_gives_among_others():
    """LocalNorm has no forward pass for one image; its sets must not look at other sets."""
    model = local_norm()
    assert check_independence(probe_of(model, IMAGES)).status == "passed"
    model.__class__ = BatchMean
    assert check_independence(probe_of(model, IMAGES)).status == "warning"


def test_a_network_that_trains_itself_is_named_so():
    result = check_independence(probe_of(fit(TrainsItself(), IMAGES), IMAGES))
    assert result.status == "warning"
    assert "training mode" in result.message


def test_a_network_that_takes_no_single_image_is_not_judged():
    class NoSingle(Net):
        def forward(self, images):
            return self.head(self.features(images).squeeze())

    result = check_independence(probe_of(fit(NoSingle(), IMAGES), IMAGES))
    assert (result.status, result.message) == (
        "not applicable",
        "the network takes no single image",
    )


def test_probabilities_are_noted_and_their_logarithm_is_finite():
    probe = probe_of(fit(Outputs(lambda logits: logits.softmax(1)), IMAGES), IMAGES)
    assert (find_outputs(probe), check_outputs(probe).status) == ("probabilities", "note")
    logits = as_logits(torch.tensor([[0.0, 0.25, 0.75]]))
    assert logits.isfinite().all()
    torch.testing.assert_close(logits.softmax(1), torch.tensor([[0.0, 0.25, 0.75]]))


@pytest.mark.parametrize(
    ("change", "said"),
    [(torch.sigmoid, "values in 0..1"), (lambda x: x.softmax(1) * 100, "rows that sum to 100")],
)
def test_other_outputs_that_are_no_logits_are_warned_of(change, said):
    probe = probe_of(fit(Outputs(change), IMAGES), IMAGES)
    result = check_outputs(probe)
    assert (find_outputs(probe), result.status) == ("logits", "warning")
    assert said in result.message


@pytest.mark.parametrize("change", [torch.relu, lambda x: x.log_softmax(1)])
def test_logits_of_other_kinds_pass(change):
    probe = probe_of(fit(Outputs(change), IMAGES), IMAGES)
    assert (find_outputs(probe), check_outputs(probe).status) == ("logits", "passed")


@pytest.mark.parametrize(
    ("network", "name", "cure"),
    [
        (FunctionalNorm, "'bn1'", "call the layer itself"),
        (WithOwnNorm, "'bn2'", "norm_classes="),
        (WithMovingNorm, "'bn2'", "norm_classes="),
    ],
)
def test_running_statistics_that_no_hook_sees_are_named(network, name, cure):
    probe = probe_of(fit(network(), IMAGES), IMAGES)
    before = [buffer.clone() for buffer in probe.view.network.buffers()]
    result = check_unseen_norms(probe)
    assert result.status == "warning"
    assert name in result.message
    assert cure in result.message
    for kept, now in zip(before, probe.view.network.buffers(), strict=True):
        assert torch.equal(kept, now)  # what was changed is put back


def test_an_unused_head_stays_quiet():
    result = check_unseen_norms(probe_of(fit(WithUnusedHead(), IMAGES), IMAGES))
    assert (result.status, dict(result.numbers)) == ("passed", {"unseen": 1})


def test_statistics_of_a_new_network_are_warned_of_where_a_mode_reads_them():
    model = fit(Net(), IMAGES)
    model.bn2.reset_running_stats()
    result = check_fresh_statistics(probe_of(model, IMAGES))
    assert result.status == "warning"
    assert "1 of 2 norm layers" in result.message
    assert "'bn2'" in result.message
    dynamic = EvaluationSpec(modes=("dbn-batch",))
    assert check_fresh_statistics(probe_of(model, IMAGES, spec=dynamic)).status == "not applicable"


@pytest.mark.parametrize(
    ("momentum", "batches", "expected"),
    [
        (0.1, 21, False),
        (0.1, 22, True),
        (0.01, 229, False),
        (0.01, 230, True),
        (0.1, 0, True),  # nobody counted
        (None, 1, True),  # a cumulative average
    ],
)
def test_statistics_settle_after_as_many_batches_as_their_momentum_asks(
    momentum, batches, expected
):
    layer = nn.BatchNorm2d(2, momentum=momentum)
    layer.num_batches_tracked.fill_(batches)
    assert is_settled(layer) is expected


@pytest.mark.parametrize("kind", ["buffers", "lists"])
def test_a_network_that_normalises_itself_is_warned_of_beside_another_normalisation(kind):
    model = fit(Normalizes(kind), IMAGES, "none")
    result = check_stored_normalization(probe_of(model, IMAGES, "imagenet"))
    assert result.status == "warning"
    assert "normalize='none'" in result.message
    assert check_stored_normalization(probe_of(model, IMAGES, "none")).status == "passed"


def test_stored_numbers_that_do_nothing_pass():
    assert (
        check_stored_normalization(probe_of(fit(Normalizes("kept"), IMAGES), IMAGES)).status
        == "passed"
    )
    model = fit(Normalizes("buffers"), IMAGES)
    model.pixel_mean.zero_()
    model.pixel_std.fill_(1)
    assert check_stored_normalization(probe_of(model, IMAGES)).status == "passed"


@pytest.mark.parametrize("values", [{"mean": [0.4, 0.5, 0.6]}, {"mean": [0.5], "std": [0.25]}])
def test_a_mean_of_every_channel_or_a_pair_for_all_is_a_normalisation(values):
    model = fit(CentresBy(**values), IMAGES, "none")
    result = check_stored_normalization(probe_of(model, IMAGES, "imagenet"))
    assert result.status == "warning"
    assert "'mean'" in result.message


@pytest.mark.parametrize("network", [NormalizesByNorm, Temperature])
def test_numbers_of_other_kinds_with_such_names_pass(network):
    results = check_probe(probe_of(fit(network(), IMAGES), IMAGES))
    assert {result.status for result in results} <= {"passed", "not applicable"}, results


def test_nan_logits_are_left_to_the_run():
    results = check_probe(probe_of(fit(Outputs(lambda x: x * torch.nan), IMAGES), IMAGES))
    assert {result.status for result in results} == {"passed", "not applicable"}
