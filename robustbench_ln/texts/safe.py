r"""Text that others wrote, made safe for each place where it is shown.

Names of files, classes and layers, labels and whatever a file says may hold anything: control
characters that change the terminal, line breaks, markup, formulas. Each function here takes plain
text and returns what shows this text, and nothing else, in one kind of output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256

__all__ = [
    "Markdown",
    "for_csv",
    "for_figure",
    "for_file_name",
    "for_html",
    "for_latex",
    "for_markdown",
    "for_message",
    "for_terminal",
    "one_line",
    "shorten",
]


class Markdown(str):
    """Text that is Markdown already: of `for_markdown`, or markup of our own around it."""

    __slots__ = ()


_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\uffa0\ud800-\udfff\ue000-\uf8ff\ufdd0-\ufdef\ufeff\ufff9-\uffff\U000e0000-\U000e0fff]"
)
"""Control characters, what turns the direction of text or has no width, halves of characters, and
characters that mean nothing. The line end and the tabulator are text."""

_LONGEST_WORD, _LONGEST_TEXT = 300, 4000
"""Letters of one word, and of all of a message, that are shown."""
_LONG_WORD = re.compile(rf"\S{{{_LONGEST_WORD + 1},}}")


def for_terminal(text: str) -> str:
    r"""Return text without characters that a terminal obeys; their numbers are shown instead.

    >>> for_terminal("a\x1b[31m\n\u202eb")
    'a\\x1b[31m\n\\u202eb'
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def one_line(text: str) -> str:
    r"""Return text as one line that a terminal can show, one space between words.

    >>> one_line("a\tb\r\nc\x07")
    'a b c\\x07'
    """
    return for_terminal(" ".join(text.split()))


def shorten(text: str, most: int = 100) -> str:
    """Return text of at most `most` characters; a longer one has three dots in its middle.

    >>> shorten("resnet20_localnorm_groups8.pth", 20)
    'resnet20_loc...8.pth'
    """
    tail = (most - 3) // 3
    return text if len(text) <= most else f"{text[: most - 3 - tail]}...{text[-tail:]}"


def for_message(text: str) -> str:
    """Return a message: for a terminal, its long words shortened, and so the whole.

    >>> len(for_message("a" * 10**6)), len(for_message("a " * 10**6))
    (300, 4000)
    """
    return shorten(_shorten_words(for_terminal(text)), _LONGEST_TEXT)


def _shorten_words(text: str) -> str:
    return _LONG_WORD.sub(lambda word: shorten(word[0], _LONGEST_WORD), text)


_LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "±": r"\ensuremath{\pm}",
        "σ": r"\ensuremath{\sigma}",
    }
)


def for_latex(text: str) -> str:
    r"""Return text as LaTeX that prints it.

    >>> print(for_latex("95 % of c10_ln & co."))
    95 \% of c10\_ln \& co.
    """
    return _shorten_words(one_line(text)).translate(_LATEX)


_MARKUP = re.compile(
    r"""[`*~$]
    | \\(?=[!-/:-@\[-`{-~])         # a backslash that would escape
    | (?<![^\W_])_ | _(?![^\W_])    # an underscore at the edge of a word: emphasis
    | <(?=[A-Za-z/!?])              # a tag, a comment, a link in angle brackets
    | &(?=\#|\w+;)                  # an entity
    | (?<=\])[(\[:]                 # the second half of a link, or its definition
    | (?<=\[)\^                     # a footnote
    | (?<=[A-Za-z]):(?=//)          # an address
    | (?i:(?<=www)\.)
    """,
    re.VERBOSE,
)


def for_markdown(text: str) -> Markdown:
    r"""Return text as Markdown that shows it within a line. Plain sentences stay as they are.

    >>> for_markdown("91.6 [89.8, 93.2] of c10_ln"), for_markdown("<b> [x](http://y) ```")
    ('91.6 [89.8, 93.2] of c10_ln', '\\<b> [x]\\(http\\://y) \\`\\`\\`')
    """
    plain = _shorten_words(one_line(text))
    return Markdown(_MARKUP.sub(r"\\\g<0>", plain))


def for_html(text: str) -> str:
    """Return text for a template that escapes it: one line, its long words shortened."""
    return _shorten_words(one_line(text))


def for_csv(value: object) -> object:
    """Return a value for a cell of a CSV file; no text of it is a formula for a spreadsheet.

    Text that begins as a formula does gets an apostrophe. Numbers stay numbers, also as text.

    >>> for_csv("=1+1"), for_csv("-0.5"), for_csv(-0.5), for_csv("-"), for_csv("a")
    ("'=1+1", '-0.5', -0.5, '-', 'a')
    """
    if not isinstance(value, str):
        return value
    text = one_line(value)
    starts_formula = len(text) > 1 and text[0] in "=+-@＝＋－＠"
    return f"'{text}" if starts_formula and not _is_number(text) else text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", text, re.IGNORECASE) is not None


_UNNAMED = re.compile(r"[^A-Za-z0-9_.+=-]+")


def for_file_name(texts: Sequence[str], most: int = 48) -> str:
    r"""Return texts as a part of a file's name and of a `\label`: letters, digits and "_.+=-".

    A "+" stands between texts, and a space becomes two hyphens. Where the texts cannot be read back
    from that, or are too many or too long, six digits of a digest tell them from others.

    >>> for_file_name(["ResNet-20", "LN G=8"]), for_file_name(["50 % & more"])
    ('ResNet-20+LN--G=8', '50-more-7595c8')
    """
    joined = "+".join(text.replace(" ", "--") for text in texts)
    if len(joined) <= most and not _UNNAMED.search(joined) and _read_name(joined) == [*texts]:
        return joined
    names = [_UNNAMED.sub("-", text).strip("-") for text in texts]
    joined = "+".join(names)
    digest = sha256("\0".join(texts).encode("utf-8", "backslashreplace")).hexdigest()[:6]
    if len(joined) > most:
        more = f"-and-{len(names) - 1}-more" if len(names) > 1 else ""
        joined = f"{names[0][: most - len(more)].strip('-')}{more}"
    return f"{joined}-{digest}".strip("-")


def _read_name(name: str) -> list[str]:
    return [part.replace("--", " ") for part in name.split("+")]


def for_figure(text: str) -> str:
    """Return text for a figure: its lines stay lines, and long ones are shortened."""
    return "\n".join(shorten(one_line(line)) for line in text.split("\n"))
