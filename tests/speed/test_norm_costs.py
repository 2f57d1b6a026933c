from __future__ import annotations

import json

from robustbench_ln.speed.norm_costs import NetworkSpeed, NormSpeed


def network_speed() -> NetworkSpeed:
    """1,001 images in batches of 10; median steps of 2 and 8 s, and a local of 1.5 batch ones."""
    batch = NormSpeed(
        norm="batch",
        trainable=10,
        with_running=14,
        step_seconds=(2.0, 1.0, 30.0),
        mode_seconds={"plain": (0.5, 0.25, 8.0)},
    )
    local = NormSpeed(
        norm="local", trainable=20, with_running=20, step_seconds=(8.0, 1.5, 33.0), mode_seconds={}
    )
    return NetworkSpeed(
        arch="resnet32-preact",
        data="CIFAR-10",
        epoch_images=1_001,
        batch_size=10,
        num_groups=2,
        norms=(batch, local),
    )


def test_an_epoch_is_its_whole_batches_of_median_steps():
    network = network_speed()
    assert network.epoch_steps == 100
    assert [network.epoch_seconds(norm) for norm in network.norms] == [200, 800]


def test_ratios_are_to_batchnorm_of_the_same_turn():
    network = network_speed()
    assert [network.step_ratio(norm) for norm in network.norms] == [1, 1.5]


def test_rates_are_of_one_batch_in_the_median_pass():
    batch, local = network_speed().norms
    assert network_speed().images_per_second(batch, "plain") == 20
    assert network_speed().images_per_second(local, "plain") is None


def test_a_record_gives_the_same_numbers_again():
    entry = json.loads(json.dumps(network_speed().to_json()))
    again = NetworkSpeed.from_json(entry)
    assert json.dumps(again.to_json()) == json.dumps(network_speed().to_json())
    assert [again.epoch_seconds(norm) for norm in again.norms] == [200, 800]
    assert again.images_per_second(again.norms[0], "plain") == 20
