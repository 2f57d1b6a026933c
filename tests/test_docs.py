"""The pages are true: generated tables are fresh, commands exist, everything is mentioned."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from robustbench_ln.cli.main import app
from robustbench_ln.corruptions.registry import CORRUPTIONS
from robustbench_ln.modes import MODES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])")
COMMANDS = typer.main.get_command(app).commands


def test_generated_tables_are_fresh():
    run = subprocess.run(
        [sys.executable, "-m", "tools.render", "--check"], cwd=ROOT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_the_pages_exist_with_their_options(page):
    for line in re.findall(r"^ {4}(ln-bench .*)$", page.read_text(), re.MULTILINE):
        words = shlex.split(line.partition("#")[0])
        assert words[1] in COMMANDS, line
        options = {name for p in COMMANDS[words[1]].params for name in (*p.opts, *p.secondary_opts)}
        asked = {word for word in words if word.startswith("--")}
        assert asked <= options, line


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", page.read_text()):
        file = page.parent / target if target else page
        assert file.exists(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors_of(file), f"{page.name}: {target}#{anchor}"


def anchors_of(page: Path) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_docs_hold_prose_and_pictures_only():
    files = [path for path in DOCS.rglob("*") if path.is_file()]
    others = [
        path for path in files if path.suffix not in (".md", ".ipynb", ".svg", ".jpg", ".png")
    ]
    assert not others


def test_the_overview_leads_to_every_study():
    overview = (DOCS / "results.md").read_text()
    studies = sorted(path.name for path in (DOCS / "results").glob("*.md"))
    assert studies == sorted(set(re.findall(r"\]\(results/([^)#]+)", overview)))


def test_every_mode_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    assert all(f"`{name}`" in readme for name in MODES)


def test_every_option_has_help():
    for name, command in COMMANDS.items():
        assert command.help, name
        for parameter in command.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_every_corruption_is_documented():
    page = (ROOT / "docs" / "corruptions.md").read_text()
    assert all(f"* `{name}`" in page for name in CORRUPTIONS)


def test_the_notebook_shows_what_its_cells_say():
    """Its last expressions, made again; other processors may read a digit differently."""
    notebook = json.loads((DOCS / "tutorial" / "notebook.ipynb").read_text())
    scope: dict[str, object] = {}
    compared = 0
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        *statements, last = ast.parse("".join(cell["source"])).body
        exec(compile(ast.Module(statements, []), "cell", "exec"), scope)
        if not isinstance(last, ast.Expr):
            exec(compile(ast.Module([last], []), "cell", "exec"), scope)
            continue
        made = str(eval(compile(ast.Expression(last.value), "cell", "eval"), scope))
        shown = "".join(cell["outputs"][0]["data"]["text/plain"])
        assert NUMBER.sub("#", made).split() == NUMBER.sub("#", shown).split()
        assert [float(n) for n in NUMBER.findall(made)] == pytest.approx(
            [float(n) for n in NUMBER.findall(shown)], rel=0.03, abs=0.5
        )
        compared += 1
    assert compared == 3


def test_every_page_is_in_the_site():
    index = (DOCS / "index.md").read_text()
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")}
    missing = {page for page in pages if f"\n{page}\n" not in index}
    assert {page for page in missing if not page.startswith("results/")} == {"index"}
