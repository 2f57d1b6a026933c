"""A process that gives the commands of cases, one after the other, and says what each did.

    python -m tests.fuzz.worker FOLDER SEED

It reads "AREA NUMBER" from stdin and writes a line of JSON to stdout. What ends the process, or
hangs it, is for `campaign` to see.
"""

from __future__ import annotations

import os
import shutil
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tests.cli.conftest import MODEL_FILE
from tests.fuzz.areas import AREAS
from tests.fuzz.file_areas import ERRORS
from tests.fuzz.watch import Case, Verdict, Watch, judge

TRAIN = (
    "train --model {base}/net.py:network --normalize none --data arrays:{base}/data.npz --recipe "
)
TRAIN += "mnist --epochs 1 --out"


def main() -> None:
    """Make the good files, then judge whatever case is asked for."""
    import json

    root, seed = Path(sys.argv[1]).resolve(), int(sys.argv[2])
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    torch.set_num_threads(1)
    watch = Watch()
    from matplotlib import font_manager  # the first time on a machine, it starts fc-list

    del font_manager
    make_good_files(root, watch)
    print("{}", file=answers, flush=True)
    for line in sys.stdin:
        area, _, number = line.strip().rpartition(" ")
        verdict = try_case(root, area, seed, int(number), watch)
        print(json.dumps(verdict.to_json()), file=answers, flush=True)


def try_case(root: Path, area: str, seed: int, number: int, watch: Watch) -> Verdict:
    """Plant a case, judge it, and take its folder away if all was well."""
    folder = root / "cases" / f"{area}-{number}".replace(" ", "-")
    folder.mkdir(parents=True)
    draws = np.random.default_rng([seed, zlib.crc32(area.encode()), number])
    case = AREAS[area](root / "base", folder, draws)
    verdict = _judge(case, folder, root, watch)
    if not verdict.failures:
        shutil.rmtree(folder, ignore_errors=True)
    return verdict


def _judge(case: Case, folder: Path, root: Path, watch: Watch) -> Verdict:
    spare = root / "spare"
    verdict = judge(case, folder, outside=root / "outside", spare=spare, watch=watch)
    if verdict.failures:
        words = [word[:200] for word in case.words]
        verdict.failures.append(f"command in {folder}: {words!r}")
    return verdict


def make_good_files(root: Path, watch: Watch) -> None:
    """Make, below `base`, what the areas change; `outside` nobody may change."""
    base = root / "base"
    for name in ("base/shards", "spare", "cases", "outside/folder/1/0"):
        (root / name).mkdir(parents=True, exist_ok=True)
    for name in ("victim", "folder/precious", "folder/1/0/0.png"):
        (root / "outside" / name).write_bytes(b"precious")
    (base / "net.py").write_text(MODEL_FILE)
    scope: dict[str, Any] = {}
    exec(MODEL_FILE, scope)
    torch.save(scope["network"]().state_dict(), base / "net.pt")
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (120, 28, 28, 3)).astype(np.uint8)
    np.savez(base / "data.npz", images=images, labels=np.arange(120) % 5)
    for index in range(10):
        place = base / "pictures" / f"class{index % 5}"
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[index]).save(place / f"{index}.png")
    write_video(base / "frames.mp4")
    (base / "errors.csv").write_text(ERRORS)
    table = "--severity-table cifar10-c --limit"
    digits, bn = "--data demo:digits", "evaluate demo:batchnorm"
    train = TRAIN.format(base=base)
    (base / "training.txt").write_text(train)
    for words, output in (
        (f"evaluate demo:localnorm {digits} --limit 12 --noise agn --sigmas 0,1 --out run", "run"),
        (f"{bn} {digits} --corruptions fog --severities 1,5 {table} 12 --modes bn,dbn-batch --out run2",
         "run2"),
        *((f"{bn} {digits} --noise agn --sigmas 0,1,2 --limit 4 --modes bn,dbn-batch --shard {i}/2 --out shards/{i}",
           f"shards/{i}") for i in (1, 2)),
        (f"corrupt demo:digits --corruptions contrast --severities 1,2 {table} 3 --out set", "set"),
        (f"corrupt demo:digits --corruptions contrast --severities 1 {table} 3 --format folder --out "
         "folders", "folders"),
        ("corrupt demo:digits --noise agn --sigmas 1 --limit 3 --out noisy", "noisy"),
        (f"{train} training", "training"),
    ):  # fmt: skip
        verdict = _judge(Case(words.split(), [output]), base, root, watch)
        assert (verdict.code, verdict.failures) == (0, []), (words, verdict)


def write_video(path: Path) -> None:
    """Write a video of five frames, as ImageNet-P has them."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"  # asked for once, by whatever comes first
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 5, (28, 28))
    for level in range(5):
        writer.write(np.full((28, 28, 3), 40 * level, dtype=np.uint8))
    writer.release()


if __name__ == "__main__":
    main()
