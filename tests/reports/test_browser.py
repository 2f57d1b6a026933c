"""Pages in headless Chromium: no error, no request; sorting, slider and narrow screens work."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from robustbench_ln.reports.report import write_report
from robustbench_ln.runs.results import read_results
from tests.reports.test_paper_figures import NASTY, measure

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
if CHROMIUM is None:
    pytest.skip("needs chromium on PATH", allow_module_level=True)


@dataclass
class Opened:
    """A page in the browser, and what it complained about and asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    run = measure(folder / "run", NASTY)
    write_report(read_results([run]), folder / "out")
    return folder / "out" / "index.html"


@pytest.fixture
def opened(browser: Any, report: Path) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    found = Opened(context.new_page())
    found.page.on("console", lambda message: found.complaints.append(message.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    found.page.on("request", lambda asked: found.requests.append(asked.url))
    found.page.goto(report.as_uri())
    yield found
    context.close()


def test_it_asks_for_nothing_and_complains_of_nothing(opened: Opened, report: Path) -> None:
    assert opened.complaints == []
    others = [url for url in opened.requests if not url.startswith("data:")]
    assert others == [report.as_uri()]
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.alt)"
    assert opened.page.evaluate(broken) == []
    assert "This page contains test images" in opened.page.inner_text("header")


def cells(opened: Opened, table: Any, column: int) -> list[str]:
    return [row.query_selector_all("th, td")[column].inner_text().split()[0]
            for row in table.query_selector_all("tbody tr")]  # fmt: skip


def test_a_press_on_a_head_sorts_its_column(opened: Opened) -> None:
    tables = opened.page.query_selector_all("table")
    table = next(t for t in tables if "PSNR" in t.inner_text())
    assert cells(opened, table, 0) == ["0", "0.2", "0.5"]
    upwards = {3: ["0.2", "0.5", "0"], 0: ["0", "0.2", "0.5"]}  # what is missing stays last
    for column, up in upwards.items():
        button = table.query_selector_all("thead tr:last-child button")[column]
        head = table.query_selector_all("thead tr:last-child th")[column]
        button.focus()
        opened.page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"
        assert cells(opened, table, 0) == ["0.5", "0.2", "0"]
        assert len(table.query_selector_all("[aria-sort]")) == 1
        button.click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert cells(opened, table, 0) == up
    button.click()
    assert head.get_attribute("aria-sort") is None
    names = next(t for t in tables if "fog" in t.inner_text())
    names.query_selector("thead tr:last-child button").click()
    assert cells(opened, names, 0) == ["snow", "fog", "clean"]


def test_the_slider_shows_one_level_at_a_time_and_is_named(opened: Opened) -> None:
    slides = opened.page.query_selector(".slides")
    slider = slides.query_selector("input")
    shown = "s => [...s.querySelectorAll('.level')].filter(l => !l.hidden).map(l => l.dataset.name)"
    assert opened.page.evaluate(shown, slides) == ["clean"]
    slider.focus()
    opened.page.keyboard.press("ArrowRight")
    assert opened.page.evaluate(shown, slides) == ["sigma 0.2"]
    assert slider.get_attribute("aria-valuetext") == "sigma 0.2"
    opened.page.keyboard.press("End")
    assert opened.page.evaluate(shown, slides) == ["sigma 0.5"]
    assert slides.query_selector("output").inner_text() == "sigma 0.5"


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_scrolls_tables_and_not_the_page(opened: Opened, width: int) -> None:
    opened.page.set_viewport_size({"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") == width


def test_without_scripts_every_level_is_there(browser: Any, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    first = page.query_selector(".slides")
    assert [n.inner_text() for n in first.query_selector_all(".name")] == [
        "clean", "sigma 0.2", "sigma 0.5",
    ]  # fmt: skip
    assert not first.query_selector("input").is_visible()
    context.close()


def test_a_screen_reader_has_a_name_for_everything(opened: Opened) -> None:
    nameless = (
        "[...document.querySelectorAll('img:not([alt]), table:not(:has(caption)), input:not([id]),"
        "[role=region]:not([aria-label])')].map(e => e.outerHTML)"
    )
    assert opened.page.evaluate(nameless) == []
    unlabelled = "[...document.querySelectorAll('input')].filter(i => !i.labels.length).length"
    assert opened.page.evaluate(unlabelled) == 0
    levels = opened.page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    ids = opened.page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_page(opened: Opened, scheme: str) -> None:
    opened.page.emulate_media(color_scheme=scheme)
    colours = opened.page.evaluate(
        "['body', 'small', 'figcaption', 'a'].map(s => getComputedStyle("
        "document.querySelector(s)).color).concat(getComputedStyle(document.body).backgroundColor)"
    )
    *inks, paper = [luminance(colour) for colour in colours]
    for ink in inks:
        assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 4.5


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "rgb(1, 2, 3)"."""
    shares = [int(part) / 255 for part in colour[4:-1].split(",")]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
