from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

import pytest

from robustbench_ln.cli.suites import read_suite, write_suite
from robustbench_ln.errors import LnBenchError
from robustbench_ln.files.shipped import SHIPPED_SUITES

RUN = """
[[run]]
checkpoint = "net.pt"
data = "arrays:x.npz"
"""


def read(folder: Path, text: str, **options):
    (folder / "suite.toml").write_text(text)
    return read_suite(str(folder / "suite.toml"), **{"allow_code": False, **options})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(LnBenchError) as caught:
        read(folder, text)
    message = str(caught.value)
    assert message.startswith(f"{folder}/suite.toml")
    assert "\n" not in message
    return message.removeprefix(f"{folder}/suite.toml")


def test_values_are_those_of_the_command_line(tmp_path):
    text = """
[defaults]
noise = ["agn", "apn"]
sigmas = [0, 0.5, 1]
stat_batch = 64
range = "none"

[[run]]
checkpoint = "nets/a.pt"
data = "cifar10:data"
normalize = "-0.1,0,0/1,1,1"
strict = true
download = false

[[run]]
checkpoint = "demo:batchnorm"
data = "demo:digits"
stat_batch = 16
label = "B & C: d"
frost_dir = "/frost"
"""
    first, second = read(tmp_path, text).runs
    assert first.folder == "run-1"
    assert second.folder == "B-C-d"
    expected = {
        "checkpoint": f"{tmp_path}/nets/a.pt", "data": f"cifar10:{tmp_path}/data",
        "noise": "agn,apn", "sigmas": "0,0.5,1", "stat_batch": 64, "pixel_range": "none",
        "normalize": "-0.1,0,0/1,1,1", "strict": True, "download": False, "device_batch": "auto",
    }  # fmt: skip
    assert {key: first.options[key] for key in expected} == expected
    expected = {
        "checkpoint": "demo:batchnorm", "data": "demo:digits", "stat_batch": 16,
        "label": "B & C: d", "frost_dir": Path("/frost"), "strict": False,
    }  # fmt: skip
    assert {key: second.options[key] for key in expected} == expected


def test_homes_and_folders_of_transformers_keep_what_stands_before_them(tmp_path):
    text = "[[run]]\ncheckpoint = 'hf:vit'\ndata = 'folder:~/photos'\n"
    (one,) = read(tmp_path, text).runs
    assert one.options["checkpoint"] == f"hf:{tmp_path}/vit"
    assert one.options["data"] == "folder:~/photos"
    write_suite(tmp_path / "again.toml", [*one.words, "--out", "out"])
    (again,) = read_suite(str(tmp_path / "again.toml"), allow_code=False).runs
    assert again.options["checkpoint"] == f"hf:{tmp_path}/vit"


def test_the_command_of_a_run_asks_for_the_same(tmp_path):
    one = read(tmp_path, RUN + 'label = "two words"\nprior = "inf"\nnoise = "agn"\n').runs[0]
    words = shlex.split(one.command(Path("out")))
    assert words[:3] == ["ln-bench", "evaluate", f"{tmp_path}/net.pt"]
    assert words[-2:] == ["--out", "out/two-words"]
    write_suite(tmp_path / "again.toml", words[2:])
    again = read_suite(str(tmp_path / "again.toml"), allow_code=False).runs[0]
    assert dict(again.options) == dict(one.options)


