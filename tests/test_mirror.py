"""Tests mirror the package: those of robustbench_ln/ROOM/X.py are in tests/ROOM/test_X.py."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "robustbench_ln"
SUBJECTS = {
    "docs": "pages say what the code does",
    "cli/json": "--json of all commands that have it",
    "layers": "imports point one way",
    "messages": "messages name settings, the command line spells them as options",
    "mirror": "this file",
    "reports/browser": "the pages of reports and comparisons in a browser",
    "reports/pictures": "figures look as they did",
    "public_names": "the names of `import robustbench_ln`",
    "python_page": "docs/python.md runs",
    "readme": "README.md runs",
    "cli/api": "the Python call and the command line give the same rows",
    "cli/download": "--download, whoever takes it",
    "cli/environment": "streams, signals, paths and memory that a command cannot choose",
    "cli/foreign_text": "a nasty text in every place that a stranger can write",
    "cli/kill": "a killed command goes on from where it was",
    "cli/no_side_effects": "what a command leaves behind, and what it must not touch",
    "cli/shards": "every command that reads runs takes the shards of one",
    "cli/shipped_names": "demo:NAME in every command",
    "cli/summary": "`report` without figures, on stored runs",
    "cli/streams": "every order of the images ends in a report",
    "cli/train_processes": "`train --processes 2` against one process, killed and resumed",
    "corruptions/against_references": "every corruption and severity against plain loops",
    "corruptions/published_fixtures": "every corruption against the published files",
    "evaluation/resuming": "the same command again, more of the same run, and what is another run",
    "evaluation/shards": "shards of a run, put together, against one process",
    "evaluation/golden_counts": "counts of a whole run that must not change",
    "evaluation/checks/accuracy_checks": "clean accuracies that a check explains",
    "evaluation/checks/image_checks": "images that do not fit the network",
    "evaluation/checks/network_checks": "networks that would give wrong numbers",
    "files/failing_disks": "a full disk and a failing one, at every operation of every writer",
    "metrics/coverage": "intervals of every kind hold the truth in 95 % of simulated sets",
    "models/odd_checkpoints": "what people's training scripts wrote, every kind of it",
    "models/public_checkpoints": "the public checkpoints classify as published",
    "models/networks/library_networks": "networks of torchvision and timm under the layouts",
    "models/networks/networks": "every network of ours against its restatement",
    "models/networks/published_names": "checkpoints with published names load by name",
    "workers/ray": "rows and files on Ray, of which a node is killed, against one process",
    "runs/schema_1": "a run of an earlier version is read and goes on",
}
"""Tests of more than one module, by the name of their file; all others are named after theirs."""

FILES = {
    str(Path(path.relative_to(TESTS).parent, path.stem.removeprefix("test_")))
    for room in [PACKAGE, *(path.parent for path in PACKAGE.rglob("__init__.py"))]
    for path in (TESTS / room.relative_to(PACKAGE)).glob("test_*.py")
}


def is_module(name: str) -> bool:
    return (PACKAGE / f"{name}.py").is_file()


def test_a_test_file_is_named_after_a_module_or_listed() -> None:
    assert not [name for name in sorted(FILES - SUBJECTS.keys()) if not is_module(name)]


def test_the_listed_subjects_are_there_and_are_no_modules() -> None:
    assert SUBJECTS.keys() <= FILES
    assert not [name for name in SUBJECTS if is_module(name)]


def test_every_room_has_tests() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms <= {name.partition("/")[0] for name in FILES}
