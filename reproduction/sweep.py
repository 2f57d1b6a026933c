"""The papers' training experiments: networks that differ in one option, trained and tested alike.

    python -m reproduction.sweep groups mnist --train mnist:data --test mnist:data --out runs/g
    python -m reproduction.sweep groups cifar --train cifar10:data --test cifar10:data --out runs/gc

norms: BatchNorm, LocalNorm, SwitchNorm, GroupNorm. deviations: BatchNorm by l1 and l-infinity
deviations, noisy and Ghost BatchNorm, to stand beside these. groups: how many groups LocalNorm has
(arXiv, figure 11). noise: Gaussian noise in a share of the training images (figure 10). scratch:
BatchNorm, LocalNorm, and Ghost BatchNorm, which trains on LocalNorm's small sets without its
groups' gamma and beta, all from the same fresh weights. Each network is a
`ln-bench train` and some `ln-bench evaluate`, whose commands are printed; a sweep that was stopped
resumes. At the end: means and standard deviations over the seeds, in %.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

from reproduction.trainings import training_grid
from robustbench_ln.reports.families import read_tables
from robustbench_ln.reports.grids import to_markdown
from robustbench_ln.training import RECIPES, Recipe

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all networks of a sweep have in common.

    Attributes:
        archs: Experiment -> network, the papers' where they say one.
        recipe: Of `ln-bench train`.
        scratch_recipe: The same, of the scratch experiment.
        noise: In the training images of the noise experiment.
        tests: Noises of the test images, a command each.
    """

    archs: dict[str, str]
    recipe: str
    scratch_recipe: str
    noise: Words
    tests: tuple[Words, ...]


class Variation(NamedTuple):
    """One network of a sweep.

    Attributes:
        name: In tables.
        options: In training.
        modes: In the tests, which are all repeated for each entry.
    """

    name: str
    options: Words
    modes: tuple[Words, ...]


class NetworkCommands(NamedTuple):
    """The `ln-bench` commands that train and evaluate one network, and the run they write."""

    run: Path
    commands: tuple[Words, ...]


EXPERIMENTS = ("norms", "deviations", "groups", "noise", "scratch")
SETTINGS = {
    "mnist": Setting(
        archs=dict.fromkeys(EXPERIMENTS, "mnist-dnn"),
        recipe="mnist",
        scratch_recipe="mnist",
        noise=("--augment-noise", "agn-additive:1.0", "--convention", "released"),
        tests=(
            ("--noise", "agn-additive", "--convention", "released", "--range", "none",
             "--sigmas", "0.5,1,1.5,2"),
            ("--noise", "agn,apn,apn-add,mbn", "--convention", "paper", "--sigmas", "0.1,0.3,0.5"),
        ),
    ),
    "cifar": Setting(
        archs={
            "norms": "resnet20",
            "deviations": "resnet20",
            "groups": "vgg-localnorm",
            "noise": "resnet32-preact",
            "scratch": "resnet20",
        },
        recipe="cifar-resnet",
        scratch_recipe="cifar-resnet-short",
        noise=("--augment-noise", "agn:1.0"),
        tests=(
            ("--noise", "agn", "--sigmas", "0.25,0.5,1,2"),
            ("--noise", "agn", "--convention", "released", "--sigmas", "0.5,1,2"),
            ("--noise", "apn,mbn", "--sigmas", "0.1,0.3,0.5"),
        ),
    ),
}  # fmt: skip
NORMS = {
    "norms": {"BN": "batch", "LN": "local", "SN": "switch", "GN": "group"},
    "scratch": {"BN": "batch", "LN": "local", "Ghost": "ghost"},
    "deviations": {"L1": "l1", "LInf": "linf", "Noisy": "noisy", "Ghost": "ghost"},
}
SHARES = (0.0, 0.25, 0.5, 1.0)
_LOCAL_MODES = ("--modes", "ln-batch,ln-voting")


