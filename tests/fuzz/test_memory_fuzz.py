"""A small file that asks for gigabytes is refused in one line, with 512 MB of memory to spare.

They are read in a process that may map so much beyond what it has: a reader that takes the memory
first fails here.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

from tests.fuzz.effort import examples

SEED = 40_417
READ = """
import json, resource, sys
from pathlib import Path

import torch
from robustbench_ln.corrupted_sets.arrays_reader import find_arrays
from robustbench_ln.data import DataOptions, load_images
from robustbench_ln.errors import LnBenchError
from robustbench_ln.models import fitting, load_weights, read_checkpoint
from robustbench_ln.runs.predictions import read_predictions

fitting.describe_nearest = lambda _: ""
def read(kind, path):
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + 512 * 2**20, -1))
    if kind == "checkpoint":
        network = torch.nn.Sequential(torch.nn.Conv2d(1, 2048, 1), torch.nn.BatchNorm2d(2048))
        load_weights(read_checkpoint(path), network, name="tiny")
    elif kind == "set":
        find_arrays(path.parent, ())
    elif kind == "predictions":
        read_predictions(path, num_images=10, num_classes=10)
    else:
        load_images(f"{kind}:{path if kind == 'arrays' else path.parent}", DataOptions())

said = []
for kind, path in json.loads(sys.argv[1]):
    try:
        read(kind, Path(path))
        said.append("read")
    except LnBenchError as error:
        said.append(f"{type(error).__name__}: {error}")
    except MemoryError:
        said.append("MemoryError")
print(json.dumps(said))
"""


def archive(data: bytes, *, compression: int = zipfile.ZIP_STORED, storage: bytes = b"") -> bytes:
    """A file of torch.save with this pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        file.writestr("archive/data.pkl", data)
        file.writestr("archive/byteorder", b"little")
        file.writestr("archive/data/0", storage)
        file.writestr("archive/version", b"3\n")
    return buffer.getvalue()


def saved(state: Any, *, is_zip: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=is_zip)
    return buffer.getvalue()


def call(name: str, arguments: bytes) -> bytes:
    """A pickle {"a": NAME(*arguments)}."""
    module, _, function = name.rpartition(".")
    return b"\x80\x02}X\x01\0\0\0ac" + f"{module}\n{function}\n".encode() + arguments + b"Rs."


def overlapping() -> bytes:
    """Ten thousand entries that are all the same megabyte."""
    content = archive(b"\x80\x02}.", storage=bytes(2**20))
    start = content.rindex(b"PK\x05\x06")
    offset = struct.unpack_from("<I", content, start + 16)[0]
    directory = content[offset:start]
    entry = next(part for part in directory.split(b"PK\x01\x02") if b"archive/data/0" in part)
    copies = b"".join(
        b"PK\x01\x02" + entry.replace(b"data/0", b"%06d" % index) for index in range(10_000)
    )
    end = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, 10_004, 10_004, len(directory) + len(copies), offset, 0
    )
    return content[:offset] + directory + copies + end


