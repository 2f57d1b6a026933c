"""The names of a ResNet's tensors are those of the public checkpoints."""

from __future__ import annotations

from robustbench_ln.models import build_model


def test_resnet_names_are_those_of_the_public_checkpoints() -> None:
    names = list(build_model("resnet20").state_dict())
    assert names[:7] == [
        "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var",
        "bn1.num_batches_tracked", "layer1.0.conv1.weight",
    ]  # fmt: skip
    assert names[-3:] == ["layer3.2.bn2.num_batches_tracked", "linear.weight", "linear.bias"]
