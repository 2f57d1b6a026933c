"""Blocks as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable

from robustbench_ln.reports.blocks import Block, Code, Heading, Paragraph, Strong
from robustbench_ln.reports.grids import Grid, to_markdown
from robustbench_ln.texts.safe import Markdown, for_markdown, one_line

__all__ = ["markdown_page"]

_BLOCK = re.compile(r"^(\d*)([#>+=.)-])(?=\s|[-=#>]|$)")
"""What begins another block than a paragraph at the beginning of a line."""


def markdown_page(blocks: Iterable[Block]) -> Markdown:
    """Return blocks one below the other."""
    return Markdown("\n".join(filter(None, map(_markdown, blocks))))


def _markdown(block: Block) -> str:
    if isinstance(block, Grid):
        return to_markdown(block)
    if isinstance(block, Heading):
        return f"{'#' * block.level} {for_markdown(block.text)}\n"
    if isinstance(block, Strong):
        return f"**{for_markdown(block.text)}**\n"
    if isinstance(block, Paragraph):  # no heading, quotation, list or rule, whatever it begins with
        return _BLOCK.sub(r"\1\\\2", for_markdown(block.text)) + "\n"
    if isinstance(block, Code):
        return _fenced(block)
    return f"![{for_markdown(block.drawing.words)}]({block.name}.{block.kind})\n"


def _fenced(block: Code) -> str:
    """Return lines between fences that none of them ends; "" for no lines."""
    texts = [one_line(line) for line in block.lines]
    longest = max((len(run) for text in texts for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([fence, *texts, fence, ""]) if texts else ""