def variations(experiment: str, setting: Setting) -> Iterator[Variation]:
    """Yield the networks of an experiment."""
    recipe = RECIPES[recipe_of(experiment, setting)]
    if experiment in NORMS:
        for name, norm in NORMS[experiment].items():
            yield Variation(name, ("--norm", norm), _modes_of(norm, recipe))
    elif experiment == "groups":
        size = recipe.batch_size
        for number in (n for n in range(1, size // 2 + 1) if size % n == 0):
            grouped = ("--norm", "local", "--groups", str(number))
            yield Variation(f"G={number}", grouped, (_LOCAL_MODES,))
    else:
        for share in SHARES:
            noise = (*setting.noise, "--share", f"{share:g}") if share else ()
            for name, modes in (("BN", ("--modes", "bn,dbn-batch")), ("LN", _LOCAL_MODES)):
                options = ("--norm", NORMS["norms"][name], *noise)
                yield Variation(f"{name}, {share:.0%} noisy", options, (modes,))


def _modes_of(norm: str, recipe: Recipe) -> tuple[Words, ...]:
    """Return all modes, and Dynamic BatchNorm with sets as small as LocalNorm's too."""
    every = ("--modes", "all")
    if norm in ("local", "group"):
        return (every,)
    size = recipe.batch_size // recipe.num_groups
    return every, ("--modes", "dbn-batch", "--stat-batch", str(size))


def recipe_of(experiment: str, setting: Setting) -> str:
    """Return the recipe of the experiment's network."""
    if experiment == "scratch":
        return setting.scratch_recipe
    return "cifar-vgg" if setting.archs[experiment].startswith("vgg") else setting.recipe


def ln_bench(*words: str) -> None:
    """Run a command, and stop at its first error, which it has told."""
    print(shlex.join(["ln-bench", *words]), flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "robustbench_ln", *words], stdout=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)


def network_commands(
    variation: Variation, seed: int, arguments: argparse.Namespace, setting: Setting
) -> NetworkCommands:
    """Return how one network is trained and evaluated."""
    name = f"{re.sub(r'[^A-Za-z0-9]+', '_', variation.name).strip('_')}_{seed}"
    out: Path = arguments.out
    trained, run = out / "trained" / name, out / "runs" / name
    common = ("--arch", setting.archs[arguments.experiment], "--device", arguments.device)
    epochs = () if arguments.epochs is None else ("--epochs", str(arguments.epochs))
    limit = () if arguments.limit is None else ("--limit", str(arguments.limit))
    recipe = recipe_of(arguments.experiment, setting)
    train = (
        "train", *common, "--recipe", recipe, *variation.options, *epochs, "--seed", str(seed),
        "--data", arguments.train, "--out", str(trained),
    )  # fmt: skip
    tests = (
        (
            "evaluate", str(trained / "last.pt"), *common, "--data", arguments.test,
            "--normalize", RECIPES[recipe].normalize, *modes, *test, *limit,
            "--label", f"{variation.name}-{seed}", "--out", str(run),
        )
        for test, modes in product(setting.tests, variation.modes)
    )  # fmt: skip
    return NetworkCommands(run, (train, *tests))


def sweep_commands(arguments: argparse.Namespace) -> list[NetworkCommands]:
    """Return the commands of all networks of a sweep, in their order."""
    setting = SETTINGS[arguments.setting]
    return [
        network_commands(variation, seed, arguments, setting)
        for seed in range(arguments.seeds)
        for variation in variations(arguments.experiment, setting)
    ]


def parse_arguments(words: Sequence[str]) -> argparse.Namespace:
    """Return what a command line asks for, or exit with one line that says what is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", choices=EXPERIMENTS)
    parser.add_argument("setting", choices=tuple(SETTINGS))
    parser.add_argument("--train", required=True, metavar="KIND:PATH", help="as for ln-bench train")
    parser.add_argument("--test", required=True, metavar="KIND:PATH", help="and for evaluate")
    parser.add_argument("--out", required=True, type=Path, help="the same command resumes it")
    parser.add_argument("--seeds", type=int, default=3, help="number of trainings of each network")
    parser.add_argument("--epochs", type=int, help="default: the recipe's")
    parser.add_argument("--limit", type=int, help="test images; default: all")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args(words)
    if arguments.seeds < 1:
        parser.error(f"--seeds is {arguments.seeds}; expected 1 or more")
    return arguments


def main(words: Sequence[str]) -> None:
    """Run a sweep and print its tables."""
    networks = sweep_commands(parse_arguments(words))
    for network in networks:
        for command in network.commands:
            ln_bench(*command)
    for table in read_tables([network.run for network in networks]):
        print(f"\n{table.family.headline}\n\n{to_markdown(training_grid(table))}")


if __name__ == "__main__":
    main(sys.argv[1:])
