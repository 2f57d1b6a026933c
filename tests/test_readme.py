"""README's "Sixty seconds" works as printed, from nothing but the package."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.conftest import ln_bench  # noqa: F401

README = Path(__file__).parents[1] / "README.md"
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")


def commands_of_the_section() -> list[tuple[str, list[str]]]:
    """Each command, up to "The same on your own file", and the lines shown below it."""
    text = README.read_text(encoding="utf-8")
    section = text.partition("\n## Sixty seconds\n")[2].partition("\n#")[0]
    found: list[tuple[str, list[str]]] = []
    for line in section.splitlines():
        if line.startswith("    ln-bench "):
            found.append((line.strip(), []))
        elif line.startswith("    "):
            found[-1][1].append(line.strip())
    return found


def is_like(shown: str, printed: str) -> bool:
    """Whether two lines have the same words and nearly the same numbers.

    Other processors and versions of torch may read a digit or two differently.
    """
    if NUMBER.sub("#", shown).split() != NUMBER.sub("#", printed).split():
        return False
    numbers = zip(NUMBER.findall(shown), NUMBER.findall(printed), strict=True)
    return all(float(a) == pytest.approx(float(b), rel=0.03, abs=0.5) for a, b in numbers)


def differences(shown: list[str], printed: list[str]) -> str:
    """The first line that is not as printed, "" where there is none; "..." is any lines."""
    position, may_skip = 0, False
    for line in shown:
        if line == "...":
            may_skip = True
            continue
        candidates = range(position, len(printed) if may_skip else min(position + 1, len(printed)))
        match = next((i for i in candidates if is_like(line, printed[i])), None)
        if match is None:
            return f"README shows: {line}; printed: {printed[position : position + 1]}"
        position, may_skip = match + 1, False
    if position < len(printed) and not may_skip and shown:
        return f"README ends before: {printed[position]}"
    return ""


def test_sixty_seconds_work_as_printed(ln_bench, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    commands = commands_of_the_section()
    assert len(commands) == 5
    assert sum(bool(shown) for _, shown in commands) >= 3
    for command, shown in commands:
        outcome = ln_bench(*shlex.split(command)[1:])
        assert outcome.code == 0, outcome.err
        printed = [line for line in outcome.out.splitlines() if line.strip()]
        assert differences(shown, printed) == "", command
    assert (tmp_path / "compared" / "report.md").is_file()


@pytest.mark.parametrize(
    ("shown", "is_true"),
    [
        (["a 98.0", "b 24.2 [21.6, 27.0]", "end"], True),
        (["a 97.9", "...", "end"], True),
        (["a 98.0", "..."], True),
        (["...", "end"], True),
        (["a 90.0", "..."], False),
        (["a 98.0"], False),
        (["a 98.0", "end"], False),
        (["b 98.0", "..."], False),
        (["a 98.0", "...", "end", "more"], False),
    ],
)
def test_other_output_is_seen(shown, is_true):
    printed = ["a 98.0", "b 24.2  [21.6, 27.0]", "end"]
    assert (differences(shown, printed) == "") is is_true
