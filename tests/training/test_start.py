from __future__ import annotations

import pytest
import torch

from robustbench_ln.errors import CheckpointError, LayoutError, SpecError
from robustbench_ln.norms import LocalNorm2d
from robustbench_ln.training import RECIPES, StartSource, start_network
from tests.training.networks import USER, images_of, save
from tests.training.stages import same_weights, spec_of, striped_images


def test_fresh_weights_are_seeded_and_alike_for_every_norm():
    batch, again, local, other = (
        start_network(StartSource(arch="resnet20"), images_of(7), spec_of(**changes)).model
        for changes in ({}, {}, {"norm": "local", "num_groups": 8}, {"seed": 1})
    )
    assert same_weights(batch.state_dict(), again.state_dict())
    assert not torch.equal(batch.conv1.weight, other.conv1.weight)
    assert torch.equal(batch.layer3[1].conv2.weight, local.layer3[1].conv2.weight)
    assert isinstance(local.bn1, LocalNorm2d)
    assert batch.linear.out_features == 7


def test_a_fresh_network_takes_the_normalisation_of_the_recipe_or_the_option():
    recipe = RECIPES["cifar-resnet"]
    start = start_network(StartSource(arch="resnet20"), images_of(4), spec_of(recipe))
    assert (start.normalize, start.parent_sha256, start.name) == ("cifar10", "", "resnet20")
    source = StartSource(arch="resnet20", normalize="none")
    assert start_network(source, images_of(4), spec_of(recipe)).normalize == "none"


def test_every_group_starts_from_the_batchnorm_of_the_checkpoint(saved):
    spec = spec_of(norm="local", num_groups=4)
    start = start_network(StartSource(arch="resnet20", init=saved), images_of(10), spec)
    assert start.normalize == "imagenet"
    assert len(start.parent_sha256) == 64
    weights = start.model.bn1.weight
    assert torch.equal(weights, torch.arange(16.0).expand(4, 16))


def test_a_checkpoint_that_does_not_say_its_normalisation_needs_the_option(tmp_path, saved):
    bare = tmp_path / "bare.pt"
    torch.save(torch.load(saved)["state_dict"], bare)
    with pytest.raises(SpecError, match="normalize= is missing"):
        start_network(StartSource(arch="resnet20", init=bare), images_of(10), spec_of())
    source = StartSource(arch="resnet20", init=bare, normalize="symmetric")
    assert start_network(source, images_of(10), spec_of()).normalize == "symmetric"


def test_the_norm_of_a_checkpoint_is_kept_or_its_change_refused(tmp_path, saved):
    local = spec_of(norm="local", num_groups=4)
    start = start_network(StartSource(arch="resnet20", init=saved), images_of(10), local)
    path = save(tmp_path / "ln.pt", start, normalize="none")
    source = StartSource(arch="resnet20", init=path)
    again = start_network(source, images_of(10), local)
    assert same_weights(start.model.state_dict(), again.model.state_dict())
    for spec in (spec_of(), spec_of(norm="local", num_groups=8), spec_of(norm="group")):
        with pytest.raises(
            LayoutError, match="was trained with norm='local' num_groups=4; train it"
        ):
            start_network(source, images_of(10), spec)
    group = start_network(StartSource(arch="resnet20"), images_of(10), spec_of(norm="group"))
    path = save(tmp_path / "gn.pt", group, norm="group", normalize="none")
    source = StartSource(arch="resnet20", init=path)
    again = start_network(source, images_of(10), spec_of(norm="group"))
    assert same_weights(group.model.state_dict(), again.model.state_dict())
    with pytest.raises(LayoutError, match="was trained with norm='group'; train it so"):
        start_network(source, images_of(10), spec_of())


