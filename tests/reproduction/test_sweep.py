"""The sweeps of reproduction/: which commands they are made of."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from reproduction.sweep import EXPERIMENTS, main, parse_arguments, sweep_commands
from robustbench_ln.cli.main import app

ROOT = Path(__file__).parents[2]


def commands_of(*words: str) -> list[list[str]]:
    """What a sweep would run."""
    data = ["--train", "arrays:train.npz", "--test", "arrays:test.npz", "--out", "runs"]
    networks = sweep_commands(parse_arguments([*words, *data]))
    return [list(command) for network in networks for command in network.commands]


def value_of(command: list[str], option: str) -> str | None:
    return command[command.index(option) + 1] if option in command else None


def test_groups_are_all_that_leave_two_images() -> None:
    for setting, arch, expected in (
        ("mnist", "mnist-dnn", ["1", "2", "4", "5", "10", "20", "25", "50"]),
        ("cifar", "vgg-localnorm", ["1", "2", "4", "8", "16", "32", "64"]),
    ):
        commands = commands_of("groups", setting, "--seeds", "1")
        trainings = [command for command in commands if command[0] == "train"]
        assert [value_of(command, "--groups") for command in trainings] == expected
        assert {value_of(command, "--arch") for command in commands} == {arch}


def test_networks_of_a_seed_differ_in_one_option() -> None:
    commands = commands_of("norms", "mnist", "--seeds", "2", "--epochs", "4")
    trainings = [command for command in commands if command[0] == "train"]
    assert [value_of(c, "--norm") for c in trainings] == ["batch", "local", "switch", "group"] * 2
    assert [value_of(c, "--seed") for c in trainings] == ["0"] * 4 + ["1"] * 4
    sizes = {(value_of(c, "--stat-batch"), value_of(c, "--modes")) for c in commands[:7]}
    assert sizes == {(None, None), (None, "all"), ("10", "dbn-batch")}
    for option in ("--recipe", "--epochs", "--data", "--arch"):
        assert len({value_of(command, option) for command in trainings}) == 1


def test_what_was_trained_is_evaluated_into_a_run_of_its_own() -> None:
    words = ["--train", "arrays:a.npz", "--test", "arrays:b.npz", "--out", "sweep", "--seeds", "2"]
    networks = sweep_commands(parse_arguments(["noise", "mnist", *words]))
    assert len({network.run for network in networks}) == len(networks) == 2 * 8
    for network in networks:
        train, *tests = (list(command) for command in network.commands)
        assert (train[0], value_of(train, "--data")) == ("train", "arrays:a.npz")
        for test in tests:
            assert test[:2] == ["evaluate", f"{value_of(train, '--out')}/last.pt"]
            assert value_of(test, "--data") == "arrays:b.npz"
            assert value_of(test, "--out") == str(network.run)
    labels = [value_of(list(network.commands[1]), "--label") for network in networks]
    assert labels[0] == "BN, 0% noisy-0"
    assert labels[-1] == "LN, 100% noisy-1"
    assert networks[-1].run == Path("sweep/runs/LN_100_noisy_1")


def test_a_sweep_stops_at_the_first_error(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    missing = f"arrays:{tmp_path}/missing.npz"
    words = ["norms", "mnist", "--train", missing, "--test", missing, "--out", str(tmp_path / "s")]
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    printed = capfd.readouterr()
    (command,) = printed.out.splitlines()
    assert command.startswith("ln-bench train --arch mnist-dnn ")
    assert "missing.npz" in printed.err


def test_numbers_that_make_no_sweep_are_not_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    commands = commands_of("norms", "mnist", "--seeds", "1", "--epochs", "0")
    assert value_of(commands[0], "--epochs") == "0"  # which `train` refuses
    with pytest.raises(SystemExit):
        commands_of("norms", "mnist", "--seeds", "0")
    assert "--seeds is 0; expected 1 or more" in capsys.readouterr().err


def test_shares_of_noise() -> None:
    commands = commands_of("noise", "cifar", "--seeds", "1")
    trainings = [command for command in commands if command[0] == "train"]
    shares = [value_of(command, "--share") for command in trainings]
    assert shares == [None, None, "0.25", "0.25", "0.5", "0.5", "1", "1"]
    assert {value_of(command, "--augment-noise") for command in trainings} == {None, "agn:1.0"}
    names = {Path(value_of(command, "--out") or "").name for command in trainings}
    assert len(names) == len(trainings)
    tests = [command for command in commands if command[0] == "evaluate"]
    assert {value_of(command, "--normalize") for command in tests} == {"cifar10"}
    assert {Path(command[1]).name for command in tests} == {"last.pt"}


def test_from_scratch_the_control_differs_in_its_norm_alone() -> None:
    commands = commands_of("scratch", "cifar", "--seeds", "2", "--limit", "2000")
    trainings = [command for command in commands if command[0] == "train"]
    assert [value_of(c, "--norm") for c in trainings] == ["batch", "local", "ghost"] * 2
    assert [value_of(c, "--seed") for c in trainings] == ["0"] * 3 + ["1"] * 3
    assert {value_of(c, "--recipe") for c in trainings} == {"cifar-resnet-short"}
    assert {value_of(c, "--limit") for c in trainings} == {None}
    tests = [command for command in commands if command[0] == "evaluate"]
    assert {value_of(c, "--limit") for c in tests} == {"2000"}
    sizes = {value_of(c, "--stat-batch") for c in tests if "Ghost-0" in c}
    assert sizes == {None, "16"}
    conventions = {value_of(c, "--convention") for c in tests if value_of(c, "--noise") == "agn"}
    assert conventions == {None, "released"}


@pytest.mark.parametrize("setting", ["mnist", "cifar"])
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_command_is_understood(experiment: str, setting: str) -> None:
    commands = commands_of(experiment, setting, "--seeds", "1")
    complaints = {str(CliRunner().invoke(app, command).exception) for command in commands}
    assert complaints
    for text in complaints:  # nothing to object to but that neither file is there
        assert "train.npz" in text or "last.pt" in text


@pytest.mark.slow
def test_a_sweep_trains_evaluates_and_tells(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digits = f"arrays:{ROOT / 'robustbench_ln' / 'shipped' / 'digits.npz'}"
    words = ["norms", "mnist", "--train", digits, "--test", digits, "--epochs", "1"]
    words += ["--seeds", "1", "--out", str(tmp_path)]
    main(words)
    printed = capsys.readouterr().out
    assert "agn-additive, released convention, range none" in printed
    assert "| sigma | BN bn |" in printed