def deflated(name: str, size: int) -> bytes:
    """An .npz with `size` zeros as `name`, and labels."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        with file.open(f"{name}.npy", "w") as target:
            shape = (size // 2**20, 1024, 1024)
            head = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(target, head)
            for _ in range(size // 2**20):
                target.write(bytes(2**20))
        with file.open("labels.npy", "w") as target:
            np.lib.format.write_array(target, np.zeros(size // 2**20, np.int64))
    return buffer.getvalue()


def npy(shape: tuple[int, ...]) -> bytes:
    """The head of an array without its values."""
    buffer = io.BytesIO()
    head = {"descr": "|u1", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(buffer, head)
    return buffer.getvalue() + bytes(100)


class _Rows:
    def __reduce__(self) -> Any:
        return np.ndarray, ((10**5, 3072), np.dtype("u1"))


FOUR_GB = b"\x8a\x05\x00\x28\x6b\xee\x00\x85"  # the arguments (4 * 10**9,)
LARGE = b"\x8a\x05" + b"\x10" * 5
FOUR_GB_LONG = (4 * 10**9).to_bytes(8, "little")
BYTEARRAY = call("builtins.bytearray", FOUR_GB)
ZEROS = gzip.compress(bytes(2**26), 9, mtime=0)
IDX = gzip.compress(struct.pack(">HBB3I", 0, 8, 3, 48 * 2**20, 8, 8), mtime=0)
LOCAL = {"0.weight": torch.ones(2048, 1, 1, 1), "0.bias": torch.zeros(2048)}
NO_BYTES = b"cnumpy\ndtype\nX\x0c\0\0\0V20000000000\x85R\x85"
FILES: dict[str, tuple[str, str, Callable[[], bytes], str]] = {
    "stride 0": (
        "checkpoint", "a.pt", lambda: saved({"conv1.weight": torch.ones(1).expand(2**36)}),
        "has shape [68719476736], more values than a file of",
    ),
    "stride 0 in half precision, before 1.6": (
        "checkpoint", "a.th",
        lambda: saved({"w": torch.ones(1).half().expand(9, 2**32)}, is_zip=False),
        "more values than a file of",
    ),
    "many names of one storage": (
        "checkpoint", "a.pt",
        lambda: saved({f"w{i}": t for i, t in enumerate([torch.ones(2**18)] * 3000)}),
        "more values than a file of",
    ),
    "compressed": (
        "checkpoint", "a.pt", lambda: archive(bytes(10**6), compression=zipfile.ZIP_DEFLATED),
        "'archive/data.pkl' in it is compressed, which torch.save never does",
    ),
    "overlapping entries": ("checkpoint", "a.pt", overlapping, "the file is damaged or truncated"),
    "bytearray": (
        "checkpoint", "a.pt", lambda: archive(BYTEARRAY),
        "no weights in it; its entries are 'a'",
    ),
    "bytearray, before 1.6": (
        "checkpoint", "a.th",
        lambda: saved({}, is_zip=False).replace(b"}q\0.", BYTEARRAY[2:]),
        "no weights in it; its entries are 'a'",
    ),
    "cast of an expanded tensor": (
        "checkpoint", "a.pt",
        lambda: archive(call("torch._utils._rebuild_device_tensor_from_cpu_tensor", b")")),
        "no weights in it; its entries are 'a'",
    ),
    "NumPy scalar without its bytes": (
        "checkpoint", "a.pt", lambda: archive(call("numpy.core.multiarray.scalar", NO_BYTES)),
        "no weights in it; its entries are 'a'",
    ),
    "bytearray with a length, protocol 5": (
        "checkpoint", "a.pt", lambda: archive(b"\x80\x05\x96" + FOUR_GB_LONG + b"."),
        "the file is damaged or truncated",
    ),
    "object number 2^31 in a checkpoint": (
        "checkpoint", "a.pt", lambda: archive(b"\x80\x02}r\xff\xff\xff\x7f."),
        "no weights in it; its entries are nothing",
    ),
    "storage of 10^12 numbers, before 1.6": (
        "checkpoint", "a.th",
        lambda: saved({"w": torch.ones(3)}, is_zip=False).replace(b"K\x03Nt", LARGE + b"Nt"),
        "the file is damaged or truncated",
    ),
    "10^8 groups of no channels": (
        "checkpoint", "a.safetensors", lambda: save(LOCAL | {"1.weight": torch.ones(10**8, 0)}),
        "has shape [100000000, 0], more values than a file of",
    ),
    "10^6 groups of one channel": (
        "checkpoint", "a.safetensors", lambda: save(LOCAL | {"1.weight": torch.ones(10**6, 1)}),
        "does not fit tiny",
    ),
    "MNIST": (
        "mnist", "t10k-images-idx3-ubyte.gz", lambda: IDX + 48 * ZEROS,
        "(inflates to more than 3",
    ),
    "npz": (
        "arrays", "a.npz", lambda: deflated("images", 300 * 2**20), "(inflates to 314,",
    ),
    "predictions": (
        "predictions", "p.npz", lambda: deflated("class_index", 300 * 2**20), "compressed",
    ),
    "npy": ("set", "labels.npy", lambda: npy((10**11,)), "labels.npy: not a whole array (.npy)"),
    "ndarray without values": (
        "cifar10", "test_batch", lambda: pickle.dumps({b"data": _Rows(), b"labels": []}, 2),
        "its 'data' is longer than the file",
    ),
    "object number 2^31": (
        "cifar10", "test_batch", lambda: b"\x80\x02}r\xff\xff\xff\x7f.",
        "(object 2147483647 in a file of 9 bytes)",
    ),
}  # fmt: skip


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
def test_small_files_take_no_gigabytes(tmp_path: Path) -> None:
    asked, sizes = [], []
    for number, (kind, name, make, _) in enumerate(FILES.values()):
        path = tmp_path / str(number) / name
        path.parent.mkdir()
        path.write_bytes(make())
        (path.parent / "fog.npy").write_bytes(npy((1, 8, 8, 3)))
        (path.parent / "t10k-labels-idx1-ubyte").write_bytes(struct.pack(">HBBI", 0, 8, 1, 0))
        sizes.append(path.stat().st_size)
        asked.append((kind, str(path)))
    assert max(sizes) < 25 * 2**20
    done = subprocess.run(
        [sys.executable, "-c", READ, json.dumps(asked)],
        capture_output=True, text=True, check=False, timeout=200,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    for (name, (_, file, _, message)), answer in zip(FILES.items(), said, strict=True):
        assert message in answer, (name, answer)
        assert file in answer, (name, answer)
        assert answer.isprintable()


def test_expanded_tensors_are_refused_whatever_their_shape(tmp_path: Path) -> None:
    from robustbench_ln.errors import CheckpointError
    from robustbench_ln.models import read_checkpoint

    draws = np.random.default_rng(SEED)
    refused = 0
    for example in range(examples("tensors")):
        shape = tuple(int(side) for side in 2 ** draws.integers(0, 12, draws.integers(1, 5)))
        base = torch.ones([side if draws.random() < 0.3 else 1 for side in shape])
        if base.numel() > 2**18:
            continue
        path = tmp_path / "net.pt"
        torch.save({"w": base.expand(shape), "b": torch.zeros(3)}, path)
        values = torch.Size(shape).numel() * 4 + 12
        if values > 4 * path.stat().st_size:
            with pytest.raises(CheckpointError, match="more values than a file of"):
                read_checkpoint(path)
            refused += 1
        else:
            assert read_checkpoint(path).state["w"].shape == shape, example
    assert examples("tensors") / 3 < refused < examples("tensors")
