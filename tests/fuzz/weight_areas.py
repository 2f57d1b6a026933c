"""Checkpoints of strangers: damaged, odd, and pickles that try to act."""

from __future__ import annotations

import argparse
import io
import json
import os
import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from numpy.random import Generator
from safetensors.torch import save

from tests.fuzz.damage import MARK, TEXTS, VALUES, damage_bytes, damage_json, pick
from tests.fuzz.watch import Case

NAMES = (
    b"os\nsystem", b"posix\nsystem", b"builtins\neval", b"builtins\nexec", b"builtins\ngetattr",
    b"builtins\nopen", b"subprocess\nPopen", b"socket\nsocket", b"torch\nload", b"runpy\nrun_path",
    b"torch._utils\n_rebuild_tensor_v2", b"torch\nFloatStorage", b"collections\nOrderedDict",
    b"numpy.core.multiarray\n_reconstruct", b"numpy\nndarray", b"numpy\ndtype", b"builtins\nbytearray",
    b"torch._utils\n_rebuild_parameter", b"torch._utils\n_rebuild_sparse_tensor", b"torch\nSize",
    b"torch._utils\n_rebuild_wrapper_subclass", b"torch\ndevice", b"builtins\nrange", b"x.y\nz",
    b"numpy.core.multiarray\nscalar", b"datetime\ndatetime", b"argparse\nNamespace", b"builtins\nlist",
    b"pathlib\nPosixPath", b"torch._utils\n_rebuild_qtensor", b"builtins\nint", b"functools\npartial",
)  # fmt: skip


def plant_checkpoint(base: Path, folder: Path, draws: Generator) -> Case:
    """A .pt file: other bytes, another object, or another pickle."""
    suffix = pick(draws, [".pt", ".pth", ".th", ".tar", ".pt", ".safetensors", ""])
    (folder / f"a{suffix}").write_bytes(_checkpoint(base, folder, draws))
    return _command(base, f"a{suffix}", draws)


def plant_safetensors(base: Path, folder: Path, draws: Generator) -> Case:
    """A .safetensors file: other bytes, or a header that says something else."""
    state = torch.load(base / "net.pt")
    content = save(state, metadata={"epoch": "3", "arch": MARK})
    length = struct.unpack_from("<Q", content)[0]
    header, values = json.loads(content[8 : 8 + length]), content[8 + length :]
    if draws.random() < 0.4:
        content = damage_bytes(content, draws)
    else:
        text = json.dumps(damage_json(header, draws)).encode("utf-8", "surrogatepass")
        content = struct.pack("<Q", len(text)) + text + values
    (folder / "a.safetensors").write_bytes(content)
    return _command(base, "a.safetensors", draws)


def _command(base: Path, name: str, draws: Generator) -> Case:
    model = ["--model", f"{base}/net.py:network"]
    asked = ["--normalize", "none"]
    match int(draws.integers(12)):
        case 0:
            return Case(["inspect", name])
        case 1:
            return Case(["inspect", name, "--arch", "resnet20"])
        case 2:
            words = ["convert", name, *model, "--norm", "local", "--groups", "2", "--out", "n.pt"]
            return Case(words, ["n.pt", "n.pt.part"])
        case 3 | 4:
            return Case(["predict", name, *model, *asked, f"{base}/pictures/class0/0.png"])
        case 5:
            data = ["--data", f"arrays:{base}/data.npz", "--noise", "agn", "--sigmas", "1"]
            words = [
                "evaluate",
                name,
                *model,
                *asked,
                *data,
                "--modes",
                "bn",
                "--limit",
                "20",
                "--out",
                "run",
            ]
            return Case(words, ["run"])
        case _:
            return Case(["inspect", name, *model])


def _checkpoint(base: Path, folder: Path, draws: Generator) -> bytes:
    state = torch.load(base / "net.pt")
    is_zip = draws.random() < 0.6
    match int(draws.integers(5)):
        case 0 | 1:
            return damage_bytes(_torch_bytes({"state_dict": state, "epoch": 3}, is_zip), draws)
        case 2:
            return _torch_bytes(_odd(state, draws), is_zip)
        case 3:
            return _archive(_program(draws), draws)
        case _:
            ran = folder.parents[1] / "outside" / "ran"
            saved = {"state_dict": state, "epoch": _Code(str(ran), draws)}
            content = pickle.dumps(saved["epoch"]) if draws.random() < 0.2 else None
            return content or _torch_bytes(saved, is_zip)


class _Code:
    """Unpickling this leaves a file outside."""

    def __init__(self, ran: str, draws: Generator) -> None:
        import runpy
        import subprocess

        self._call = pick(
            draws,
            [
                (os.system, (f"touch {ran}",)), (os.mkdir, (ran,)), (open, (ran, "w")),
                (eval, (f"open({ran!r}, 'w')",)), (exec, (f"open({ran!r}, 'w')",)),
                (subprocess.call, (["touch", ran],)), (runpy.run_path, (ran,)),
                (getattr, (ran, "upper")), (torch.load, (ran,)),
                (torch.hub.load, (ran, "x", "local")), (__import__, ("antigravity",)),
            ],
        )  # fmt: skip

    def __reduce__(self) -> Any:
        return self._call


