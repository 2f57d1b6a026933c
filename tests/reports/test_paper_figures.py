"""Every figure of the papers from runs of all kinds: right, or one line that says why not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from robustbench_ln.cli.completion import NAMES
from robustbench_ln.corruptions.conditions import noise_conditions
from robustbench_ln.errors import RecordError, SpecError
from robustbench_ln.evaluation.run import evaluate
from robustbench_ln.norms import LocalNorm2d, convert_batchnorm
from robustbench_ln.progress import Silent
from robustbench_ln.reports.families import make_tables, read_tables
from robustbench_ln.reports.paper_figures import ACCURACY, PAPER_FIGURES, choose_figures
from robustbench_ln.reports.report import Report, write_report
from robustbench_ln.reports.report_files import csv_bytes
from robustbench_ln.reports.settings import ReportSettings
from robustbench_ln.reports.tables import Table
from robustbench_ln.runs.columns import Columns
from robustbench_ln.runs.frame import read_frame
from robustbench_ln.runs.outcomes import read_outcomes
from robustbench_ln.runs.results import read_results
from robustbench_ln.spec import Condition
from tests.evaluation.small_runs import make_images, make_spec, make_subject
from tests.norms.networks import settle, small_net
from tests.reports.drawn import texts_of
from tests.reports.synthetic_runs import agn, corrupted, make_record, noise_run, write_run

NASTY = r"_$x^2$ \alpha | **b** <i> \input{a} =1+1"
CONDITIONS = (
    *noise_conditions(["agn"], sigmas=[0.0, 0.2, 0.5]),
    *(
        Condition(corruption=name, severity=3.0, severity_table="cifar10-c")
        for name in ("fog", "snow")
    ),
)


class Notes(Silent):
    """Keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(str(text))


def measure(out: Path, label: str, **options) -> Path:
    """A run of a LocalNorm network with two groups that disagree, on 37 images."""
    network = settle(convert_batchnorm(small_net(), 2).model)
    for layer in network.modules():
        if isinstance(layer, LocalNorm2d):
            layer.weight.data[1].mul_(-2)
    subject = make_subject(
        network,
        checkpoint=replace(make_subject().checkpoint, num_groups=2),
        label=label,
    )
    modes = ("ln-single", "ln-single-voting", "ln-batch", "ln-voting")
    spec = make_spec(**({"conditions": CONDITIONS, "modes": modes} | options))
    evaluate(subject, make_images(), spec, out=out)
    return out


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return measure(tmp_path_factory.mktemp("run") / "run", NASTY)


def draw(runs: list[Path], out: Path, *names: str, **options) -> tuple[Report, list[str]]:
    notes = Notes()
    shown = {"figures": names, "formats": ["svg"], "names": "ids"}
    settings = ReportSettings(**(shown | options))
    return write_report(read_results(runs), out, settings, progress=notes), notes.notes


