"""Streams that are closed, full or broken, signals, odd paths, memory: the right code, one line."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
import torch
from PIL import Image

from robustbench_ln.cli.failures import run_command
from robustbench_ln.errors import is_out_of_memory
from robustbench_ln.models.registry import ARCHITECTURES
from robustbench_ln.norms.layers import copy_network
from tests.reports.synthetic_runs import noise_run

CPU = "[enforce fail at alloc_cpu.cpp:127] . DefaultCPUAllocator: can't allocate memory: 9 bytes"
COMMAND = [sys.executable, "-m", "robustbench_ln"]


def shell(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = line.replace("ln-bench", f"{sys.executable} -m robustbench_ln")
    path = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=path, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("ln-bench list modes >&-", 2, "Error: stdout is closed"),
        ("ln-bench list modes > /dev/full", 2, "Error: stdout cannot be written (No space left"),
        ("ln-bench --help > /dev/full", 2, "No space left on device"),
        ("ln-bench list modes | true; exit ${PIPESTATUS[0]}", 141, ""),
        ("ln-bench --help | true; exit ${PIPESTATUS[0]}", 141, ""),
        ("ln-bench list modes 2>&-", 0, ""),
        ("ln-bench list modes 2>/dev/full", 0, ""),
        ("ln-bench list nope 2>/dev/full", 2, ""),
        ("ln-bench list nope 2>&1 >&- | true; exit ${PIPESTATUS[0]}", 2, ""),
        ("ln-bench list modes <&-", 0, ""),
        ("ln-bench list modes <&- >&- 2>&-", 2, ""),
        ("mkdir d; cd d; rmdir ../d; ln-bench list modes", 2, "Error: the working directory was"),
        ("ln -s a b; ln -s b a; ln-bench report a --out o", 2, "Error: a: its links lead round"),
        ("ln-bench report '~nosuchuser/x'", 2, "Error: ~nosuchuser/x: no cells.jsonl"),
        ("ln-bench list $(printf 'a%.0s' {1..5000})", 2, "Error: unknown list 'aaa"),
        ("ln-bench report $(printf 'a%.0s' {1..5000})", 2, "File name too long"),
    ],
)  # fmt: skip
def test_streams_and_paths(tmp_path, line, code, said):
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = shell(line, tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == (1 if said else 0)
    assert "Traceback" not in done.stderr


def test_a_label_that_is_no_text_is_shown(tmp_path, ln_bench):
    run = noise_run(tmp_path / "run")
    assert ln_bench("report", str(run), "--label", os.fsdecode(b"a\xff")).code == 0
    assert (run / "report/report.md").read_text().startswith("# Robustness of a\\udcff\n")


@pytest.mark.parametrize("source", ["arrays:~nosuchuser/x", "corrupted:~nosuchuser/x"])
def test_a_home_of_nobody_is_one_line(refuses, tmp_path, source):
    line = refuses("evaluate", "demo:batchnorm", "--data", source, "--out", str(tmp_path / "o"))
    assert "~nosuchuser/x: no home folder is known for it" in line


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_stop_a_command_as_ctrl_c_does(capsys, name, code):
    def work() -> None:
        os.kill(os.getpid(), getattr(signal, name))
        time.sleep(5)
        raise AssertionError("went on")

    number = getattr(signal, name)
    usual = signal.default_int_handler if name == "SIGINT" else signal.SIG_DFL
    before = signal.signal(number, usual)  # a shell has a job in the background ignore SIGINT
    try:
        assert run_command(work) == code
        assert "Interrupted. What was written is kept" in capsys.readouterr().err
        assert signal.getsignal(number) == usual
    finally:
        signal.signal(number, before)


def test_an_import_that_a_signal_cut_off_is_no_bug():
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(5)
        except KeyboardInterrupt:
            raise ImportError("cut off") from None

    assert run_command(work) == 143


def test_an_ignored_signal_stays_ignored(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run_command(lambda: os.kill(os.getpid(), signal.SIGHUP)) == 0
    finally:
        signal.signal(signal.SIGHUP, before)


INTERRUPTED = """
import os, runpy, signal, sys

module, sys.argv[1:] = sys.argv[1], sys.argv[2:]

