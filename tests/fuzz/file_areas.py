"""Data, pictures, tables, lists and suites of strangers, and odd words on the command line."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from PIL import Image, PngImagePlugin

from tests.fuzz.damage import (
    MARK,
    TEXTS,
    VALUES,
    damage_bytes,
    damage_text,
    damaged_array,
    damaged_json,
    pick,
)
from tests.fuzz.watch import Case

CONTRAST = [
    "--corruptions",
    "contrast",
    "--severities",
    "1",
    "--severity-table",
    "cifar10-c",
    "--limit",
    "2",
]
ERRORS = "corruption,severity,error\nclean,0,0.1\nfog,1,0.2\nfog,2,0.25\ncontrast,mean,0.5\n"
POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 12 12\n%%EndComments\nshowpage\n"


def _corrupt(source: str, *words: str) -> Case:
    return Case(["corrupt", source, *CONTRAST, "--out", "o", *words], ["o"])


def plant_arrays(base: Path, folder: Path, draws: Generator) -> Case:
    """The files of `arrays:`, `cifar10:` and `mnist:`."""
    rows = np.random.default_rng(0).integers(0, 256, (3, 3072)).astype(np.uint8)
    match int(draws.integers(3)):
        case 0:
            (folder / "a.npz").write_bytes(_npz(rows, draws))
            return _corrupt("arrays:a.npz")
        case 1:
            batch = {b"data": rows, b"labels": [1, 2, 3]}
            if draws.random() < 0.4:
                batch[pick(draws, list(batch))] = damaged_array(rows, draws)
            content = pickle.dumps(batch, protocol=int(pick(draws, [2, 2, 4, 5])))
            whole = draws.random() < 0.2
            (folder / "test_batch").write_bytes(content if whole else damage_bytes(content, draws))
            names = pickle.dumps({b"label_names": [MARK.encode()] * 10}, protocol=2)
            meta = names if draws.random() < 0.5 else damage_bytes(names, draws)
            (folder / "batches.meta").write_bytes(meta)
            return _corrupt("cifar10:.", "--format", pick(draws, ["npy", "folder"]))
        case _:
            images = struct.pack(">HBB3I", 0, 8, 3, 3, 16, 16) + rows[:, :256].tobytes()
            labels = struct.pack(">HBBI", 0, 8, 1, 3) + b"\1\2\3"
            for name, content in (("images-idx3", images), ("labels-idx1", labels)):
                damaged = damage_bytes(content, draws) if draws.random() < 0.5 else content
                packed = gzip.compress(damaged, mtime=0) if draws.random() < 0.5 else damaged
                packed = damage_bytes(packed, draws) if draws.random() < 0.3 else packed
                ending = ".gz" if packed[:1] == b"\x1f" else ""
                (folder / f"t10k-{name}-ubyte{ending}").write_bytes(packed)
            return _corrupt("mnist:.")


def _npz(rows: Any, draws: Generator) -> bytes:
    arrays = {"images": rows[:, :768].reshape(3, 16, 16, 3), "labels": np.array([1, 2, 3])}
    if draws.random() < 0.5:
        name = pick(draws, sorted(arrays))
        arrays[name] = damaged_array(arrays[name], draws)
    if draws.random() < 0.2:
        arrays[str(pick(draws, TEXTS))[:2000].replace("\ud800", "").replace("\udcff", "")] = rows
    buffer = io.BytesIO()
    (np.savez_compressed if draws.random() < 0.3 else np.savez)(buffer, **arrays)
    if draws.random() < 0.2:
        head = b"{'descr': '|O', 'fortran_order': False, 'shape': (3,)}\n"
        with zipfile.ZipFile(buffer, "a") as archive:
            start = b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little")
            archive.writestr("labels.npy", start + head + pickle.dumps([os.system] * 3))
    content = buffer.getvalue()
    return damage_bytes(content, draws) if draws.random() < 0.5 else content


def picture(draws: Generator) -> bytes:
    """Return a picture of some format, whole or damaged, or what is none."""
    buffer = io.BytesIO()
    size = pick(draws, [(32, 32), (28, 28), (1, 1), (33, 40), (1, 300), (7, 999)])
    mode = pick(draws, ["RGB", "RGB", "L", "P", "RGBA", "CMYK", "1", "LA"])
    image = Image.new(mode, size, int(draws.integers(2))).convert(mode)
    kind = pick(draws, ["PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF", "PDF", "EPS"])
    if kind in ("JPEG", "PPM", "EPS", "BMP", "WEBP") and mode in ("P", "RGBA", "LA", "CMYK", "1"):
        image = image.convert("RGB")
    options: dict[str, Any] = {}
    if kind == "PNG" and draws.random() < 0.5:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("\x1b[2J", "x" * int(pick(draws, [10, 10**6])), zip=True)
        options = {"pnginfo": notes}
    if kind in ("JPEG", "WEBP", "TIFF") and draws.random() < 0.5:
        exif = Image.Exif()
        exif[0x0112] = int(draws.integers(0, 12))
        exif[0x010E] = MARK
        options = {"exif": exif}
    try:
        image.save(buffer, kind, **options)
    except (OSError, ValueError):
        Image.new("RGB", size).save(buffer, "PNG")
    content = buffer.getvalue() if draws.random() < 0.95 else POSTSCRIPT
    return damage_bytes(content, draws) if draws.random() < 0.6 else content


def plant_picture(base: Path, folder: Path, draws: Generator) -> Case:
    """Pictures that `predict` is given, some of them by odd names."""
    names = []
    for _ in range(int(draws.integers(1, 4))):
        name = pick(draws, ["a.png", "b.jpg", "c.tif", f"d{MARK}.png", "e.webp", "\udcff.png", "f"])
        (folder / name).write_bytes(picture(draws))
        names.append(name)
    classes = folder / "names.txt"
    classes.write_text("\n".join([*"abcdefghi", MARK]), encoding="utf-8")
    sheet = ["--sheet", "s.png"] if draws.random() < 0.2 else []
    words = ["predict", "demo:batchnorm", *dict.fromkeys(names), "--resize", "28", "--crop", "28"]
    return Case([*words, "--modes", "bn", "--classes", "names.txt", *sheet],
                ["s.png", "s.png.part"])  # fmt: skip


def plant_folder(base: Path, folder: Path, draws: Generator) -> Case:
    """A folder of class folders, with links, pipes, loops, and names of every kind."""
    root = folder / "set"
    for number in range(int(draws.integers(1, 5))):
        text = str(pick(draws, TEXTS))[:80].replace("/", "_").replace("\0", "_")
        name = text if text.strip(". ") and draws.random() < 0.4 else f"class{number}"
        place = root / name.encode(
            "utf-8", "surrogateescape" if "\udcff" in name else "replace"
        ).decode("utf-8", "surrogateescape")
        place.mkdir(parents=True, exist_ok=True)
        for index in range(int(draws.integers(0, 3))):
            name = pick(draws, [f"{index}.png", f"{index}{MARK}.png", f"{index}.jpg", f"{index}"])
            good = (base / "pictures/class0/0.png").read_bytes()
            (place / name).write_bytes(good if draws.random() < 0.6 else picture(draws))
        odd = place / f"{pick(draws, ['z', 'sub'])}{number}{pick(draws, ['', '.png'])}"
        match int(draws.integers(8)):
            case 0:
                odd.symlink_to(root)
            case 1:
                odd.symlink_to(base.parent / "outside/folder")
            case 2:
                os.mkfifo(odd)
            case 3:
                odd.symlink_to("/dev/zero")
            case 4:
                odd.symlink_to("/proc/self")
            case _:
                pass
    root.mkdir(exist_ok=True)
    words = ["--resize", "28", "--crop", "28", "--format", pick(draws, ["npy", "folder", "folder"])]
    return _corrupt("folder:set", *words)


SUITE = """
[defaults]
data = "demo:digits"
noise = ["agn"]
sigmas = [0, 1]
limit = 2
modes = "bn"
[[run]]
label = "a"
checkpoint = "demo:batchnorm"
[[run]]
label = "b"
checkpoint = "demo:batchnorm"
seed = 3
[report]
baseline = "none"
"""


def plant_suite(base: Path, folder: Path, draws: Generator) -> Case:
    """A TOML file with other keys, values and bytes."""
    keys = ["label", "out", "checkpoint", "data", "noise", "sigmas", "limit", "model", "seed", "modes",
            "trust_checkpoint", "class_map", "classes", "frost_dir", "stat_batch", "help", "samples",
            "save_config", "download", "device", "baseline", "range", "quiet", "log", "workers", "x",
            "repeats", "group_size", "normalize", "arch"]  # fmt: skip
    lines = SUITE.splitlines()
    for _ in range(int(draws.integers(1, 3))):
        key, value = pick(draws, keys), pick(draws, VALUES)
        if value == 10**400 or (isinstance(value, str) and "\ud800" in value):
            continue
        text = json.dumps(value) if not isinstance(value, dict) else '{ "a" = 1 }'
        text = text.replace("null", '"null"').replace("Infinity", "inf").replace("NaN", "nan")
        lines.insert(int(draws.integers(len(lines) + 1)), f"{key} = {text}")
    content = "\n".join(lines).encode("utf-8", "surrogatepass")
    if draws.random() < 0.4:
        content = damage_text(SUITE, draws)
    (folder / "s.toml").write_bytes(content)
    (folder / "net.py").write_text(f"open({str(base.parent / 'outside/ran')!r}, 'w')\n")
    dry = ["--dry-run"] if draws.random() < 0.7 else []
    log = ["--log", "log.txt"] if draws.random() < 0.2 else []
    return Case(["run", "s.toml", "--out", "o", *dry, *log], ["o", "log.txt"])


def plant_table(base: Path, folder: Path, draws: Generator) -> Case:
    """A table of errors, given to `mce` or as a baseline."""
    if draws.random() < 0.5:
        content = damage_text(ERRORS, draws)
    else:
        rows = [line.split(",") for line in ERRORS.splitlines()]
        for _ in range(int(draws.integers(1, 4))):
            row = pick(draws, rows)
            text = str(pick(draws, VALUES))[:200_000]
            row[int(draws.integers(len(row)))] = f'"{text}"' if draws.random() < 0.3 else text
        separator = pick(draws, [",", ";", "\t", ",,"])
        content = "\n".join(map(separator.join, rows)).encode("utf-8", "surrogatepass")
    (folder / "e.csv").write_bytes(content)
    percent = ["--percent"] if draws.random() < 0.3 else []
    return pick(
        draws,
        [
            Case(["mce", "e.csv", *percent, "--out", "o"], ["o"]),
            Case(["mce", f"{base}/errors.csv", "--baseline", "e.csv", *percent]),
            Case(["report", f"{base}/run2", "--figures", "none", "--baseline", "e.csv", "--out", "o"],
                 ["o"]),
        ],
    )  # fmt: skip


def plant_class_list(base: Path, folder: Path, draws: Generator) -> Case:
    """A list of classes, a class map, or the names that `predict` shows."""
    good = pick(
        draws,
        [
            json.dumps({f"class{i}": i for i in range(5)}), json.dumps([f"class{i}" for i in range(5)]),
            "\n".join(f"class{i}" for i in range(5)), json.dumps(list(range(10))),
            "\n".join(map(str, range(10))),
        ],
    ).encode()  # fmt: skip
    is_json = good[:1] in (b"{", b"[")
    content = damaged_json(good, draws) if is_json else damage_text(good.decode(), draws)
    (folder / "c.json").write_bytes(content)
    evaluate = [
        "evaluate",
        "demo:batchnorm",
        "--data",
        "demo:digits",
        "--limit",
        "2",
        "--noise",
        "agn",
    ]
    return pick(
        draws,
        [
            _corrupt(f"folder:{base}/pictures", "--class-map", "c.json"),
            Case([*evaluate, "--sigmas", "0", "--modes", "bn", "--classes", "c.json", "--out", "o"],
                 ["o"]),
            Case(["predict", "demo:batchnorm", f"{base}/pictures/class0/0.png", "--classes", "c.json",
                  "--resize", "28", "--crop", "28", "--modes", "bn"]),
        ],
    )  # fmt: skip


def plant_frost(base: Path, folder: Path, draws: Generator) -> Case:
    """Photographs of frost."""
    for name in ("frost1.png", "frost2.png", "frost3.png", "frost4.jpg", "frost5.jpg"):
        good = (base / "pictures/class0/0.png").read_bytes()
        (folder / name).write_bytes(good if draws.random() < 0.8 else picture(draws))
    words = [
        "corrupt",
        "demo:digits",
        "--corruptions",
        "frost",
        "--severities",
        "1",
        "--severity-table",
        "cifar10-c",
    ]
    return Case([*words, "--limit", "2", "--frost-dir", str(folder), "--out", "o"], ["o"])


def plant_words(base: Path, folder: Path, draws: Generator) -> Case:
    """Odd words where names, numbers and paths are expected."""

    def word() -> str:
        text = pick(draws, VALUES)
        return str(text).replace("\0", "").replace("\ud800", "\udcff")[:100_000]

    commands = [
        ["evaluate", "demo:batchnorm", "--data", word(), "--noise", "agn", "--out", "o"],
        ["evaluate", word(), "--arch", word(), "--normalize", "none", "--data", "demo:digits",
         "--noise", "agn", "--out", "o"],
        ["evaluate", "demo:batchnorm", "--data", "demo:digits", "--noise", word(), "--sigmas", word(),
         "--limit", "2", "--out", "o"],
        ["evaluate", "demo:batchnorm", "--data", "demo:digits", "--limit", "2", "--noise", "agn",
         "--sigmas", "0", "--modes", "bn", "--label", word(), "--samples", "0", "--out", "o"],
        ["evaluate", "demo:batchnorm", "--data", "demo:digits", "--limit", "2", "--noise", "agn",
         "--sigmas", "0", "--modes", "bn", pick(draws, ["--seed", "--repeats", "--stat-batch",
         "--device-batch", "--prior", "--samples", "--group-size"]), word(), "--out", "o"],
        ["list", word()], ["report", word()], ["compare", word(), word()], ["score", word()],
        ["mce", word()], ["run", word(), "--out", "o"], ["inspect", word()], ["inspect", "demo:localnorm"
         , word()], ["corrupt", word(), "--out", "o"], ["corrupt", "--verify", word()],
        ["predict", "demo:batchnorm", word()], ["convert", word(), "--out", "o/x.pt"], ["env", word()],
        ["train", "--data", word(), "--recipe", word(), "--out", "o"], ["speed", "--norms", word()],
        ["report", f"{base}/run2", "--label", word(), "--figures", pick(draws, ["none", word()]),
         "--out", "o"], ["evaluate", "demo:batchnorm", "--save-config", "o/x.toml", "--out", word()],
        ["env", "--log", "log.txt", "--quiet"], [word()], [word(), word()], ["--install-completion",
         word()], ["--show-completion", word()],
    ]  # fmt: skip
    command = pick(draws, commands)
    if command[0] == "--install-completion":
        command = ["list", "modes"]
    return Case(command, ["o", "log.txt"])
