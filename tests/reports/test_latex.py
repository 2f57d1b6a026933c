from __future__ import annotations

import re
from pathlib import Path

import pytest

from robustbench_ln.reports.grids import Grid
from robustbench_ln.reports.latex import to_latex
from robustbench_ln.reports.report import write_report
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.runs.results import read_results
from robustbench_ln.texts.safe import for_latex
from tests.reports.synthetic_runs import agn, corrupted, make_record, write_run

ACCURACIES = Grid(
    ("sigma", "bn", "ln_1"),
    (("0", "100.0 [99.6, 100.0]", "-"), ("0.5", "7.0 [5.6, 8.8]", "9.1 [7.5, 11.1]")),
    groups=("", "A & B", "C"),
    bold=frozenset({(1, 2)}),
    rules=frozenset({1}),
)


def tabulars_of(latex: str) -> list[list[str]]:
    found = re.findall(r"\\begin\{tabular\}(.*?)\\end\{tabular\}", latex, flags=re.DOTALL)
    return [text.strip().splitlines() for text in found]


def check_tabular(lines: list[str]) -> None:
    """Demand as many cells in every line as the tabular has columns."""
    columns = re.fullmatch(r"\{@\{\}(lr+)@\{\}\}", lines[0])
    assert columns
    texts = [line for line in lines[1:] if not re.match(r"\\(top|mid|bottom|cmid)rule", line)]
    assert texts
    for line in texts:
        assert line.endswith(r" \\")
        spans = [int(number) - 1 for number in re.findall(r"\\multicolumn\{(\d+)\}", line)]
        cells = len(re.findall(r"(?<!\\)&", line)) + 1
        assert cells + sum(spans) == len(columns[1]), line


def check_braces(latex: str) -> None:
    """Demand that no brace is left open, nor closed before it was opened."""
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", latex):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


def test_numbers_align_and_texts_are_escaped() -> None:
    assert (
        to_latex(ACCURACIES, caption="95 % of c_10.", label="tab:a_b")
        == r"""\begin{table}[t]
\centering\small\setlength{\tabcolsep}{4pt}
\caption{%
95 \% of c\_10.}
\label{tab:a_b}\par\smallskip
\begin{tabular}{@{}lrr@{}}
\toprule
 & \multicolumn{1}{c}{A \& B} & \multicolumn{1}{c}{C} \\
\cmidrule(lr){2-2}\cmidrule(lr){3-3}
$\sigma$ & bn & ln\_1 \\
\midrule
0 & 100.0 {\scriptsize [99.6, 100.0]} & -- \\
\midrule
0.5 & 7.0 {\scriptsize [5.6, 8.8]\phantom{000}} & \textbf{9.1} {\scriptsize [7.5, 11.1]} \\
\bottomrule
\end{tabular}
\end{table}
"""
    )


def test_every_special_character_is_escaped() -> None:
    assert for_latex(r"50 %_&#$ {x}") == r"50 \%\_\&\#\$ \{x\}"
    assert for_latex("a\\b~^") == r"a\textbackslash{}b\textasciitilde{}\textasciicircum{}"
    assert for_latex("<|>") == r"\textless{}\textbar{}\textgreater{}"
    assert for_latex("± σ") == r"\ensuremath{\pm} \ensuremath{\sigma}"


@pytest.mark.parametrize(
    ("columns", "environment", "blocks"), [(2, "table", 1), (6, "table*", 1), (14, "table*", 2)]
)
def test_wide_tables_span_the_page_or_go_on_below(
    columns: int, environment: str, blocks: int
) -> None:
    modes = tuple(f"mode-number-{i}" for i in range(columns))
    grid = Grid(("corruption", *modes), (("jpeg_compression", *["12.3"] * columns),))
    latex = to_latex(grid, caption="c", label="l")
    assert latex.startswith(f"\\begin{{{environment}}}[t]\n")
    assert latex.endswith(f"\\end{{{environment}}}\n")
    tabulars = tabulars_of(latex)
    assert len(tabulars) == blocks
    assert latex.count("12.3") == columns
    for lines in tabulars:
        check_tabular(lines)
        assert sum(line.startswith(r"jpeg\_compression & 12.3") for line in lines) == 1


