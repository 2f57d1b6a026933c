"""Unknown names among options: the same line as from the registries, and no torch."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from robustbench_ln.cli.name_checks import check_choice, check_corruptions, check_kind, check_listed
from robustbench_ln.corrupted_sets.reader import STORED_KINDS as STORED_SETS
from robustbench_ln.corruption_names import CONVENTIONS, RANGES, SEVERITY_TABLE_NAMES
from robustbench_ln.corruptions.conditions import corruption_conditions, noise_conditions
from robustbench_ln.corruptions.severities import SEVERITY_TABLES
from robustbench_ln.data.sources import ARRAY_SOURCES, PICTURE_SOURCES
from robustbench_ln.errors import SpecError
from robustbench_ln.files.image_kinds import IMAGE_KINDS, STORED_KINDS
from robustbench_ln.norms import replace_norms

EVALUATE = "evaluate demo:batchnorm --data demo:digits --out run"
CORRUPT = "corrupt demo:digits --out set"
WRONG = {
    f"{EVALUATE} --noise agn,apm": "unknown noise 'apm'; did you mean 'apn'? (ln-bench list",
    f"{EVALUATE} --corruptions cifar10-c,fgo": "unknown corruption 'fgo'; did you mean 'fog'? (ln-",
    f"{EVALUATE} --convention papers": "unknown convention 'papers'; did you mean 'paper'?",
    f"{EVALUATE} --range klip": "unknown range 'klip'; did you mean 'clip'?",
    f"{EVALUATE} --severity-table cifar10": "unknown severity table 'cifar10'; did you mean 'cifa",
    f"{EVALUATE} --data cifar10": "--data 'cifar10': expected KIND:PATH, as in cifar10:data (arra",
    f"{EVALUATE} --data cifar10c:x": "unknown --data kind 'cifar10c'; did you mean 'cifar10",
    f"{EVALUATE} --clean corrupted:x": "unknown --clean kind 'corrupted'; choose from arrays, ",
    f"{EVALUATE} --baseline alexnot": "unknown baseline 'alexnot'; did you mean 'alexnet'? (ln-",
    f"{EVALUATE} --resize 256 --interpolation bilinar": "unknown --interpolation 'bilinar'; did",
    f"{CORRUPT} --noise apm": "unknown noise 'apm'; did you mean 'apn'?",
    f"{CORRUPT} --corruptions fgo": "unknown corruption 'fgo'; did you mean 'fog'?",
    f"{CORRUPT} --corruptions fog --severities 6": "--severities 6: expected numbers of 1 to 5",
    f"{CORRUPT} --corruptions fog --workers two": "--workers two: expected a whole number, or auto",
    "corrupt digits --out set": "--data 'digits': expected KIND:PATH, as in cifar10:data (arrays,",
    "train --data demo:digits --out t --recipe mnits": "unknown recipe 'mnits'; did you mean 'mnis",
    "train --data nmist:x --out t --recipe mnist": "unknown --data kind 'nmist'; did you mean '",
    "train --data demo:digits --out t --recipe mnist --norm locale": "unknown norm 'locale'; did y",
    "convert net.pt --out b.pt --norm locale": "unknown norm 'locale'; did you mean 'local'? (ln-b",
    "speed --norm local,swich": "unknown norm 'swich'; did you mean 'switch'? (ln-bench",
}
REFUSE_ALL = """
import sys
from robustbench_ln.cli.main import run_command_line
for words in {commands}:
    sys.argv = ["ln-bench", *words]
    assert run_command_line() == 2, words
    assert "torch" not in sys.modules, words
"""


def test_unknown_names_are_refused_without_torch(tmp_path):
    code = REFUSE_ALL.format(commands=list(map(shlex.split, WRONG)))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == len(WRONG)
    for line, (command, message) in zip(lines, WRONG.items(), strict=True):
        assert line.startswith(f"Error: {message}"), command
    assert list(tmp_path.iterdir()) == []


def test_names_are_those_of_the_registries():
    assert (*ARRAY_SOURCES, *PICTURE_SOURCES) == IMAGE_KINDS
    assert tuple(STORED_SETS) == STORED_KINDS
    assert tuple(SEVERITY_TABLES) == SEVERITY_TABLE_NAMES
    for convention in CONVENTIONS:
        for pixel_range in RANGES:
            noise_conditions((), convention=convention, pixel_range=pixel_range)


def message_of(job) -> str:
    with pytest.raises(SpecError) as caught:
        job()
    return str(caught.value)


@pytest.mark.parametrize("name", ["agm", "nothing-like-it"])
def test_messages_are_those_of_the_registries(name):
    table = "imagenet-c"
    pairs = [
        (lambda: check_listed("noises", "noise")(name), lambda: noise_conditions((name,))),
        (lambda: check_listed("norms", "norm")(name),
         lambda: replace_norms(None, name, num_groups=1)),
        (lambda: check_choice("convention", CONVENTIONS)(name),
         lambda: noise_conditions((), convention=name)),
        (lambda: check_choice("range", RANGES)(name),
         lambda: noise_conditions((), pixel_range=name)),
        (lambda: check_choice("severity table", SEVERITY_TABLE_NAMES)(name),
         lambda: corruption_conditions((), severity_table=name, severities=(1,))),
        (lambda: check_corruptions(name),
         lambda: corruption_conditions((name,), severity_table=table, severities=(1,))),
    ]  # fmt: skip
    for early, late in pairs:
        assert message_of(early) == message_of(late)


def test_what_is_right_is_passed_on():
    assert check_listed("noises", "noise")("agn, mbn,") == "agn, mbn,"
    assert check_listed("norms", "norm")(None) is None
    assert check_corruptions("") == ""
    assert check_corruptions("imagenet-c") == "imagenet-c"
    assert check_choice("range", RANGES)(None) is None
    assert check_kind("images", IMAGE_KINDS)("cifar10:x") == "cifar10:x"
    assert check_kind("clean", IMAGE_KINDS)(None) is None
