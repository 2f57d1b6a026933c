from __future__ import annotations

import io
import re

import pytest

from robustbench_ln.reports.blocks import Code, Heading, Paragraph
from robustbench_ln.reports.markdown import markdown_page
from robustbench_ln.texts.safe import (
    for_csv,
    for_figure,
    for_file_name,
    for_latex,
    for_markdown,
    for_message,
    for_terminal,
    one_line,
    shorten,
)

UNSEEN = ["\x00", "\x07", "\x08", "\x1b", "\x7f", "\x85", "\x9b", "\x9d", "\u200b", "\u200f"]
UNSEEN += ["\u2028", "\u202e", "\u2066", "\ud800", "\udfff", "\ue000", "\ufeff", "\U000e0041"]
UNSEEN += ["\u034f", "\u115f", "\u180e", "\u2800", "\u3164", "\uffa0"]


@pytest.mark.parametrize("letter", UNSEEN, ids=ascii)
@pytest.mark.parametrize("make_safe", [for_terminal, one_line, for_markdown, for_latex, for_csv])
def test_what_a_terminal_obeys_or_hides_is_in_no_output(make_safe, letter):
    safe = make_safe(f"a{letter}b")
    assert letter not in safe
    assert safe.startswith("a")
    assert safe.endswith("b")
    safe.encode()


@pytest.mark.parametrize("text", ["91.6 [89.8, 93.2]", "größer, 雪, é", "a\tb\nc"])
def test_plain_text_stays(text):
    assert for_terminal(text) == text


def test_a_carriage_return_cannot_overwrite_a_line():
    assert for_terminal("good\rbad") == "good\\rbad"
    assert one_line("a\r\nb\x0bc\u2028d") == "a b c d"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
        ("<!-- x", "\\<!-- x"),
        ("<0.0001 and < 3", "<0.0001 and < 3"),
        ("[a](http://b.c)", "[a]\\(http\\://b.c)"),
        ("[a]: http://b.c", "[a]\\: http\\://b.c"),
        ("[a][b]", "[a]\\[b]"),
        ("www.b.c", "www\\.b.c"),
        ("![x](y)", "![x]\\(y)"),
        ("**b** _i_ c10_ln", "\\*\\*b\\*\\* \\_i\\_ c10_ln"),
        ("``` `a`", "\\`\\`\\` \\`a\\`"),
        ("\\<b> a\\b", "\\\\\\<b> a\\b"),
        ("&lt;b&#62; a & b", "\\&lt;b\\&#62; a & b"),
        ("$x$ ~~y~~", "\\$x\\$ \\~\\~y\\~\\~"),
        ("a\nb", "a b"),
    ],
)
def test_markdown_shows_the_text(text, shown):
    assert for_markdown(text) == shown


@pytest.mark.parametrize("text", ["# a", "> a", "- a", "+ a", "1. a", "12) a", "---", "===", "#"])
def test_a_paragraph_is_a_paragraph(text):
    shown = markdown_page([Paragraph(text)])
    assert re.match(r"\d*\\[#>+=.)-]", shown)
    assert shown.replace("\\", "") == f"{text}\n"


def test_blocks_are_their_text():
    assert markdown_page([Paragraph("95 % [a]. 3-4")]) == "95 % [a]. 3-4\n"
    assert markdown_page([Heading(2, "a `b`")]) == "## a \\`b\\`\n"
    assert markdown_page([Heading(1, "a"), Code(()), Paragraph("b")]) == "# a\n\nb\n"


def test_nothing_leaves_a_code_fence():
    assert markdown_page([Code(("a",))]) == "```\na\n```\n"
    lines = ("a", "````", "b\n```\nc")
    assert markdown_page([Code(lines)]) == "`````\na\n````\nb ``` c\n`````\n"


@pytest.mark.parametrize(
    "text", ["=1+1", "+A1", "-A1", "@SUM(A1)", "  =1", "\t=1", "＝1+1", "-1+1"]
)
def test_no_text_is_a_formula(text):
    assert for_csv(text) == f"'{text.strip()}"


@pytest.mark.parametrize("value", ["-1", "+0.5", "-1e-3", "-", -1, -0.5, None, "a-b", "'=1"])
def test_numbers_stay_numbers(value):
    assert for_csv(value) == value


def test_latex_prints_the_text():
    assert for_latex("\\input{x} 5 % #$&_{}~^") == (
        r"\textbackslash{}input\{x\} 5 \% \#\$\&\_\{\}\textasciitilde{}\textasciicircum{}"
    )


def test_long_names_are_shortened():
    assert shorten("a" * 50 + "b" * 60) == "a" * 50 + "b" * 15 + "..." + "b" * 32
    assert len(for_message("x" * 10**6)) == 300
    assert for_message("short " * 20) == "short " * 20
    assert len(for_figure("x" * 10**6)) == 100
    assert for_figure("a\nb") == "a\nb"


def test_no_time_is_lost_on_a_megabyte():
    for text in ("[" * 10**6, "<a" * 10**6, "&a" * 10**6, "_" * 10**6, "www." * 10**6, "`" * 10**6):
        for_markdown(text)
        io.StringIO(for_message(text))


def test_names_of_files_tell_hostile_labels_apart() -> None:
    labels = ["a/b", "a\\b", "a}b", "%ab", "ß", "模", "../..", "a" * 99, "a" * 98 + "b"]
    names = [for_file_name([label]) for label in labels]
    assert len(set(names)) == len(labels)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_.+=-]{1,60}", name)
        assert not name.startswith("-")
    many = for_file_name([f"LN-{i}" for i in range(20)])
    assert many.startswith("LN-0-and-19-more-")
    assert many != for_file_name([f"LN-{i}" for i in range(1, 21)])
    assert for_file_name(["a", "b"]) == "a+b"


def test_names_of_files_tell_labels_of_the_same_letters_apart() -> None:
    labels = [
        ["a b"], ["a-b"], ["a--b"], ["a  b"], ["a -b"], ["a- b"], [" a b"], ["a_b"], ["a__b"],
        ["a", "b"], ["a_", "b"], ["a", "_b"], ["a_b", "c"], ["a", "b_c"], ["a", "b", "c"],
        ["", "a"], ["a+b"], ["a", "+b"],
    ]  # fmt: skip
    names = [for_file_name(texts) for texts in labels]
    assert len(set(names)) == len(labels), names
    assert for_file_name(["a b"]) == "a--b"
    assert for_file_name(["a_b", "c"]) == "a_b+c"