def test_heads_stay_whole_where_there_is_room() -> None:
    grid = Grid(("corruption", "bn", "dbn-batch"), (("fog", "1.0", "2.0"),))
    assert r"corruption & bn & dbn-batch \\" in to_latex(grid, caption="c", label="l")


def test_labels_of_any_kind_make_a_table_that_compiles(tmp_path: Path) -> None:
    """Braces balance, cells are counted, no special character is left."""
    labels = ["50 % & more_", r"\end{table} {", "a#b$c^d~e", "x" * 60]
    records = [make_record("bn"), make_record("dbn-batch"), agn("bn", 0.5, 1), agn("bn", 1, 990)]
    records.append(agn("dbn-batch", 0.5, 500))
    runs = [write_run(tmp_path / f"r{i}", records, label=x) for i, x in enumerate(labels)]
    written = write_report(read_results(runs), tmp_path / "out")
    (file,) = [file for file in written.files if file.suffix == ".tex"]
    comments, _, latex = file.read_text().partition(r"\begin{table*}")
    assert [line[:18] for line in comments.splitlines()] == [
        *["% ln-bench evaluat"] * 4,
        "% Accuracy in % [9",
        "% interval lies ab",
        r"% Needs \usepackag",
    ]
    check_braces(latex)
    for lines in tabulars_of(latex):
        check_tabular(lines)
    assert latex.count(r"\end{table") == 1
    latex = re.sub(r"\\label\{.*?\}", "", latex)  # takes "_" as it is
    assert not re.search(r"(?<!\\)[#_^~]|(?<!\\)%(?!$)", latex, flags=re.MULTILINE)
    assert r"50 \% \& more\_" in latex


def test_heads_are_broken_only_where_that_makes_the_table_smaller() -> None:
    """A wide table has room for heads that a narrow one would break."""
    row = ("jpeg_compression", "91.6 [89.7, 93.2]", "87.9 [85.7, 89.8]", "92.0 [87.4, 95.0]")
    wide = to_latex(
        Grid(("corruption", "Dynamic BN-Batch (a)", "bn", "c"), (row,)), caption="", label="l"
    )
    assert wide.startswith(r"\begin{table*}")
    assert r"corruption & Dynamic BN-Batch (a) & bn & c \\" in wide
    narrow = to_latex(
        Grid(("corruption", *["Dynamic BN-Batch"] * 3), (("fog", *"123"),)), caption="", label="l"
    )
    assert narrow.startswith(r"\begin{table}")
    assert r" & Dynamic & Dynamic & Dynamic \\" in narrow


def test_families_of_corruptions_stand_above_their_rows(tmp_path: Path) -> None:
    records = [make_record("bn"), corrupted("bn", "fog", 1, 500), corrupted("bn", "snow", 1, 500)]
    modes = read_results([write_run(tmp_path / "run", records)])
    write_report(modes, tmp_path / "out", ReportSettings(figures=("none",)))
    (latex,) = (tmp_path / "out").glob("*.tex")
    lines = latex.read_text().splitlines()
    first = lines.index(r"\multicolumn{2}{@{}l@{}}{\textit{weather}} \\")
    assert [line[:4] for line in lines[first - 2 : first + 3]] == [
        "clea", r"\mid", r"\mul", "snow", "fog ",
    ]  # fmt: skip
    assert sum("multicolumn" in line for line in lines) == 1


def test_a_name_in_a_cell_is_whole() -> None:
    grid = Grid(("network", "mode", "data"), (("A", "Dynamic BN-Batch", "91.0 ± 1.4"),))
    line = next(
        text for text in to_latex(grid, caption="c", label="l").splitlines() if "BN" in text
    )
    assert line == r"A & Dynamic BN-Batch & 91.0 {\scriptsize \ensuremath{\pm} 1.4} \\"


def test_columns_of_names_are_set_left() -> None:
    grid = Grid(
        ("network", "mode", "clean"), (("a", "BN-Batch (sets of 10)", "-"), ("b", "-", "9"))
    )
    assert r"\begin{tabular}{@{}llr@{}}" in to_latex(grid, caption="c", label="l")