class Interrupter:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.meta_path.insert(0, Interrupter())
runpy.run_module("robustbench_ln", run_name="__main__")
"""
"""Presses Ctrl-C where the import of a module begins."""


@pytest.mark.parametrize("module", ["robustbench_ln.cli.main", "typer", "torch"])
def test_ctrl_c_while_modules_are_imported_shows_no_traceback(tmp_path, module):
    words = ["evaluate", "none.pt", "--arch", "resnet20", "--data", "demo:digits", "--out", "run"]
    path = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, module, *words, "--normalize", "none"],
        cwd=tmp_path, env=path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.returncode in (-signal.SIGINT, 130)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_stopped_evaluation_goes_on(lab, name, code):
    def start() -> subprocess.Popen[str]:
        words = lab.command("--sigmas", "0:2:0.1")
        return subprocess.Popen([*COMMAND, *words], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True)  # fmt: skip

    process, cells = start(), lab.folder / "run/cells.jsonl"
    while not cells.is_file() or cells.read_bytes().count(b"\n") < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(getattr(signal, name))
    assert "Interrupted. What was written is kept" in process.communicate()[1]
    assert process.returncode == code
    rows = cells.read_bytes().count(b"\n")
    again = start()
    again.communicate()
    assert again.returncode == 0
    assert cells.read_bytes().count(b"\n") > rows


@pytest.mark.parametrize(
    ("error", "where"),
    [
        (MemoryError(), "this machine"),
        (RuntimeError(CPU), "this machine"),
        (cv2.error("(-4:Insufficient memory) Failed to allocate 9 bytes"), "this machine"),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB."), "the GPU"),
    ],
)
def test_too_little_memory_is_one_line_that_names_what_to_lower(capsys, error, where):
    def work() -> None:
        raise error

    assert is_out_of_memory(error)
    assert run_command(work) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Error: {where} has too little memory; lower --device-batch, then --st")


class Huge(torch.nn.Module):
    def __deepcopy__(self, memo: object) -> Huge:
        raise RuntimeError(CPU)


def test_memory_is_not_blamed_on_the_network():
    with pytest.raises(RuntimeError, match="DefaultCPUAllocator") as caught:
        copy_network(Huge())
    assert type(caught.value) is RuntimeError


def test_other_errors_of_the_system_are_one_line(capsys, tmp_path):
    assert run_command((tmp_path / "none").read_bytes) == 2
    assert f"{tmp_path}/none: No such file or directory" in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        run_command(lambda: 1 / 0)


STARTS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "socket.")


class Watch:
    """Notes processes that start and sockets; an audit hook stays, so that it is switched off."""

    is_on = False

    def __init__(self) -> None:
        self.seen: list[str] = []
        sys.addaudithook(self.note)

    def note(self, event: str, details: object) -> None:
        if self.is_on and event.startswith(STARTS) and event != "socket.gethostname":
            self.seen.append(f"{event} {details}")


@pytest.fixture(scope="module")
def audit() -> Watch:
    return Watch()


@pytest.fixture
def watch(audit: Watch):
    audit.seen.clear()
    audit.is_on = True
    yield audit
    audit.is_on = False


def test_the_watch_sees_both(watch):
    subprocess.run(["true"], check=True)
    socket.socket().close()
    assert {line.split()[0] for line in watch.seen} >= {"subprocess.Popen", "socket.__new__"}


@pytest.fixture
def network(tmp_path: Path) -> list[str]:
    torch.manual_seed(88)
    torch.save(ARCHITECTURES["resnet20"].build(10, 3).state_dict(), tmp_path / "net.pt")
    return [str(tmp_path / "net.pt"), "--arch", "resnet20", "--normalize", "none"]


def test_pictures_start_no_process_and_open_no_connection(tmp_path, ln_bench, network, watch):
    for name in "0123456789":
        (tmp_path / "set" / name).mkdir(parents=True)
        Image.new("RGB", (32, 32), (20 * int(name), 9, 99)).save(tmp_path / f"set/{name}/a.png")
    shown = ln_bench("predict", *network, str(tmp_path / "set/0/a.png"))
    assert shown.code == 0, shown.err
    run = ln_bench("evaluate", *network, "--data", f"folder:{tmp_path}/set", "--noise", "agn",
                   "--sigmas", "1", "--modes", "bn", "--out", str(tmp_path / "run"))  # fmt: skip
    assert run.code == 0, run.err
    assert watch.seen == []


@pytest.mark.parametrize("name", ["0.png", "0.jpg", "0.tif"])
def test_postscript_starts_nothing(tmp_path, refuses, network, watch, name):
    (tmp_path / "set/a").mkdir(parents=True)
    picture = tmp_path / "set/a" / name
    picture.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n")
    assert "not an image" in refuses("predict", *network, str(picture))
    assert "not an image" in refuses("evaluate", *network, "--data", f"folder:{tmp_path}/set",
                                     "--noise", "agn", "--out", str(tmp_path / "run"))  # fmt: skip
    assert watch.seen == []


def test_env_starts_nothing(ln_bench, watch):
    assert ln_bench("env").code == 0
    assert watch.seen == []


@pytest.mark.parametrize("arch", ["torchvision:resnet18", "timm:resnet18.a1_in1k"])
def test_weights_that_are_absent_open_no_connection(tmp_path, refuses, watch, arch):
    if arch.startswith("timm"):
        pytest.importorskip("timm")
    watch.seen.clear()
    refuses("inspect", str(tmp_path / "model.pth"), "--arch", arch)
    refuses("evaluate", "demo:batchnorm", "--data", f"cifar10:{tmp_path}", "--out", "x")
    assert [line for line in watch.seen if line.startswith("socket")] == []
