"""The judge: one command on one hostile input, and whatever it does that it must not.

It must end by itself, with exit code 0 or 2; where it refuses, in one line. It takes less memory
than SECURITY.md says, starts no process, opens no connection, writes below its output alone, and
shows no control characters, on the terminal or in a report.
"""

from __future__ import annotations

import os
import re
import resource
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from robustbench_ln.cli.main import run_command_line
from tests.fuzz.effort import MOST_BYTES, MOST_BYTES_A_BYTE

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ue000-\ue005\ufeff]"
)
_READ_BY_PEOPLE = {".md", ".csv", ".tex", ".svg", ".txt"}
_STARTS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "pty.")
_DELETES = {"os.remove", "os.rmdir", "os.rename", "os.mkdir", "os.link", "os.symlink", "os.truncate",
            "os.chmod", "os.chown", "shutil.rmtree"}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SPARE = 2 * 10**9
"""Bytes above the promise that a process may map before it is stopped."""


class Case(NamedTuple):
    """A command that is given in a folder of hostile files.

    Attributes:
        words: What follows `ln-bench`.
        outputs: Places below the folder that the command may write to.
    """

    words: Sequence[str]
    outputs: Sequence[str] = ()


@dataclass
class Verdict:
    """What a command did.

    Attributes:
        code: Its exit code; None where it did not end.
        failures: What it must not do; [] if all is well.
        seconds: How long it took.
        num_bytes: Most memory of the process.
        said: The line of its refusal.
    """

    code: int | None = None
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    num_bytes: int = 0
    said: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Watch:
    """Sees what this process opens for writing, deletes, starts and connects to.

    An audit hook stays for good: it is switched on for each command.
    """

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self.is_on = False
        sys.addaudithook(self._note)

    @contextmanager
    def on(self, allowed: Sequence[Path]) -> Iterator[None]:
        self.seen.clear()
        self.allowed = tuple(os.path.realpath(path) for path in allowed)
        self.is_on = True
        try:
            yield
        finally:
            self.is_on = False

    def _note(self, event: str, details: tuple[Any, ...]) -> None:
        if not self.is_on:
            return
        if event == "open":
            path, _, flags = details
            follows = not flags & (os.O_NOFOLLOW | os.O_EXCL)
            if isinstance(path, str | bytes) and flags & _WRITES and not self._may(path, follows):
                self.seen.append(f"writes {os.fsdecode(path)}")
        elif event in _DELETES:
            if any(
                not self._may(p, False, details[-1]) for p in details if isinstance(p, str | bytes)
            ):
                self.seen.append(f"{event} {details}")
        elif (
            event.startswith(_STARTS) or event.startswith("socket.") or event == "pickle.find_class"
        ):
            self.seen.append(f"{event} {details!r:.200}")

    def _may(self, path: str | bytes, follows: bool, folder: object = None) -> bool:
        text = os.fsdecode(path)
        if isinstance(folder, int) and folder >= 0 and not text.startswith("/"):
            text = f"/proc/self/fd/{folder}/{text}"
        parent, _, name = text.rpartition("/")
        place = f"{os.path.realpath(parent or ('/' if text.startswith('/') else '.'))}/{name}"
        place = os.path.realpath(text) if follows else place
        return place == os.devnull or any(
            place == allowed or place.startswith(f"{allowed}/") for allowed in self.allowed
        )


def judge(case: Case, folder: Path, *, outside: Path, spare: Path, watch: Watch) -> Verdict:
    """Give a command in a folder, and say what it did.

    Args:
        case: The command.
        folder: Where its files lie; nothing else is in it.
        outside: Folder of files that no command may change.
        spare: Folder for temporary files, and for what the command says.
        watch: That of this process.
    """
    size = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and not p.is_symlink())
    before, earlier = _look(outside), _texts(folder)
    verdict = Verdict()
    most = MOST_BYTES + MOST_BYTES_A_BYTE * size
    outputs = [folder / output for output in case.outputs]
    with _limited(most), watch.on([*outputs, spare]), _inside(folder):
        started = time.monotonic()
        verdict.code, said, shown, trace = _run(case.words, spare)
        verdict.seconds = time.monotonic() - started
    verdict.num_bytes = _peak_bytes()
    verdict.failures += trace + watch.seen
    if verdict.num_bytes > most or "too little memory" in shown:
        verdict.failures.append(f"took {verdict.num_bytes:,} bytes for {size:,}")
    if _look(outside) != before:
        verdict.failures.append("changed files outside")
    verdict.failures += _judge_words(verdict, said, shown)
    for path, text in _texts(folder).items():
        is_cut = earlier.get(path, "").startswith(text)  # a torn last line was dropped, or nothing
        if not is_cut and (found := FORBIDDEN.search(text)):
            verdict.failures.append(f"{path.relative_to(folder)} has {found[0]!r}")
    return verdict


def _judge_words(verdict: Verdict, said: str, shown: str) -> list[str]:
    failures = []
    for name, text in (("stdout", said), ("stderr", shown)):
        if found := FORBIDDEN.search(text):
            around = text[max(0, found.start() - 60) : found.end() + 20]
            failures.append(f"{name} has a control character: {around!r}")
        if len(text) > 10**6:
            failures.append(f"{name} has {len(text):,} letters")
    if verdict.code not in (0, 2):
        failures.append(f"exit code {verdict.code}: {shown[-2000:]}")
    errors = [line for line in shown.splitlines() if line.startswith("Error:")]
    if verdict.code == 2 and len(errors) != 1:
        failures.append(f"{len(errors)} lines of errors: {shown[-500:]!r}")
    verdict.said = errors[0] if errors else ""
    return failures


def _run(words: Sequence[str], spare: Path) -> tuple[int | None, str, str, list[str]]:
    """Return exit code, stdout, stderr, and the traceback if there is one."""
    kept = [os.dup(number) for number in (1, 2)]
    streams = sys.stdout, sys.stderr, sys.argv
    files = [spare / "stdout", spare / "stderr"]
    trace: list[str] = []
    code = None
    try:
        for number, file in enumerate(files, start=1):
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.argv = ["ln-bench", *words]
        try:
            code = run_command_line()
        except BaseException as error:  # noqa: BLE001
            last = traceback.extract_tb(error.__traceback__)[-1]
            trace.append(f"{type(error).__name__}: {error!s:.300} ({last.filename}:{last.lineno})")
            traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        sys.stdout, sys.stderr, sys.argv = streams
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
    return code, *(f.read_bytes().decode("utf-8", "backslashreplace") for f in files), trace


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    here = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)


@contextmanager
def _limited(most: int) -> Iterator[None]:
    """Forget the most memory that was used so far, and stop what runs far away."""
    Path("/proc/self/clear_refs").write_text("5")
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (mapped + most + _SPARE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))


def _peak_bytes() -> int:
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]


def _look(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
    }


def _texts(folder: Path) -> dict[Path, str]:
    """Return what people would read."""
    return {
        path: path.read_bytes().decode("utf-8", "backslashreplace")
        for path in folder.rglob("*")
        if path.suffix in _READ_BY_PEOPLE and path.is_file() and not path.is_symlink()
    }
