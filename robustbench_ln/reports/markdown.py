"""The blocks that Markdown files are made of. Their texts are plain, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable

from robustbench_ln.texts.safe import Markdown, for_markdown, one_line

__all__ = ["code", "heading", "page", "paragraph", "picture", "strong"]

_BLOCK = re.compile(r"^(\d*)([#>+=.)-])(?=\s|[-=#>]|$)")
"""What begins another block than a paragraph at the beginning of a line."""


def page(blocks: Iterable[Markdown]) -> Markdown:
    """Return blocks one below the other."""
    return Markdown("\n".join(filter(None, blocks)))


def heading(level: int, text: str) -> Markdown:
    """Return a heading."""
    return Markdown(f"{'#' * level} {for_markdown(text)}\n")


def paragraph(text: str) -> Markdown:
    """Return a paragraph; no heading, quotation, list or rule, whatever it begins with."""
    return Markdown(_BLOCK.sub(r"\1\\\2", for_markdown(text)) + "\n")


def strong(text: str) -> Markdown:
    """Return a paragraph in bold letters."""
    return Markdown(f"**{for_markdown(text)}**\n")


def picture(shows: str, file: str) -> Markdown:
    """Return a picture; its file lies beside the page and has a name of ours."""
    return Markdown(f"![{for_markdown(shows)}]({file})\n")


def code(lines: Iterable[str]) -> Markdown:
    """Return lines as they are, between fences that none of them ends; "" for no lines."""
    texts = [one_line(line) for line in lines]
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return Markdown("\n".join([fence, *texts, fence, ""]) if texts else "")
