"""The page of a comparison: who is ahead, where, and on which images."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from robustbench_ln.reports.compare import Pair, compare_modes
from robustbench_ln.reports.compare_images import find_only_right
from robustbench_ln.reports.compare_page import compare_page
from robustbench_ln.reports.html_page import html_page
from robustbench_ln.runs.results import find_modes
from tests.reports.test_html_page import Elements
from tests.reports.test_paper_figures import NASTY, measure


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    modes = find_modes(measure(tmp_path_factory.mktemp("compared") / "run", NASTY), None)
    return compare_modes(modes["ln-single"], modes["ln-voting"])


@pytest.fixture(scope="module")
def page(pair: Pair) -> Elements:
    return Elements(html_page(compare_page([pair])))


def rows_of(page: Elements, label: str) -> list[str]:
    start = page.texts.index(label)
    return page.texts[start:]


def test_the_images_are_those_that_one_side_alone_gets_right(pair: Pair) -> None:
    found = list(find_only_right(pair))
    assert [only.condition for only in found] == [*pair.cells]
    for only in found:
        counts = pair.cells[only.condition].discordance
        assert (len(only.first), len(only.second)) == tuple(counts)
        assert not set(only.first.tolist()) & set(only.second.tolist())
        for mode, images in zip(pair.modes, (only.first, only.second), strict=True):
            predictions = mode.read_predictions(only.condition)
            right = predictions.image_index[mode.cells[only.condition].correct]
            assert set(images.tolist()) <= set(right.tolist())
            assert np.array_equal(images, np.sort(images))


def test_every_condition_has_a_verdict_and_a_dot(pair: Pair, page: Elements) -> None:
    assert len(page.named("img")) == len(pair.families) == 2
    assert page.texts.count("ahead") == 2
    words = {"ahead": "A", "behind": "B", "undecided": "undecided"}
    for part in pair.families:
        (drawn,) = [image for image in page.named("img") if part.family.title in str(image["alt"])]
        assert "paired 95 % interval" in str(drawn["alt"])
        for condition in part.members:
            cells = rows_of(page, part.family.condition_name(condition))
            row = [text for text in cells[: cells.index("\n")] if text.strip()]
            assert row[-1] == words[pair.verdict(condition)]


def test_the_page_is_safe_and_says_what_it_has(pair: Pair, page: Elements) -> None:
    assert "This page contains no test images." in page.texts
    assert len(page.named("script")) == 1
    assert not page.named("i")
    assert NASTY in "".join(page.texts)
    assert html_page(compare_page([pair])) == html_page(compare_page([pair]))
    twice = Elements(html_page(compare_page([pair, pair])))
    assert len(twice.named("h2")) == 2
    assert len({section.get("aria-labelledby") for section in twice.named("section")}) == 2
