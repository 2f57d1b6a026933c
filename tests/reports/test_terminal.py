"""Sections of sentences and tables as plain text, no wider than the terminal."""

from __future__ import annotations

from robustbench_ln.reports.blocks import Code
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.terminal import plain_text

GRID = Grid(("", "A"), (("clean", "91.6"),))


def test_sections_have_a_blank_line_between_them_and_none_is_empty() -> None:
    text = plain_text([["Title", GRID, "Words."], [], [""], ["End."]], width=80)
    assert text == "Title\n          A\nclean  91.6\nWords.\n\nEnd.\n"


def test_sentences_are_wrapped_and_code_is_not() -> None:
    words, path = "one two three four", "runs/one two-three/four"
    text = plain_text([[words, Code((path,))]], width=9)
    assert text == f"one two\nthree\nfour\n{path}\n"


def test_all_is_ascii_on_one_line_each() -> None:
    assert plain_text([["σ of 1\r\n\x1b[2J"]], width=80) == "? of 1 \\x1b[2J\n"
