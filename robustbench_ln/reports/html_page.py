"""Blocks as one HTML page that stands alone: no other file, no request, no script but its own."""

from __future__ import annotations

import hashlib
import math
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from robustbench_ln import __version__
from robustbench_ln.reports.blocks import Block, Code, Heading, Paragraph, Picture, Strong
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.numbers import MISSING
from robustbench_ln.reports.sample_slides import Slides
from robustbench_ln.texts.safe import for_html, one_line

__all__ = ["MOST_BYTES", "Page", "html_page"]

MOST_BYTES = 10_000_000
"""Of a page: what mail takes as an attachment. Pictures beyond it stay in files beside the page."""

_ELEMENT = 300
"""Letters of the elements around a picture, at most."""
_NUMBER = re.compile(r"[<>]?([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?=$| [\[(±]|\*|\.\.)")
"""A number, alone or with what details it: an interval, a deviation, a mark, the end of a span."""


class Page(NamedTuple):
    """What a page says.

    Attributes:
        title: Its title.
        lead: Sentences below the title.
        blocks: What it has; sections begin at headings of level 2.
    """

    title: str
    lead: Sequence[str]
    blocks: Sequence[Block | Slides]


def html_page(page: Page, files: Mapping[str, bytes] | None = None) -> bytes:
    """Return a page as a file's content.

    Args:
        page: What it says.
        files: Content of files by name: pictures that are drawn already.
    """
    environment = Environment(
        loader=PackageLoader("robustbench_ln.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_shown,
    )
    style, script = (
        environment.get_template(name).render().strip() for name in ("page.css", "page.js")
    )
    about = {
        "title": page.title,
        "lead": page.lead,
        "version": __version__,
        "style": Markup(style),
        "style_hash": Markup(_hash(style)),
        "script": Markup(script),
        "script_hash": Markup(_hash(script)),
    }
    template = environment.get_template("page.html")
    sections = list(_sections(page.blocks, files or {}))
    bare = template.render(**about, sections=list(_within(sections, 0)))
    room = MOST_BYTES - len(bare.encode())
    return template.render(**about, sections=list(_within(sections, room))).encode()


def _shown(value: object) -> object:
    return for_html(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


Shown = dict[str, Any]
"""A block as the template has it; `weight` is the number of letters of its pictures."""


def _sections(
    blocks: Sequence[Block | Slides], files: Mapping[str, bytes]
) -> Iterator[tuple[str, list[Shown]]]:
    """Yield title and blocks of each section; "" before the first heading."""
    title, shown = "", list[Shown]()
    said = ""
    for block in blocks:
        if isinstance(block, Heading) and block.level <= 2:
            if title or shown:
                yield title, shown
            title, shown = block.text, []
        elif not isinstance(block, Paragraph) or block.text != said:  # a figure has its words
            label = next((b["text"] for b in reversed(shown) if b["kind"] == "strong"), title)
            shown.append(_block(block, files, label))
        said = block.drawing.words if isinstance(block, Picture) else ""
    if title or shown:
        yield title, shown


def _block(block: Block | Slides, files: Mapping[str, bytes], label: str) -> Shown:
    if isinstance(block, Grid):
        return _table(block, label)
    if isinstance(block, Slides):
        return _slides(block)
    if isinstance(block, Picture):
        content = files.get(f"{block.name}.svg") or block.drawing.render("svg")
        return _media("picture", block.drawing.words, f"{block.name}.{block.kind}",
                      source=_data("svg+xml", content))  # fmt: skip
    if isinstance(block, Code):
        lines = "\n".join(map(one_line, block.lines))
        return {"kind": "code", "text": escape(lines), "weight": 0}
    kind = {Heading: "heading", Strong: "strong", Paragraph: "paragraph"}[type(block)]
    return {"kind": kind, "text": block.text, "weight": 0}


def _media(kind: str, text: str, file: str, **fields: Any) -> Shown:
    weight = _ELEMENT + len(str(fields))
    return {"kind": kind, "text": text, "file": file, "weight": weight, **fields}


def _slides(block: Slides) -> Shown:
    levels = [
        {
            "name": level.name,
            "strips": [
                {**strip._asdict(), "source": _data(strip.kind, strip.content), "content": ""}
                for strip in level.strips
            ],
        }
        for level in block.levels
    ]
    return _media("slides", block.words, "", words=block.words, levels=levels)


def _data(kind: str, content: bytes) -> Markup:
    return Markup(f"data:image/{kind};base64,{b64encode(content).decode()}")


def _within(sections: Sequence[tuple[str, list[Shown]]], room: int) -> Iterator[Shown]:
    """Yield the sections; pictures that have no room are named instead."""
    number = 0
    for position, (title, blocks) in enumerate(sections):
        kept = []
        for block in blocks:
            number += 1
            fits = block["weight"] <= room
            room -= block["weight"] if fits else 0
            kept.append({**block, "number": number} if fits else _too_large(block))
        yield {"title": title, "id": f"section-{position}", "blocks": kept}


def _too_large(block: Shown) -> Shown:
    where = f"; it is in {block['file']}, beside this page" if block["file"] else ""
    text = f"{block['text']}: too large for this page{where}."
    return {"kind": "paragraph", "text": text}


def _table(grid: Grid, label: str) -> Shown:
    rows = [
        {
            "has_rule": i in grid.rules,
            "cells": [_cell(text, k, is_bold=(i, k) in grid.bold) for k, text in enumerate(row)],
        }
        for i, row in enumerate(grid.rows)
    ]
    groups = [(name, len(list(of))) for name, of in groupby(grid.groups)]
    columns = list(zip(*grid.rows, strict=True)) or [()] * len(grid.header)
    is_text = [any(_NUMBER.match(text) is None and text != MISSING for text in c) for c in columns]
    return {"kind": "grid", "label": label, "groups": groups, "heads": grid.header, "rows": rows,
            "is_text": is_text, "weight": 0}  # fmt: skip


def _cell(text: str, column: int, *, is_bold: bool) -> Shown:
    """Return a cell: "91.6 [89.7, 93.2]" is sorted by 91.6, and its interval is a detail."""
    number = _NUMBER.match(text.strip())
    first, gap, detail = text.partition(" [")
    has_detail = bool(column and number and gap)
    key = f' data-key="{float(number[1])!r}"' if number and math.isfinite(float(number[1])) else ""
    return {
        "text": first if has_detail else text,
        "detail": f"[{detail}" if has_detail else "",
        "key": Markup(key),
        "is_bold": is_bold,
    }
