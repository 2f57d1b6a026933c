"""An estimate needs neither the checkpoint nor the images."""

from __future__ import annotations

import numpy as np
import pytest

from robustbench_ln.data.image_set import ImageShape
from robustbench_ln.errors import LnBenchError
from robustbench_ln.evaluation.image_request import ImageRequest
from robustbench_ln.evaluation.request import EvaluationRequest, open_request
from robustbench_ln.evaluation.stand_ins import stand_in
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.progress import Silent
from robustbench_ln.spec import EvaluationSpec


class Notes(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, text: str) -> None:
        self.lines.append(str(text))


def open_missing(path: str = "no.pth", data: str = "cifar10:no", **network):
    notes = Notes()
    request = EvaluationRequest(
        network=NetworkSource(path=path, **network),
        images=ImageRequest(data=data),
        spec=EvaluationSpec(),
        normalize=None,
    )
    opened = open_request(stand_in(request, notes), progress=Silent())
    return opened, notes.lines


def test_neither_file_is_needed():
    opened, notes = open_missing(arch="resnet20")
    assert (len(opened.images), opened.images.shape) == (10_000, ImageShape(32, 32, 3))
    assert (opened.subject.num_classes, opened.subject.label) == (10, "no")
    assert [line.partition(";")[0] for line in notes] == [
        "Note: cifar10:no is not there",
        "Note: no.pth is not there",
    ]


def test_a_new_network_has_the_classes_and_channels_of_the_images(tmp_path):
    pixels, labels = np.zeros((4, 32, 32, 1), np.uint8), np.array([0, 5, 30, 2])
    np.savez(tmp_path / "x.npz", images=pixels, labels=labels)
    opened, notes = open_missing(arch="resnet20", data=f"arrays:{tmp_path / 'x.npz'}")
    assert opened.subject.num_classes == 31
    assert len(notes) == 1


def test_what_is_there_is_taken():
    opened, notes = open_missing("demo:batchnorm", data="demo:digits")
    assert opened.subject.checkpoint.path == "demo:batchnorm"
    assert notes == []


def test_a_missing_file_without_a_named_network_is_refused_as_ever():
    with pytest.raises(LnBenchError, match="no.pth"):
        open_missing(data="demo:digits")