def test_a_saved_suite_has_its_paths_from_its_folder(tmp_path, monkeypatch):
    (tmp_path / "suites").mkdir()
    monkeypatch.chdir(tmp_path)
    words = ["nets/a.pt", "--data", "folder:photos", "--clean", "demo:digits", "--baseline",
             "alexnet", "--class-map", "map.json", "--limit", "5", "--tf32",
             "--out", "runs/x"]  # fmt: skip
    write_suite(Path("suites/a.toml"), words)
    assert tomllib.loads(Path("suites/a.toml").read_text()) == {
        "run": [
            {
                "checkpoint": "../nets/a.pt", "data": "folder:../photos", "clean": "demo:digits",
                "class_map": "../map.json", "limit": 5, "tf32": True,
            }
        ],
        "report": {"baseline": "alexnet"},
    }  # fmt: skip
    write_suite(Path("suites/a.toml"), words)
    with pytest.raises(LnBenchError, match="holds a different suite"):
        write_suite(Path("suites/a.toml"), [*words, "--seed", "3"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ": no [[run]] table; a suite has one for each evaluation"),
        ("run = 3", ": no [[run]] table; a suite has one for each evaluation"),
        ("run = [1]", ": no [[run]] table; a suite has one for each evaluation"),
        ("[[runs]]", ": unknown table 'runs'; did you mean 'run'?"),
        ("defaults = 1" + RUN, ": defaults is not a table; write [defaults]"),
        ("[defaults]\nlimt = 5" + RUN, ", [defaults]: unknown key 'limt'; did you mean 'limit'?"),
        (RUN + RUN + "stat_bach = 5", ", [[run]] 2: unknown key 'stat_bach'; did you mean 'stat_b"),
        (RUN + "help = true", ", [[run]] 1: unknown key 'help'; choose from checkpoint, "),
        (RUN + "baseline = 'x'", ", [[run]] 1: baseline belongs to the report; write it below [re"),
        ("[report]\nbase = 'x'" + RUN, ", [report]: unknown key 'base'; did you mean 'baseline'?"),
        ("[report]\nbaseline = 4" + RUN, ", [report]: baseline = 4: expected a text"),
        ("[[run]]\ndata = 'x'", ', [[run]] 1: no checkpoint; write checkpoint = "FILE"'),
        ("[[run]]\ncheckpoint = 'x'", ", [[run]] 1: data: "),
        (RUN + "limit = 'many'", ", [[run]] 1: limit = 'many': "),
        (RUN + "limit = 5.5", ", [[run]] 1: limit = 5.5: "),
        ("[[run]]\ncheckpoint = 3\ndata = 'x'", ", [[run]] 1: checkpoint = 3: expected a text"),
        ("[[run]]\ncheckpoint = 'x'\ndata = ''", ", [[run]] 1: data = '': expected a text"),
        (RUN + "clean = ['a']", ", [[run]] 1: clean = ['a']: expected a text"),
        (RUN + "label = 'a'\nout = 'x'" + RUN + "label = 'a'", ", [[run]] 2: label = 'a' is th"),
        (RUN + "limit = {a = 1}", ", [[run]] 1: limit = {'a': 1}: expected a text, a number or a "),
        (RUN + "noise = [['agn']]", ", [[run]] 1: noise = [['agn']]: expected a text, a number or"),
        (RUN + "label = 1979-05-27", ", [[run]] 1: label = datetime.date(1979, 5, 27): expected a"),
        (RUN + "label = true", ", [[run]] 1: label = true: expected a text"),
        (RUN + "out = 3", ", [[run]] 1: out = 3: expected a text"),
        (RUN + "limit = true", ", [[run]] 1: limit = true: expected a text, a number or a list of"),
        (RUN + "limit = false", ", [[run]] 1: limit = false: expected a text, a number or a list"),
        (RUN + "sigmas = [true]", ", [[run]] 1: sigmas = [True]: expected a text, a number or a l"),
        (RUN + "strict = 'yes'", ", [[run]] 1: strict = 'yes': expected true or false"),
        (RUN + "strict = 1", ", [[run]] 1: strict = 1: expected true or false"),
        (RUN + "out = '../..'", ", [[run]] 1: '../..' cannot name a folder; set out"),
        (RUN + "out = 'report'", ", [[run]] 1: 'report' cannot name a folder; set out"),
        (RUN + "label = 'a b'" + RUN + "label = 'a+b'" + RUN + "out = 'a b'", ", [[run]] 3: the f"),
        (RUN + "model = 'net.py:f'", ", [[run]] 1: model runs code of a file; allow it with --all"),
        (RUN + "trust_checkpoint = true", ", [[run]] 1: trust_checkpoint runs code of a file; all"),
        ("[[run]\n", ": no TOML: "),
        ("a = " + "[" * 20000, ": no TOML: "),
        ("\ud800", ": no TOML: "),
    ],
)  # fmt: skip
def test_one_line_names_file_table_and_key(tmp_path, text, message):
    if text == "\ud800":
        (tmp_path / "suite.toml").write_bytes(b"\xff\xfe")
        with pytest.raises(LnBenchError, match="no TOML"):
            read_suite(str(tmp_path / "suite.toml"), allow_code=False)
        return
    assert refused(tmp_path, text).startswith(message)


def test_code_runs_only_where_it_is_allowed(tmp_path):
    suite = read(tmp_path, RUN + "model = 'net.py:f'\ntrust_checkpoint = true", allow_code=True)
    assert suite.runs[0].options["model"] == f"{tmp_path}/net.py:f"
    assert (
        read(tmp_path, RUN + "trust_checkpoint = false").runs[0].options["trust_checkpoint"]
        is False
    )


@pytest.mark.parametrize("name", SHIPPED_SUITES)
def test_shipped_suites_can_be_read(name):
    suite = read_suite(name, allow_code=False)
    assert len(suite.runs) in (2, 4)
    assert all(not Path(str(run.options["checkpoint"])).is_absolute() for run in suite.runs)


def test_a_key_of_many_dots_is_refused_by_its_length(tmp_path, ln_bench):
    """Python's reader takes minutes for it."""
    (tmp_path / "s.toml").write_text(".".join("a" * 200_000) + " = 1\n")
    outcome = ln_bench("run", str(tmp_path / "s.toml"), "--out", str(tmp_path / "o"))
    assert outcome.code == 2
    assert "s.toml: longer than 100,000 bytes" in outcome.err


def test_a_label_that_is_no_text_is_refused(tmp_path):
    words = ["demo:batchnorm", "--data", "demo:digits", "--label", "\udcff", "--out", "o"]
    with pytest.raises(LnBenchError, match=r"has '\\udcff', which no text file can hold"):
        write_suite(tmp_path / "s.toml", words)
    assert not list(tmp_path.iterdir())
