"""The samples of a run, level by level, as pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.sample_slides import Slides, make_slides
from robustbench_ln.runs.kept_images import find_seen
from tests.reports.synthetic_runs import noise_run
from tests.reports.test_paper_figures import measure


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measure(tmp_path_factory.mktemp("slides") / "run", "net")


def slides_of(folder: Path) -> dict[str, Slides]:
    found = {table.name: make_slides(table) for table in read_tables([folder])}
    return {name: slides for name, slides in found.items() if slides is not None}


def test_each_level_shows_what_the_network_was_shown(folder: Path) -> None:
    noise = slides_of(folder)["agn_paper_clip"]
    assert noise.words == "sigma"
    assert [level.name for level in noise.levels] == ["clean", "sigma 0.2", "sigma 0.5"]
    (table,) = (t for t in read_tables([folder]) if t.name == "agn_paper_clip")
    mode = table.modes[0]
    for level, (place, cell) in zip(noise.levels, table.cells[mode].items(), strict=True):
        (strip,) = level.strips
        shown = np.asarray(Image.open(io.BytesIO(strip.content)))
        seen = find_seen(mode.run, cell.record.condition)
        assert seen is not None
        height, width = seen.samples.shape[1:3]
        for number, sample in enumerate(seen.samples[:4]):
            left = number * (width + 2)
            part = shown[:, left : left + width].reshape(sample.shape)
            assert np.array_equal(part, sample), place
        assert (strip.width, strip.height) == (4 * width + 6, height)
        assert strip.kind == "png"
        assert strip.caption == ""
        assert strip.alt.startswith("4 test images, ")


def test_corruptions_stand_together_at_each_severity(folder: Path) -> None:
    slides = slides_of(folder)["cifar10-c_generated"]
    assert slides.words == "severity"
    assert [level.name for level in slides.levels] == ["clean", "severity 3"]
    assert [strip.caption for strip in slides.levels[1].strips] == ["snow", "fog"]
    assert slides.levels[1].strips[1].alt == "4 test images, fog at severity 3"


def test_a_run_without_samples_has_none(tmp_path: Path) -> None:
    assert slides_of(noise_run(tmp_path / "run")) == {}
    assert slides_of(measure(tmp_path / "none", "net", samples=0)) == {}
