"""What a stranger's files cannot make a command do: start a process, or open a connection.

An audit hook sees what Python starts and connects to; the `gs` that is found first on PATH would
leave a mark if Pillow, or a library below it, handed a picture to Ghostscript.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Lab

WATCHED = """
import json, sys
from pathlib import Path

seen = []
STARTS = {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"}

def watch(event, args):
    if event in STARTS or event.startswith(("subprocess.", "socket.", "urllib.", "ftplib.")):
        if "/sbin/ldconfig" not in args[:1]:  # asked for by importing torch's CUDA libraries
            seen.append([event, repr(args)[:200]])

sys.addaudithook(watch)
report, *sys.argv[1:] = sys.argv[1:]
if sys.argv[1:] == ["control"]:
    import socket, subprocess
    socket.socket().close()
    subprocess.run(["gs"], check=True)
    code = 0
else:
    from robustbench_ln.cli.main import main
    try:
        main()
    except SystemExit as ended:
        code = ended.code or 0
Path(report).write_text(json.dumps({"code": code, "seen": seen}))
"""
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 12 12\n%%EndComments\nshowpage\n"


@pytest.fixture
def watched(tmp_path):
    """Runs a command and returns its exit code, its stderr and what it started or connected to."""
    programs, mark = tmp_path / "programs", tmp_path / "ghostscript_ran"
    programs.mkdir()
    fake = programs / "gs"
    fake.write_text(f"#!/bin/sh\necho 10.0 >> '{mark}'\n")
    fake.chmod(0o755)

    def run(*words: str) -> tuple[int, str, list[str]]:
        report = tmp_path / "report.json"
        mark.unlink(missing_ok=True)
        environment = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, str(report), *words],
            capture_output=True, text=True, env=environment, check=False, timeout=100,
        )  # fmt: skip
        assert report.is_file(), done.stderr
        told = json.loads(report.read_text())
        events = [event for event, _ in told["seen"]] + (["gs"] if mark.exists() else [])
        return told["code"], done.stderr, events

    return run


def network(lab: Lab) -> list[str]:
    model = f"{lab.folder}/net.py:network"
    return [str(lab.folder / "net.pt"), "--model", model, "--normalize", "none"]


def class_folder(lab: Lab) -> Path:
    with np.load(lab.folder / "data.npz") as data:
        for index in range(8):
            place = lab.folder / "pictures" / f"class{index % 5}"
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(data["images"][index]).save(place / f"{index}.png")
    return lab.folder / "pictures"


def test_the_watch_sees_what_it_is_for(watched):
    _, _, events = watched("control")
    assert {"socket.__new__", "subprocess.Popen", "gs"} <= set(events)


def test_no_command_starts_a_process_or_opens_a_socket(lab, watched):
    folder = class_folder(lab)
    commands = [
        ["evaluate", *network(lab), "--data", f"folder:{folder}", "--noise", "agn", "--sigmas", "0",
         "--modes", "bn", "--out", str(lab.folder / "run")],
        ["predict", *network(lab), str(folder / "class0/0.png")],
        ["inspect", *network(lab)[:3]],
    ]  # fmt: skip
    for command in commands:
        code, stderr, events = watched(*command)
        assert (code, events) == (0, []), stderr


@pytest.mark.parametrize("name", ["1.png", "1.jpg", "1.tiff"])
def test_postscript_is_no_picture(lab, watched, name):
    folder = class_folder(lab)
    trap = folder / "class0" / name
    trap.write_bytes(POSTSCRIPT)
    evaluate = [
        "evaluate", *network(lab), "--data", f"folder:{folder}", "--noise", "agn", "--sigmas", "0",
        "--out", str(lab.folder / "run"),
    ]  # fmt: skip
    for command in (evaluate, ["predict", *network(lab), str(trap)]):
        code, stderr, events = watched(*command)
        assert (code, events) == (2, []), stderr
        assert f"{name}: not an image (JPEG, PNG, BMP, WEBP, TIFF or PPM), or damaged" in stderr
