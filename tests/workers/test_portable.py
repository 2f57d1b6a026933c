"""What workers share: the same values, their bytes mapped from a file and not copied."""

from __future__ import annotations

import subprocess
import sys
import tempfile

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_ln.errors import WorkerError
from robustbench_ln.workers import portable
from robustbench_ln.workers.portable import find_obstacle, read_shared, write_shared
from tests.norms.networks import small_net


def share(value):
    with write_shared(value) as file:
        return read_shared(file.fileno())


def test_tensors_keep_values_types_and_memory_format():
    grid = torch.arange(48.0).reshape(2, 3, 2, 4)
    value = {
        "plain": grid,
        "last": grid.contiguous(memory_format=torch.channels_last),
        "part": grid[:, 1:],
        "turned": grid[0, 0].t(),
        "whole": torch.tensor(7),
        "half": torch.ones(3, dtype=torch.bfloat16),
        "empty": torch.empty(0, 3),
        "wide": torch.ones(1).expand(4),
    }
    again = share(value)
    for name, tensor in value.items():
        assert torch.equal(again[name], tensor), name
        assert again[name].dtype == tensor.dtype
        assert again[name].stride() == tensor.stride(), name


def test_a_network_gives_the_same_bits_and_ties_stay_ties():
    network = small_net()
    network.tied = network.conv1.weight
    again = share(network)
    assert again.tied is again.conv1.weight
    assert isinstance(again.tied, nn.Parameter)
    images = torch.rand(3, 3, 8, 8)
    assert torch.equal(again(images), network(images))
    assert not again.training


def test_arrays_lie_in_the_file_and_may_be_changed_without_changing_it():
    pixels = np.arange(2**16, dtype=np.uint8)
    with write_shared([pixels, "x"]) as file:
        first, _ = read_shared(file.fileno())
        assert len(portable._pickle([pixels, "x"]).structure) < 1000
        first[0] = 9
        assert read_shared(file.fileno())[0][0] == 0
    assert first[1] == 1


def test_rows_of_a_mapped_array_are_mapped_again_and_not_copied(tmp_path):
    values = np.arange(5000, dtype=np.int32).reshape(500, 10)
    np.save(tmp_path / "a.npy", values)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    rows = mapped[100:300][50:]
    assert not portable._pickle(rows).buffers
    again = share(rows)
    assert isinstance(again, np.memmap)
    assert np.array_equal(again, values[150:300])


def test_what_no_other_process_finds_is_said():
    class Local(nn.Module):
        pass

    assert find_obstacle(small_net()) is None
    assert "Local" in str(find_obstacle(Local()))
    assert "lambda" in str(find_obstacle([lambda: 0]))


def test_a_class_of_the_program_itself_is_said(monkeypatch):
    monkeypatch.setattr(small_net().__class__, "__module__", "__main__")
    assert find_obstacle(small_net()) == (
        "'SmallNet' is defined in the notebook or the program itself"
    )


def test_code_of_a_file_beside_which_others_lie_is_found_again(tmp_path):
    (tmp_path / "their_blocks.py").write_text("class Block:\n    width = 3\n")
    (tmp_path / "their_net.py").write_text(
        "from their_blocks import Block\nclass Net:\n    def __init__(self): self.block = Block()\n"
    )
    code = (
        "import sys; from robustbench_ln.models.user_model import _import, _folder_on_path\n"
        "from robustbench_ln.workers.portable import write_shared; from pathlib import Path\n"
        f"path = Path({str(tmp_path / 'their_net.py')!r})\n"
        "with _folder_on_path(path.parent): module = _import(path)\n"
        "file = write_shared(module.Net())\n"
        "import shutil; file.seek(0); shutil.copyfileobj(file, sys.stdout.buffer)"
    )
    content = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout
    read = (
        "import sys; from robustbench_ln.workers.portable import read_shared\n"
        f"file = open({str(tmp_path / 'shared')!r}, 'rb')\n"
        "print(read_shared(file.fileno()).block.width)"
    )
    (tmp_path / "shared").write_bytes(content)
    again = subprocess.run([sys.executable, "-c", read], check=True, capture_output=True).stdout
    assert again == b"3\n"


def test_no_room_and_no_folder_are_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with pytest.raises(WorkerError, match=r"no room .*No such file.*set TMPDIR .* workers=1"):
        write_shared([1])


def test_a_full_folder_is_one_line():
    code = (
        "import resource, numpy; from robustbench_ln.workers.portable import write_shared\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))\n"
        "write_shared(numpy.zeros(10**7))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert "WorkerError: no room for what workers share" in found.stderr
