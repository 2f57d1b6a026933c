"""The page that stands alone: what is in it, what nobody can put into it, and how large it gets."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

from robustbench_ln.reports import html_page as module
from robustbench_ln.reports.blocks import Block, Code, Heading, Paragraph, Picture, Strong
from robustbench_ln.reports.drawings import Drawing
from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.html_page import MOST_BYTES, Page, html_page
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.runs.results import read_results
from tests.reports.synthetic_runs import agn, make_record, noise_run, write_run

NASTY = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "</style>",
         "=1+1", "**b** `c`", "&lt;b&gt;", "\u202egnp.exe", "a\x00b", "x" * 5000)  # fmt: skip


class Elements(HTMLParser):
    """Names and attributes of all elements; the text between them."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def page_of(*blocks: Block, files: dict[str, bytes] | None = None) -> Elements:
    return Elements(html_page(Page("Title", ["Lead."], blocks), files))


def drawing(words: str = "What it shows") -> Drawing:
    return Drawing("", words, lambda canvas: canvas.subplots(), (3.0, 2.0))


def test_a_table_is_a_table_and_numbers_say_how_they_are_sorted() -> None:
    rows = (("fog", "91.6 [89.7, 93.2]", ">2"), ("snow", "-", "text"))
    grid = Grid(("row", "bn", "ln"), rows, ("", "A", "A"), frozenset({(0, 1)}), frozenset({1}))
    page = page_of(Heading(2, "Section"), Strong("Of noise"), grid)
    heads = page.named("th")
    assert [head["scope"] for head in heads] == ["colgroup", "col", "col", "col", "row", "row"]
    assert heads[0]["colspan"] == "2"
    assert [cell.get("data-key") for cell in page.named("td")[1:]] == ["91.6", "2.0", None, None]
    assert [cell.get("class") for cell in page.named("td")[1:]] == [None, "text", None, "text"]
    assert [row.get("class") for row in page.named("tr")] == [None, None, None, "rule"]
    assert "Of noise" in page.texts[page.texts.index("Of noise") :]
    assert page.named("div")[0]["aria-label"] == "Of noise"
    text = "".join(page.texts)
    assert "91.6 [89.7, 93.2]" in text
    assert len(page.named("strong")) == 2


def test_sections_have_headings_and_are_listed() -> None:
    page = page_of(Strong("first"), Heading(2, "One"), Heading(3, "a"), Heading(2, "Two"))
    ids = [head["id"] for head in page.named("h2")]
    assert [link["href"] for link in page.named("a")[1:]] == [f"#{name}" for name in ids]
    assert len(set(ids)) == 2
    assert [s.get("aria-labelledby") for s in page.named("section")] == [None, *ids]
    assert len(page.named("h1")) == len(page.named("h3")) == 1


def test_a_figure_has_its_words_once_and_needs_no_file() -> None:
    picture = Picture(drawing(), "accuracy_a", "png")
    page = page_of(Heading(2, "One"), picture, Paragraph("What it shows"), Paragraph("More"))
    (image,) = page.named("img")
    assert image["alt"] == "What it shows"
    head, _, content = (image["src"] or "").partition(",")
    assert head == "data:image/svg+xml;base64"
    assert base64.b64decode(content).startswith(b"<?xml")
    assert page.texts.count("What it shows") == 1
    assert page.texts.count("More") == 1


def test_a_figure_that_is_drawn_already_is_not_drawn_again() -> None:
    (image,) = page_of(
        Picture(drawing(), "a", "svg"), files={"a.svg": b"<svg/>"}
    ).named("img")  # fmt: skip
    assert image["src"] == "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode()


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_nobody_writes_into_the_page(text: str) -> None:
    grid = Grid((text, "x"), ((text, text),), ("", text))
    blocks: Sequence[Block] = (
        Heading(2, text), Heading(3, text), Strong(text), Paragraph(text), Code((text, text)),
        grid, Picture(drawing(text), "a", "svg"),
    )  # fmt: skip
    usual = Elements(html_page(Page("a", ["a"], [
        Heading(2, "a"), Heading(3, "a"), Strong("a"), Paragraph("a"), Code(("a", "a")),
        Grid(("a", "x"), (("a", "a"),), ("", "a")), Picture(drawing("a"), "a", "svg"),
    ]), {"a.svg": b""}))  # fmt: skip
    content = html_page(Page(text, [text], blocks), {"a.svg": b""})
    page = Elements(content)
    assert [tag for tag, _ in page.found] == [tag for tag, _ in usual.found]
    assert [[*attributes] for _, attributes in page.found] == [
        [*attributes] for _, attributes in usual.found
    ]
    assert b"\x00" not in content
    assert "\u202e" not in content.decode()
    assert "49" not in "".join(page.texts[-40:])


def test_only_the_pages_own_script_and_style_may_run() -> None:
    content = html_page(Page("Title", [], [])).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', content)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    for tag, name in (("style", "style-src"), ("script", "script-src")):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", content, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{name} 'sha256-{digest}'" in policy
    assert "http://" not in content
    assert "https://" not in content


@pytest.mark.parametrize(("less_by", "kept"), [(1, ["large"]), (20_000, ["small"])])
def test_pictures_that_have_no_room_are_named(
    less_by: int, kept: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"small.svg": b"s" * 300, "large.svg": b"l" * 30_000}
    blocks = [Picture(drawing(name), name, "pdf") for name in ("large", "small")]
    whole = html_page(Page("Title", [], blocks), files)
    monkeypatch.setattr(module, "MOST_BYTES", len(whole) - less_by)
    less = html_page(Page("Title", [], blocks), files)
    assert len(less) <= module.MOST_BYTES
    page = Elements(less)
    assert [image["alt"] for image in page.named("img")] == kept
    (gone,) = {"large", "small"} - set(kept)
    words = f"{gone}: too large for this page; it is in {gone}.pdf, beside this page."
    assert words in page.texts


def test_a_report_has_its_page_and_the_same_bytes_again(tmp_path: Path) -> None:
    run = noise_run(tmp_path / "run")
    pages = []
    for name in ("a", "b"):
        written = write_report(read_results([run]), tmp_path / name)
        assert "index.html" in [file.name for file in written.files]
        pages.append((tmp_path / name / "index.html").read_bytes())
    assert pages[0] == pages[1]
    page = Elements(pages[0])
    titles = [text for text in page.texts if text in ("Summary", "What was asked")]
    assert titles[:4] == ["Summary", "What was asked"] * 2  # contents, then sections
    assert "This page contains no test images." in page.texts
    assert make_record("bn").checkpoint_sha256 in page.texts
    assert len(page.named("img")) == 1


def test_forty_runs_with_hostile_labels_are_one_page(tmp_path: Path) -> None:
    runs = []
    for number in range(40):
        label = f"{number} {NASTY[number % len(NASTY)]}"
        records = [make_record("bn"), make_record("dbn-batch"), agn("bn", 0.5, 400)]
        runs.append(write_run(tmp_path / str(number), records, label=label[:900]))
    settings = ReportSettings(figures=("none",))
    write_report(read_results(runs), tmp_path / "out", settings)
    content = (tmp_path / "out" / "index.html").read_bytes()
    assert len(content) < MOST_BYTES
    assert len(Elements(content).named("script")) == 1
