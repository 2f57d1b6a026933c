"""Guesses against plain sums over the logits of `with_statistics`."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.data import ArrayImages
from robustbench_ln.errors import CheckpointError, DataError, SpecError
from robustbench_ln.evaluation.degraded_copies import Degradation, DegradedImages
from robustbench_ln.evaluation.own_network import name_own_network
from robustbench_ln.evaluation.predict import predict_copies, predict_pictures
from robustbench_ln.evaluation.prediction_sheet import SheetRow, draw_predictions
from robustbench_ln.norms import LocalNorm2d, StatisticsLayout, convert_batchnorm, with_statistics
from robustbench_ln.spec import EvaluationSpec, parse_normalization
from tests.norms.networks import settle, small_net

PIXELS = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
IMAGES = ArrayImages(source="some", kind="arrays", pixels=PIXELS, labels=np.zeros(4, np.int64))


def local_net() -> nn.Module:
    return settle(convert_batchnorm(small_net(), 5).model)


def quarrelling_net() -> nn.Module:
    """Group 0 looks for the brightest value of a channel, group 1 for the darkest."""
    norm = LocalNorm2d(3, 2)
    norm.weight.data[1] = -1
    return nn.Sequential(norm, nn.AdaptiveMaxPool2d(1), nn.Flatten())


def ask(model, modes: str, images=IMAGES, **options):
    normalization = parse_normalization("0.4/0.2", 3)
    subject = name_own_network(model, normalization, image_shape=(3, 8, 8))
    spec = EvaluationSpec(
        modes=tuple(modes.split(",")), stat_batch=4, group_size=4, device_batch=3, **options
    )
    return predict_pictures(subject, images, spec)


def probabilities(model, layout) -> np.ndarray:
    """[G, N, K], in float64 from here on."""
    view = with_statistics(model, layout, image_shape=(3, 8, 8))
    pixels = (torch.from_numpy(PIXELS).permute(0, 3, 1, 2) / 255 - 0.4) / 0.2
    logits = [view(pixels, group=g).double().numpy() for g in range(view.num_groups)]
    return np.stack([np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True) for x in logits])


@pytest.mark.parametrize(
    ("mode", "layout"),
    [
        ("dbn-single", StatisticsLayout.image()),
        ("dbn-single-rot90", StatisticsLayout.rot90()),
        ("dbn-batch", StatisticsLayout.batch(4)),
        ("bn", StatisticsLayout.running()),
    ],
)
def test_without_groups_the_guesses_are_the_softmax_sorted(mode, layout):
    (said,) = ask(small_net(), mode)
    (expected,) = probabilities(small_net(), layout)
    assert (said.mode.name, said.num_groups, said.set_size) == (mode, 1, layout.set_size)
    for guesses, row in zip(said.guesses, expected, strict=True):
        assert [guess.class_index for guess in guesses] == np.argsort(-row).tolist()
        assert [guess.probability for guess in guesses] == pytest.approx(sorted(row)[::-1], 1e-4)
        assert {guess.votes for guess in guesses} == {None}


@pytest.mark.parametrize(
    ("mode", "layout"),
    [
        ("ln-single-voting", StatisticsLayout.image()),
        ("ln-single-voting-rot90", StatisticsLayout.rot90()),
        ("ln-voting", StatisticsLayout.set(4)),
    ],
)
def test_voting_counts_groups_and_averages_probabilities(mode, layout):
    (said,) = ask(local_net(), mode, tie_rule="lowest")
    expected = probabilities(local_net(), layout)
    for image, guesses in enumerate(said.guesses):
        votes = [0] * 5
        for group in range(5):
            votes[int(expected[group, image].argmax())] += 1
        mean = expected[:, image].mean(axis=0)
        assert guesses[0].class_index == votes.index(max(votes))
        assert {g.class_index: g.votes for g in guesses} == dict(enumerate(votes))
        assert all(g.probability == pytest.approx(mean[g.class_index], rel=1e-4) for g in guesses)
        rest = [(-g.votes, -g.probability) for g in guesses[1:]]
        assert rest == sorted(rest)


def test_a_tie_goes_to_the_lowest_class_where_that_is_the_rule():
    def tied(seed: int, tie_rule: str) -> list[int]:
        generator = np.random.default_rng(0)
        pixels = generator.integers(0, 256, (40, 8, 8, 3)).astype(np.uint8)
        many = ArrayImages(
            source="many", kind="arrays", pixels=pixels, labels=np.zeros(40, np.int64)
        )
        (said,) = ask(quarrelling_net(), "ln-single-voting", many, seed=seed, tie_rule=tie_rule)
        ties = [g for g in said.guesses if sum(x.votes == g[0].votes for x in g) > 1]
        assert ties
        if tie_rule == "lowest":
            for guesses in ties:
                best = [g.class_index for g in guesses if g.votes == guesses[0].votes]
                assert guesses[0].class_index == min(best)
        return [guesses[0].class_index for guesses in ties]

    assert tied(0, "lowest") == tied(1, "lowest")
    assert len({tuple(tied(seed, "random")) for seed in range(6)}) > 1


def test_a_picked_group_is_one_of_the_groups_and_one_for_a_set():
    (said,) = ask(local_net(), "ln-batch", seed=3)
    expected = probabilities(local_net(), StatisticsLayout.set(4))
    first = [guesses[0].probability for guesses in said.guesses]
    groups = [g for g in range(5) if first == pytest.approx(expected[g].max(axis=-1), rel=1e-4)]
    assert len(groups) == 1
    seen = {ask(local_net(), "ln-batch", seed=seed)[0].guesses for seed in range(8)}
    assert len(seen) > 1


def test_all_is_every_mode_of_the_network_and_it_stays_as_it_was():
    model = local_net().train()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    said = ask(model, "all")
    assert [mode.mode.name for mode in said] == [
        "ln-single", "ln-single-voting", "ln-batch", "ln-voting", "ln-single-rot90",
        "ln-single-voting-rot90",
    ]  # fmt: skip
    assert model.training
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_what_cannot_be_is_refused():
    with pytest.raises(SpecError, match="modes='ln-voting': needs LocalNorm groups"):
        ask(small_net(), "ln-voting")
    exploded = small_net()
    exploded.head.weight.data.fill_(float("inf"))
    with pytest.raises(CheckpointError, match="NaN or infinite for image 0 of some"):
        ask(exploded, "bn")
    grey = ArrayImages(
        source="grey", kind="arrays", pixels=PIXELS[..., :1], labels=np.zeros(4, np.int64)
    )
    with pytest.raises(DataError, match="grey: images have 1 channels"):
        ask(small_net(), "bn", grey)


def test_copies_are_sets_of_their_own_and_pictures_keep_their_pick():
    spec = EvaluationSpec(modes=("ln-batch", "ln-voting"), stat_batch=4, group_size=4, seed=3)
    subject = name_own_network(
        local_net(), parse_normalization("0.4/0.2", 3), image_shape=(3, 8, 8)
    )
    dark, flat = Degradation("brightness", 0.5), Degradation("contrast", 0.25)
    copies = predict_copies(subject, IMAGES, spec, degrade=(flat, dark))
    assert [copy.degradation for copy in copies] == [None, flat, dark]
    for copy in copies:
        assert copy.said == predict_pictures(subject, copy.images, spec)
    assert copies[0].said != copies[1].said != copies[2].said
    assert np.array_equal(copies[2].images.read([1]), DegradedImages(IMAGES, dark).read([1]))


def rows_of(said, *, captions=((),) * 4, true_class=None) -> list[SheetRow]:
    names = ["a.png", "b" * 99, "c\n", "σ"]
    return [
        SheetRow(
            PIXELS[row],
            names[row],
            captions[row],
            tuple((mode.mode.name, mode.num_groups, mode.guesses[row]) for mode in said),
            true_class,
        )
        for row in range(4)
    ]


def test_the_sheet_shows_every_picture_and_bars_as_long_as_probabilities():
    said = ask(local_net(), "ln-single-voting,ln-voting")
    sheet = np.asarray(draw_predictions(rows_of(said), "class number {}".format, title="net"))
    assert sheet.shape == (28 + 4 * 204, 176 + 2 * 260, 3)
    for row in range(4):
        top = 28 + row * 204 + 8
        shown = sheet[top + 28 : top + 188, 8:168]
        assert np.array_equal(shown[::20, ::20], PIXELS[row])
        assert (sheet[top : top + 20, 8:168] < 128).any(), "its name"
        for column, mode in enumerate(said):
            line = sheet[top + 28 + 18 + 1, 176 + column * 260 : 176 + column * 260 + 260]
            length = int((line == (0, 114, 178)).all(axis=-1).sum())
            assert length == round(mode.guesses[row][0].probability * 244) + 1


def test_the_sheet_says_what_was_done_and_who_was_right():
    said = ask(local_net(), "ln-single-voting,ln-voting")
    right = int(said[0].guesses[0][0].class_index)
    rows = rows_of(said, captions=((), ("contrast 20 %",), (), ()), true_class=right)
    sheet = np.asarray(draw_predictions(rows, str, title="net"))
    assert sheet.shape == (28 + 4 * 222, 176 + 2 * 260, 3), "a line more, for all rows"
    for row in range(4):
        top = 28 + row * 222 + 8
        assert np.array_equal(sheet[top + 46 : top + 206 : 20, 8:168:20], PIXELS[row])
        assert (sheet[top + 20 : top + 40, 8:168] < 128).any() == (row == 1)
        for column, mode in enumerate(said):
            left = 176 + column * 260
            corner = sheet[top : top + 18, left + 180 : left + 244].astype(int)
            blue = int((corner[..., 2] - corner[..., 0]).max())
            red = int((corner[..., 0] - corner[..., 2]).max())
            is_right = mode.guesses[row][0].class_index == right
            assert (blue > 60, red > 60) == (is_right, not is_right)