def _torch_bytes(saved: object, is_zip: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(saved, buffer, _use_new_zipfile_serialization=is_zip)
    return buffer.getvalue()


def _odd(state: dict[str, torch.Tensor], draws: Generator) -> Any:
    """Return the state with odd tensors, names or containers."""
    for _ in range(int(draws.integers(1, 4))):
        name = pick(draws, list(state))
        tensor = state[name] if isinstance(state[name], torch.Tensor) else torch.ones(3)
        match int(draws.integers(4)):
            case 0:
                state[str(pick(draws, TEXTS))[:3000].replace("\ud800", "")] = state.pop(name)
            case 1:
                state[name] = pick(draws, VALUES)
            case 2:
                state[f"{name}.weight"] = tensor
            case _:
                state[name] = _odd_tensor(tensor, draws)
        state = {k: v for k, v in state.items() if _is_saved(k) and _is_saved(v)}
        state = state or {"w": torch.ones(1)}
    name = str(pick(draws, ["state_dict", "model", "ema", "net", "module", *TEXTS]))[:3000]
    odd = pick(draws, VALUES)
    return pick(
        draws,
        [
            state, {name if _is_saved(name) else "x": state, "epoch": odd if _is_saved(odd) else 0},
            {"state_dict": state, "ema": state, "args": argparse.Namespace(lr=1, x=TEXTS[2])},
            [state], {"model": {"model": {"model": state}}}, {**state, "n": {"a": state}},
            {3: state}, {("a",): state}, {"module." + k if isinstance(k, str) else k: v
                                          for k, v in state.items()},
            {"state_dict": state, "arch": TEXTS[3], "normalize": {"mean": odd, "std": [0.0]}}
            if _is_saved(odd) else state,
        ],
    )  # fmt: skip


def _is_saved(value: object) -> bool:
    """Pickle cannot write lone surrogates."""
    return "\\ud" not in ascii(value) if isinstance(value, str | list | dict) else True


def _odd_tensor(tensor: torch.Tensor, draws: Generator) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        makers = [
            lambda: tensor.new_full(tensor.shape, float("nan")) if tensor.dtype.is_floating_point
            else tensor * 0,
            lambda: tensor.to(torch.float16), lambda: tensor.to(torch.complex64),
            lambda: torch.ones(1).expand(2**36), lambda: torch.ones(0, 2**40),
            lambda: torch.ones([1] * 60), lambda: torch.ones(3, 3).to_sparse(),
            lambda: torch.ones(3, device="meta"), lambda: tensor.to(torch.bool),
            lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
            lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
            lambda: torch.ones(3).to(torch.float8_e4m3fn), lambda: torch.tensor(1e38).double() * 1e10,
            lambda: torch.nn.Parameter(tensor.float()), lambda: tensor.reshape(-1)[:1],
            lambda: torch.tensor([]), lambda: tensor.T if tensor.ndim == 2 else tensor[None],
        ]  # fmt: skip
        return pick(draws, makers)()


def _archive(data: bytes, draws: Generator) -> bytes:
    """A file of torch.save with this pickle, some of them compressed or with odd entries."""
    buffer = io.BytesIO()
    kind = zipfile.ZIP_DEFLATED if draws.random() < 0.2 else zipfile.ZIP_STORED
    root = pick(draws, ["archive", "a/b", "..", "\x1b[2J", "archive"])
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr(f"{root}/data.pkl", data)
        file.writestr(f"{root}/byteorder", pick(draws, [b"little", b"big", b"", b"x" * 100]))
        file.writestr(f"{root}/data/0", draws.bytes(int(draws.integers(64))))
        file.writestr(f"{root}/version", b"3\n")
    return buffer.getvalue()


def _program(draws: Generator) -> bytes:
    """A random pickle, most of it of opcodes that follow each other with sense."""
    parts = [b"\x80" + bytes([int(draws.integers(2, 6))])]
    for _ in range(int(draws.integers(1, 25))):
        parts.append(_opcode(draws))
    return b"".join(parts) + (b"." if draws.random() < 0.95 else b"")


def _opcode(draws: Generator) -> bytes:
    number = int(draws.integers(256))
    text = str(pick(draws, TEXTS))[:200].encode("utf-8", "replace")
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQ"
    codes = [
        b"c" + pick(draws, NAMES) + b"\n", b"c" + pick(draws, NAMES) + b"\n", b")", b"}", b"]", b"(",
        b"t", b"\x85", b"\x86", b"\x87", b"R", b"R", b"\x81", b"b", b"s", b"u", b"a", b"e", b"N", b"0",
        b"2", b"1", b"Q", b"K" + bytes([number]), b"M\xff\xff", b"J\xff\xff\xff\xff", b"\x88",
        b"\x8a\x08" + draws.bytes(8), b"G" + draws.bytes(8), b"q" + bytes([number]),
        b"h" + bytes([number]), b"r\xff\xff\xff\x7f", b"\x94", b"\x93", b"\x92", storage, storage,
        b"X" + struct.pack("<I", len(text)) + text, b"X\xff\xff\xff\x7f", b"\x8e" + draws.bytes(8),
        b"\x96" + struct.pack("<Q", int(draws.integers(2**62))), b"\x82\x01", b"P0\n", b"I" + b"9" * 5000
        + b"\n", b"L" + b"9" * 5000 + b"L\n", b"S'a'\n", b"V\\ud800\n", b"\x97", b"\x98", b"\x8f", b"\x90",
        b"\x91", b"i" + pick(draws, NAMES) + b"\n", b"o", b"\x95" + draws.bytes(8),
    ]  # fmt: skip
    return pick(draws, codes)
