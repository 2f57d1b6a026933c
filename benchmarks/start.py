"""What `ln-bench` takes to start, against `python -c "import torch"`, in turns.

    OMP_NUM_THREADS=1 python benchmarks/start.py

writes benchmarks/results/start.json, which docs/speed.md shows. Every job is a process of its own.
CPU seconds are those of the process, user and system: other programs do not count. Modules are
compiled once, as `pip install` leaves them. The evaluation is the smallest there is: eight images
of the package, one noise, one mode, with its report.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from robustbench_ln.speed.turns import Job, circumstances, time_in_turns

OUT = Path(__file__).parent / "results" / "start.json"
BENCH = (sys.executable, "-m", "robustbench_ln")
EVALUATE = (
    *("evaluate", "demo:batchnorm", "--data", "demo:digits", "--noise", "agn-additive"),
    *("--convention", "released", "--sigmas", "0.5", "--modes", "bn", "--limit", "8", "--out"),
)
COMMANDS = {
    'python -c "import torch"': (sys.executable, "-c", "import torch"),
    "ln-bench --help": (*BENCH, "--help"),
    "ln-bench list corruptions": (*BENCH, "list", "corruptions"),
    "ln-bench train, an unknown norm": (*BENCH, "train", "--norm", "bogus"),
    "ln-bench evaluate, 8 images": (*BENCH, *EVALUATE),
}
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class Spent:
    """CPU seconds and peak memory of every run of some commands."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cpu: dict[str, list[float]] = {name: [] for name in COMMANDS}
        self.megabytes: dict[str, list[float]] = {name: [] for name in COMMANDS}

    def job(self, name: str) -> Job:
        """Return the job that runs a command and keeps what it took."""

        def run() -> None:
            command = [*COMMANDS[name]]
            if command[-1] == "--out":
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                command.append(str(self.folder / "run"))
            quiet = subprocess.DEVNULL
            process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=ENVIRONMENT)
            _, _, usage = os.wait4(process.pid, 0)
            self.cpu[name].append(usage.ru_utime + usage.ru_stime)
            self.megabytes[name].append(usage.ru_maxrss / 1024)

        return run


def main() -> None:
    """Measure, print, and write the raw record."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        spent = Spent(Path(folder))
        jobs = {name: spent.job(name) for name in COMMANDS}
        wall = time_in_turns(jobs, arguments.repetitions)
    record = {
        **circumstances("OMP_NUM_THREADS=1 python " + " ".join(sys.argv), threads=1),
        "date": time.strftime("%Y-%m-%d"),
        "torch": torch.__version__,
        "seconds": wall,
        "cpu_seconds": {name: values[1:] for name, values in spent.cpu.items()},
        "peak_mb": {name: values[1:] for name, values in spent.megabytes.items()},
    }
    arguments.out.write_text(json.dumps(record, indent=1) + "\n")
    for name, values in record["cpu_seconds"].items():
        print(f"{name:36s} {sorted(values)[len(values) // 2]:6.2f} CPU s")


if __name__ == "__main__":
    main()