def test_a_new_head_leaves_the_rest_of_the_checkpoint(saved):
    source = StartSource(arch="resnet20", init=saved, has_new_head=True)
    model = start_network(source, images_of(12), spec_of()).model
    assert model.linear.weight.shape == (12, 64)
    old = torch.load(saved)["state_dict"]
    rest = {k: v for k, v in model.state_dict().items() if not k.startswith("linear.")}
    assert same_weights(rest, {k: old[k] for k in rest})
    again = start_network(source, images_of(10), spec_of(seed=1)).model
    assert not torch.equal(again.linear.weight, old["linear.weight"])


def test_a_new_head_keeps_the_groups_of_the_checkpoint(tmp_path, saved):
    spec = spec_of(norm="local", num_groups=4)
    start = start_network(StartSource(arch="resnet20", init=saved), images_of(10), spec)
    path = save(tmp_path / "ln.pt", start, normalize="none")
    source = StartSource(arch="resnet20", init=path, has_new_head=True)
    model = start_network(source, images_of(5), spec).model
    assert torch.equal(model.bn1.weight, start.model.bn1.weight)
    assert model.linear.out_features == 5


def test_networks_of_the_user_and_without_norms(tmp_path):
    (tmp_path / "net.py").write_text(USER)
    images = striped_images()
    tiny = StartSource(model=f"{tmp_path}/net.py:tiny")
    one, other = (start_network(tiny, images, spec_of()).model for _ in range(2))
    assert same_weights(one.state_dict(), other.state_dict())
    plain = StartSource(model=f"{tmp_path}/net.py:plain")
    for spec in (spec_of(), spec_of(norm="local", num_groups=4)):
        with pytest.raises(LayoutError, match="no BatchNorm2d layer; there is nothing to convert"):
            start_network(plain, images, spec)
    with pytest.raises(SpecError, match="no parameter that requires a gradient"):
        start_network(StartSource(model=f"{tmp_path}/net.py:frozen"), images, spec_of())


def test_the_code_of_a_network_is_part_of_a_training(tmp_path):
    (tmp_path / "net.py").write_text(USER)
    tiny = StartSource(model=f"{tmp_path}/net.py:tiny")
    before = start_network(tiny, striped_images(), spec_of()).choices
    (tmp_path / "net.py").write_text(USER + "# changed\n")
    after = start_network(tiny, striped_images(), spec_of()).choices
    assert {key for key, value in before.items() if after[key] != value} == {"model_code"}


def test_a_norm_that_the_file_does_not_state_is_seen_in_its_layers(tmp_path):
    start = start_network(StartSource(arch="resnet20"), images_of(10), spec_of(norm="switch"))
    torch.save(start.model.state_dict(), tmp_path / "sn.pt")
    source = StartSource(arch="resnet20", init=tmp_path / "sn.pt", normalize="none")
    again = start_network(source, images_of(10), spec_of(norm="switch"))
    assert same_weights(again.model.state_dict(), start.model.state_dict())
    with pytest.raises(LayoutError, match="init= was trained with norm='switch'; train it so"):
        start_network(source, images_of(10), spec_of())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give the network's name"),
        ({"arch": "resnet20", "model": "a.py:b"}, "one of the two"),
        ({"arch": "resnet20", "key": "ema"}, "key= is for the checkpoint of init="),
        ({"arch": "resnet20", "trust": True}, "trust= is for the checkpoint of init="),
        (
            {"arch": "resnet20", "has_new_head": True},
            "has_new_head= is for the checkpoint of init=",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(SpecError, match=message):
        StartSource(**options)


def test_a_new_head_is_not_for_networks_of_the_user(tmp_path):
    with pytest.raises(SpecError, match="has_new_head= is for arch="):
        StartSource(model="a.py:b", init=tmp_path / "x.pt", has_new_head=True)


def test_a_damaged_checkpoint_is_refused(tmp_path):
    (tmp_path / "bad.pt").write_bytes(b"PK\x03\x04")
    with pytest.raises(CheckpointError, match="damaged or truncated"):
        start_network(
            StartSource(arch="resnet20", init=tmp_path / "bad.pt"), images_of(10), spec_of()
        )
