"""One nasty text, in every place that a stranger can write, against every output."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from robustbench_ln.errors import CheckpointError
from robustbench_ln.models.mismatch import compare_states
from robustbench_ln.runs.description import read_description, write_description
from robustbench_ln.runs.records import read_records
from tests.reports.synthetic_runs import corrupted, make_record, noise_run, write_run

TERMINAL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.exe\u2066\u200b\rover\x08"
MARKUP = "\n\n# head\n|a|b|\n|-|-|\n<script>x()</script> [l](http://e.vil) ```\n\\input{x} %\n"
NASTY = f"=cmd()|x{TERMINAL}{MARKUP}"
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ue000-\ue005\ufeff]"
)


def nasty_run(run: Path, like) -> Path:
    """A run whose run.json says the nasty text wherever it can say a text."""
    like(run)
    about = read_description(run)
    checks = [
        {"name": "outputs", "status": "warning", "message": NASTY, "numbers": {}},
        {"name": "chance", "status": "passed", "message": NASTY, "numbers": {}},
    ]
    write_description(
        run,
        replace(
            about,
            label=NASTY,
            commands=(f"ln-bench {NASTY}", "```", "``````"),
            checkpoint=replace(about.checkpoint, path=f"a/{NASTY}", arch=NASTY),
            data=replace(about.data, source=NASTY),
            normalize=replace(about.normalize, name=NASTY),
        ),
    )
    content = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(content | {"checks": checks}))
    rows = [
        replace(row, versions={NASTY: NASTY}, running_layers=(NASTY, "=x"))
        for row in read_records(run)
    ]
    (run / "cells.jsonl").write_text("".join(row.to_line() for row in rows))
    return run


def corruption_run(run: Path) -> None:
    rows = [corrupted("bn", "fog", level, 600) for level in (1, 2, 3, 4, 5)]
    write_run(run, [make_record("bn"), *rows])


def check_terminal(text: str) -> None:
    assert not FORBIDDEN.search(text), ascii(FORBIDDEN.search(text))
    assert max(map(len, text.splitlines()), default=0) < 5000


def without_code(markdown: str) -> str:
    """The lines outside of code fences; demands that the last fence is closed."""
    lines, fence = [], ""
    for line in markdown.splitlines():
        if fence:
            fence = "" if line == fence else fence
        elif re.fullmatch("`{3,}", line):
            fence = line
        else:
            lines.append(line)
    assert not fence
    return "\n".join([*lines, ""])


def check_markdown(page: str) -> None:
    assert not FORBIDDEN.search(page)
    text = without_code(page)
    assert not re.search(r"(?<!\\)<script|\]\(http|http://|(?<!\\)`", text)
    titles = re.findall("^#+ (.{,4})", text, re.M)
    assert set(titles) <= {"Robu", "How ", "Chec", "Summ", "Addi", "Corr"}
    for table in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1


def check_csv(text: str) -> None:
    assert not FORBIDDEN.search(text)
    for row in csv.reader(io.StringIO(text)):
        for cell in row:
            assert "\n" not in cell
            if cell[:1] in tuple("=+-@") and len(cell) > 1:
                float(cell)


def check_latex(text: str) -> None:
    assert not FORBIDDEN.search(text)
    code = "\n".join(line for line in text.splitlines() if not line.startswith("% "))
    code = code.replace("$\\sigma$", "")
    assert not re.search(r"\\input|(?<!\\)[#$]|(?<!\\)%(?!$)", code, re.M)
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", code):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


def check_files(folder: Path) -> set[str]:
    """Check each file of a report by its kind; return the kinds."""
    checks = {".md": check_markdown, ".csv": check_csv, ".tex": check_latex}
    kinds = set()
    for file in folder.iterdir():
        kinds.add(file.suffix)
        if file.suffix == ".svg":
            ET.fromstring(file.read_bytes())
            assert not FORBIDDEN.search(file.read_text())
        elif file.suffix in checks:
            checks[file.suffix](file.read_text())
    return kinds


@pytest.mark.parametrize("like", [noise_run, corruption_run])
def test_reports_of_runs_show_it_and_obey_nothing(tmp_path, ln_bench, like):
    runs = [nasty_run(tmp_path / name, like) for name in ("a", "b")]
    outcome = ln_bench("report", *map(str, runs), "--out", str(tmp_path / "report"))
    assert outcome.code == 0, outcome.err
    check_terminal(outcome.out + outcome.err)
    assert {".md", ".csv", ".tex", ".svg", ".png"} <= check_files(tmp_path / "report")
    shown = (tmp_path / "report" / "report.md").read_text()
    assert "\\\\<script>x()" in shown or "\\<script>x()" in shown
    assert "cmd()" in outcome.out


def test_labels_of_the_command_line_are_foreign_too(tmp_path, ln_bench):
    run = noise_run(tmp_path / "run")
    other = noise_run(tmp_path / "other")
    outcome = ln_bench("report", str(run), str(other), "--out", str(tmp_path / "report"),
                      "--label", NASTY, "--label", f"{NASTY}2")  # fmt: skip
    assert outcome.code == 0, outcome.err
    check_terminal(outcome.out + outcome.err)
    check_files(tmp_path / "report")


@pytest.mark.parametrize(
    "words",
    [
        ["report", NASTY],
        ["compare", NASTY, NASTY],
        ["mce", NASTY],
        ["score", f"{NASTY}:{NASTY}"],
        [NASTY],
        ["list", NASTY],
        ["evaluate", NASTY, "--arch", NASTY, "--data", NASTY, "--out", "x"],
        ["inspect", "demo:batchnorm", "--arch", NASTY],
        ["inspect", NASTY],
        ["predict", "demo:batchnorm", NASTY],
        ["corrupt", "demo:digits", "--out", "x", "--corruptions", NASTY],
        ["corrupt", "--verify", NASTY],
        ["train", NASTY, "--recipe", NASTY, "--out", "x"],
        ["report", "a" * 10**6],
        ["list", "a" * 10**6],
    ],
    ids=lambda words: f"{words[0][:6].strip('=')}",
)
def test_errors_show_it_and_obey_nothing(tmp_path, monkeypatch, ln_bench, words):
    monkeypatch.chdir(tmp_path)
    outcome = ln_bench(*words)
    assert outcome.code == 2
    assert outcome.err.startswith("Error: ")
    assert len(outcome.err.splitlines()) == 1
    check_terminal(outcome.out + outcome.err)


def test_keys_of_a_checkpoint():
    state = {NASTY: torch.zeros(2), "b" * 10**6: torch.zeros(2)}
    line = str(CheckpointError(f"x.pt: {compare_states({}, state).describe()}"))
    assert line.startswith("x.pt: 2 unexpected: '=cmd()|x\\x1b]0;")
    assert len(line) < 1000
    check_terminal(line)


def test_classes_and_layers_of_a_network(tmp_path, ln_bench):
    layer = NASTY.replace(".", "")
    network = (
        "from torch import nn\n"
        f"Norm = type({NASTY!r}, (nn.BatchNorm2d,), {{}})\n"
        "def make():\n"
        "    net = nn.Sequential(nn.Conv2d(3, 4, 3))\n"
        f"    net.add_module({layer!r}, Norm(4))\n"
        "    net.add_module('p', nn.AdaptiveAvgPool2d(1))\n"
        "    net.add_module('f', nn.Flatten())\n"
        "    return net\n"
    )
    (tmp_path / "net.py").write_text(network)
    state = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).state_dict()
    renamed = {name.replace("1.", f"{layer}.", 1) if name[0] == "1" else name: value
               for name, value in state.items()}  # fmt: skip
    torch.save(renamed, tmp_path / "net.pt")
    outcome = ln_bench("inspect", str(tmp_path / "net.pt"), "--model", f"{tmp_path}/net.py:make",
                      "--image-size", "12")  # fmt: skip
    assert outcome.code == 0, outcome.err
    check_terminal(outcome.out + outcome.err)
    assert "cmd()" in outcome.out


def test_class_names_and_file_names_of_predict(tmp_path, ln_bench):
    picture = tmp_path / NASTY.replace("/", "")[:120]
    Image.fromarray(np.zeros((28, 28), np.uint8)).save(picture, "PNG")
    names = [NASTY.replace("\n", " ").replace("\r", "") + str(i) for i in range(9)]
    (tmp_path / "names.txt").write_text("\n".join([*names, "c" * 10**6]))
    shown = ln_bench("predict", "demo:batchnorm", str(picture), "--modes", "bn",
                    "--classes", str(tmp_path / "names.txt"),
                    "--sheet", str(tmp_path / "sheet.png"))  # fmt: skip
    assert shown.code == 0, shown.err
    check_terminal(shown.out + shown.err)
