"""What is said of a network's input: the option, its publisher, its file, or nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from robustbench_ln.errors import SpecError
from robustbench_ln.files.pictures import Framing
from robustbench_ln.models import build_model, find_architecture, load_model
from robustbench_ln.models.opened import (
    OpenedNetwork,
    choose_framing,
    choose_normalize,
    input_shape,
    open_network,
)
from robustbench_ln.models.source import NetworkSource
from robustbench_ln.models.weights_metadata import InputPipeline
from robustbench_ln.norms import convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.spec import parse_normalization
from tests.models.loading import checkpoint_of

PIPELINE = InputPipeline(
    source="a publisher",
    normalization=parse_normalization("imagenet", 3),
    resize=232,
    crop=224,
    interpolation="bicubic",
)


def opened(network: nn.Module, name: str, **metadata) -> OpenedNetwork:
    checkpoint = replace(checkpoint_of(network.state_dict()), metadata=metadata)
    loaded = load_model(checkpoint, find_architecture(name))
    return OpenedNetwork(loaded=loaded, pipeline=None, normalize="none", name="net")


def test_an_option_comes_before_the_publisher():
    assert choose_normalize("none", PIPELINE) == "none"
    assert choose_normalize(None, PIPELINE) == "imagenet"
    with pytest.raises(SpecError, match=r"normalize= is missing: .*imagenet, .*or MEAN/STD"):
        choose_normalize(None, None)


def test_any_framing_that_is_asked_for_replaces_the_published_one():
    published = Framing(resize=232, crop=224, interpolation="bicubic")
    assert choose_framing(Framing(), PIPELINE) == published
    assert choose_framing(Framing(crop=200), PIPELINE) == Framing(crop=200)
    assert choose_framing(Framing(), None) == Framing()


def test_images_are_as_published_unless_a_size_is_given():
    loaded = opened(build_model("mnist-dnn"), "mnist-dnn").loaded
    assert input_shape(loaded, image_size=None, channels=3) == (1, 28, 28)
    assert input_shape(loaded, image_size=32, channels=3) == (3, 32, 32)
    users = replace(loaded, architecture=None)
    assert input_shape(users, image_size=None, channels=3) == (3, 224, 224)
    assert input_shape(users, image_size=64, channels=1) == (1, 64, 64)


@pytest.mark.parametrize(
    ("groups", "metadata", "size"),
    [
        (8, {}, 16),  # the papers' 128 over 8
        (1, {}, 128),
        (8, {"group_size": 32}, 32),
        (8, {"group_size": "32"}, 32),
        (8, {"group_size": "-4"}, 16),
        (8, {"group_size": "many"}, 16),
        (256, {}, 1),
    ],
)
def test_a_group_has_the_images_that_the_file_says_or_the_papers_batch_over_the_groups(
    groups, metadata, size
):
    network = build_model("resnet20")
    local = convert_batchnorm(network, groups).model if groups > 1 else network
    assert opened(local, "resnet20", **metadata).group_size == size


def test_a_network_is_grey_by_its_first_convolution():
    assert opened(build_model("mnist-dnn"), "mnist-dnn").is_grey
    assert not opened(build_model("resnet20"), "resnet20").is_grey


class Told(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


@pytest.mark.parametrize(
    ("normalize", "notes"), [(None, 0), ("cifar10", 0), ("imagenet", 1), ("0.5/0.5", 1)]
)
def test_an_option_that_differs_from_what_the_file_says_is_noted(tmp_path, normalize, notes):
    state = {"state_dict": build_model("resnet20").state_dict(), "normalize": "cifar10"}
    torch.save(state, tmp_path / "my net.pt")
    told = Told()
    source = NetworkSource(path=tmp_path / "my net.pt", arch="resnet20")
    network = open_network(source, normalize, progress=told)
    assert (network.normalize, network.name) == (normalize or "cifar10", "my net")
    assert len(told.notes) == notes
    assert all("was trained with cifar10" in note for note in told.notes)


def test_a_wrong_normalisation_is_refused_before_the_file_is_looked_for(tmp_path):
    with pytest.raises(SpecError, match="unknown normalisation 'x'"):
        open_network(NetworkSource(path=tmp_path / "none.pt", arch="resnet20"), "x")