@pytest.fixture(scope="module")
def tables(run: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    other = measure(tmp_path_factory.mktemp("other") / "run", "B", samples=0, modes=("ln-voting",))
    return make_tables(read_outcomes(read_results([run, other], names="ids")[2:]))


DRAWN = ("images", "histogram", "confusion", "cost", "votes", "reliability", "bars")


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_has_its_file_and_the_same_bytes_again(name: str, tables: list[Table]) -> None:
    files = [
        {file: content for piece in PAPER_FIGURES[name].make(tables, 6.8) for file, content in
         piece.files(name, ("svg",))}
        for _ in range(2)
    ]  # fmt: skip
    ending = "cifar10-c_generated" if name == "bars" else "agn_paper_clip"
    assert f"{name}_{ending}.svg" in files[0]
    assert files[0] == files[1]
    if name != "histogram":
        assert NASTY[:10] in " ".join(texts_of(files[0][f"{name}_{ending}.svg"]))


def test_what_cannot_be_made_is_said(run: Path, tmp_path: Path) -> None:
    _, notes = draw([run], tmp_path / "out", "spread", "sweep")
    assert [note.partition(": ")[2].split(":")[0] for note in notes] == [
        "No figure spread", "No figure sweep",
    ]  # fmt: skip
    page = (tmp_path / "out/report.md").read_text()
    assert "No figure sweep: no labels that differ in one number" in page


def test_labels_are_text_in_tables(run: Path, tmp_path: Path) -> None:
    written, _ = draw([run], tmp_path / "out", "clean", "cost")
    (file,) = (tmp_path / "out").glob("clean_*.tex")
    latex = file.read_text()
    assert r"\_\$x\textasciicircum{}2\$ \textbackslash{}alpha" in latex
    assert r"\input{a}" not in latex
    page = written.markdown.read_text()
    assert "**b** <i>" not in page
    assert f"({file.stem.replace('clean', 'cost')}_agn_paper_clip.svg)" in page


def test_other_figures_are_made_without_samples_and_histograms(tmp_path: Path) -> None:
    run = measure(tmp_path / "run", "A", samples=0)
    _, notes = draw([run], tmp_path / "out", "images", "histogram")
    assert [note[:24] for note in notes] == ["Note: No figure images: "]
    shutil.rmtree(run / "predictions")
    written, notes = draw([run], tmp_path / "out2", "all")
    names = ["images", "histogram", "confusion", "votes", "reliability", "spread", "sweep"]
    assert [note.split()[3].strip(":") for note in notes] == names
    assert "cost_A_agn_paper_clip.svg" in {file.name for file in written.files}


def test_damage_is_one_line_that_names_the_file(run: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(run, tmp_path / "broken"))
    (file,) = broken.glob("predictions/agn-0.5-*-set4.npz")
    file.write_bytes(file.read_bytes()[:-200])
    with pytest.raises(RecordError, match=file.name) as caught:
        draw([broken], tmp_path / "out", "images")
    assert "\n" not in str(caught.value)
    with np.load(run / "predictions" / file.name) as stored:
        arrays = dict(stored)
    arrays["samples"] = 255 - arrays["samples"]
    np.savez(file, **arrays)
    with pytest.raises(RecordError, match="its images are not those that the rows"):
        draw([broken], tmp_path / "out", "images")


@pytest.mark.parametrize(
    "records",
    [
        [make_record("bn")],
        [agn("bn", 0.5, 300)],
        [corrupted("bn", "fog", 3, 500)],
        [corrupted("bn", "my_own | corruption $x$", 3, 500)],
        [agn("bn", 0.5, 300), agn("bn", 1.0, 200)],
    ],
)
def test_one_cell_alone_is_drawn_or_left_out(tmp_path: Path, records: list) -> None:
    run = write_run(tmp_path / "run", records)
    written, notes = draw([run], tmp_path / "out", *PAPER_FIGURES)
    made = {name for name in PAPER_FIGURES if any(f.name.startswith(name) for f in written.files)}
    missing = {note.split()[3].strip(":") for note in notes}
    assert made | missing == PAPER_FIGURES.keys()
    assert not made & missing


def test_a_page_of_bars_has_whole_networks(tmp_path: Path) -> None:
    def pages(folder: str, numbers: list[int]) -> list[int]:
        """Modes on each page, of networks that have so many."""
        runs = []
        for number, modes in enumerate(numbers):
            records = [
                corrupted("dbn-batch", "fog", 3, 500, set_size=size) for size in range(2, 2 + modes)
            ]
            path = tmp_path / folder / str(number)
            runs.append(write_run(path, records, label=f"{folder}{number}"))
        drawings = PAPER_FIGURES["bars"].make(read_tables(runs, names="ids"), 6.8)
        return [sum("dbn-batch" in name for name in drawing.key.names) for drawing in drawings]

    assert pages("a", [12]) == [12]
    assert pages("b", [6, 6, 6]) == [6, 6]
    assert pages("c", [14]) == [12, 2]
    assert pages("d", [1] * 13) == [1, 1]


def test_the_usual_report_has_the_usual_figures(tmp_path: Path) -> None:
    usual = write_report(read_results([noise_run(tmp_path / "run")]), tmp_path / "a").files
    assert {f.name for f in usual} >= {"accuracy_resnet20_agn_paper_clip.svg"}
    assert not [f for f in usual if f.name.startswith(tuple(PAPER_FIGURES))]
    none = write_report(
        read_results([tmp_path / "run"]), tmp_path / "b", ReportSettings(figures=["none"])
    ).files
    assert not [f for f in none if f.suffix in (".png", ".svg")]


def test_names_are_chosen_in_the_order_of_the_report() -> None:
    assert choose_figures(["all"]) == (ACCURACY, *PAPER_FIGURES)
    assert choose_figures(["none"]) == ()
    assert choose_figures(["votes", "images", "votes"]) == ("images", "votes")
    assert set(NAMES["figures"]) == {"all", "none", ACCURACY, *PAPER_FIGURES}


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["histograms"], "unknown figure 'histograms'; did you mean 'histogram'?"),
        (["all", "votes"], "figures='?all'? stands alone"),
        (["votes", "none"], "figures='?none'? stands alone"),
        ([], "figures= is empty"),
        ([""], "unknown figure ''"),
    ],
)
def test_wrong_names_are_one_line(names: list[str], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        ReportSettings(figures=names)


def test_a_csv_file_has_the_numbers_of_a_figure(run: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    tables = make_tables(read_outcomes(read_results([run])))
    noise = [table for table in tables if table.name.startswith("agn")]
    for name in ("confusion", "votes", "reliability", "histogram", "cost"):
        (piece,) = PAPER_FIGURES[name].make(noise, 6.8)
        (tmp_path / f"out/{name}_agn_paper_clip.csv").write_bytes(csv_bytes(piece.numbers))
    (tmp_path / "out/cells.csv").write_bytes(csv_bytes(Columns.of_frame(read_frame([run]))))
    confusion = pd.read_csv(tmp_path / "out/confusion_agn_paper_clip.csv")
    cells = pd.read_csv(tmp_path / "out/cells.csv")
    noisy = cells[cells["corruption"] == "agn"].set_index(["variant", "severity"])["accuracy"]
    for row in confusion[confusion["sigma"] > 0].itertuples():
        assert row.accuracy == pytest.approx(noisy[row.variant, row.sigma])
        assert 0.2 <= row.most_predicted_share <= 1
    for name, key in (("votes", "total"), ("reliability", "total")):
        frame = pd.read_csv(tmp_path / f"out/{name}_agn_paper_clip.csv")
        assert set(frame.groupby(["variant", "sigma"])[key].sum()) == {37}
    votes = pd.read_csv(tmp_path / "out/votes_agn_paper_clip.csv")
    assert set(votes["agreement"]) <= {0.5, 1.0}
    right = votes.groupby(["variant", "sigma"])["correct"].sum()
    for (variant, sigma), number in right.items():
        if sigma > 0:
            assert number / 37 == pytest.approx(noisy[variant, sigma])
    histogram = pd.read_csv(tmp_path / "out/histogram_agn_paper_clip.csv")
    assert np.allclose(histogram.groupby(["sigma", "channel"])["share"].sum(), 1)
    cost = pd.read_csv(tmp_path / "out/cost_agn_paper_clip.csv").set_index("variant")
    assert dict(cost["forward_passes"]) == {
        "ln-single": 1, "ln-single-voting": 2, "ln-batch": 1, "ln-voting": 2,
    }  # fmt: skip
    assert cost["degraded_accuracy"]["ln-batch"] == pytest.approx(noisy["ln-batch"].mean())


def test_samples_may_be_of_another_run_than_the_first(run: Path, tmp_path: Path) -> None:
    without = measure(tmp_path / "without", "A", samples=0, modes=("ln-batch",))
    tables = make_tables(read_results([without, run]))
    noise = next(table for table in tables if table.name.startswith("agn"))
    assert len(PAPER_FIGURES["images"].make([noise], 6.8)) == 1
    assert PAPER_FIGURES["images"].make(make_tables(read_results([without])), 6.8) == []


def test_pdf_and_svg_have_text_and_no_date(tmp_path: Path) -> None:
    runs = read_results([noise_run(tmp_path / "run")])
    first = write_report(runs, tmp_path / "a", ReportSettings(formats=["pdf", "svg"]))
    again = write_report(runs, tmp_path / "b", ReportSettings(formats=["svg", "pdf"]))
    figures = [file for file in first.files if file.suffix in (".pdf", ".svg", ".png")]
    assert [file.suffix for file in figures] == [".svg", ".pdf"]
    for file in figures:
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    svg, pdf = (file.read_bytes() for file in figures)
    assert "Dynamic BN-Batch" in texts_of(svg)
    assert b"/FontFile2" in pdf
    assert b"/CreationDate" not in pdf
    assert "agn_paper_clip.svg)" in again.markdown.read_text()
    with pytest.raises(SpecError, match="unknown format 'pgn'; did you mean 'png'"):
        ReportSettings(formats=["pgn"])


def test_modes_have_the_papers_names_for_people_and_ids_in_files(tmp_path: Path) -> None:
    run = read_results([noise_run(tmp_path / "run")])
    for names, shown in (("papers", "| Dynamic BN-Batch"), ("ids", "| dbn-batch")):
        written = write_report(run, tmp_path / names, ReportSettings(figures=["none"], names=names))
        assert shown in written.markdown.read_text()
        (wide,) = (file for file in written.files if file.name.startswith("accuracy_resnet20_agn")
                   and file.suffix == ".csv")  # fmt: skip
        assert "resnet20 dbn-batch accuracy" in wide.read_text().splitlines()[0]
    with pytest.raises(SpecError, match="unknown kind of names 'id'; did you mean 'ids'"):
        ReportSettings(names="id")
