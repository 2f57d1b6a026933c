"""A network by name: the user's, or the file's own word."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from robustbench_ln.errors import SpecError
from robustbench_ln.models import source as load_subject
from robustbench_ln.models.registry import build_model
from robustbench_ln.models.source import NetworkSource, load_network


@pytest.mark.parametrize("ending", [".pt", ".safetensors"])
def test_a_file_that_says_its_network_needs_no_arch(tmp_path: Path, ending: str) -> None:
    state = build_model("mnist-dnn").state_dict()
    path = tmp_path / f"net{ending}"
    if ending == ".pt":
        torch.save({"state_dict": state, "arch": "mnist-dnn"}, path)
    else:
        save_file(state, path, {"arch": "mnist-dnn"})
    found = load_network(NetworkSource(path=path))
    assert found.network == "mnist-dnn"
    named = load_network(NetworkSource(path=path, arch="mnist-dnn"))
    assert found.architecture is named.architecture is not None
    for name, value in named.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value)


def test_what_the_user_says_comes_first(tmp_path: Path) -> None:
    state = build_model("resnet20").state_dict()
    torch.save({"state_dict": state, "arch": "nonsense"}, tmp_path / "net.pt")
    assert load_network(NetworkSource(path=tmp_path / "net.pt", arch="resnet20")).num_classes == 10


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ({}, r"or the network itself$"),
        ({"arch": "resnet50"}, r"or the network itself; .*net.pt says 'resnet50'$"),
        ({"arch": "bad\nname" * 100}, r"net.pt says 'bad\\nname"),
        ({"arch": 7}, r"net.pt says '7'$"),
    ],
)
def test_a_file_that_says_no_network_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stated: dict[str, object], said: str
) -> None:
    monkeypatch.setattr(load_subject, "describe_nearest", lambda _: "")  # takes seconds
    torch.save({"state_dict": {"w": torch.ones(1)}, **stated}, tmp_path / "net.pt")
    with pytest.raises(
        SpecError, match=r"give the network's name, as in arch='resnet20', .*" + said
    ) as caught:
        load_network(NetworkSource(path=tmp_path / "net.pt"))
    assert len(str(caught.value)) < 300


def test_a_network_that_fits_is_named(tmp_path: Path) -> None:
    torch.save(build_model("resnet32").state_dict(), tmp_path / "net.pt")
    with pytest.raises(SpecError, match="or the network itself; arch='resnet32' fits exactly"):
        load_network(NetworkSource(path=tmp_path / "net.pt"))


def test_shipped_checkpoints_say_their_network() -> None:
    for name, label, groups in (
        ("demo:batchnorm", "BatchNorm", 1),
        ("demo:localnorm", "LocalNorm", 10),
    ):
        source = NetworkSource(path=name)
        loaded = load_network(source)
        assert (source.label, loaded.network, loaded.num_groups) == (label, "mnist-dnn", groups)
        assert str(loaded.checkpoint.path) == name


def test_a_shipped_name_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        SpecError,
        match=r"^unknown demo checkpoint 'demo:batchnrm'; did you mean 'demo:batchnorm'\?$",
    ):
        NetworkSource(path="demo:batchnrm")
    with pytest.raises(SpecError, match="'demo:digits'; choose from demo:batchnorm, demo:local"):
        NetworkSource(path="demo:digits")


def test_a_file_called_as_a_shipped_checkpoint_is_reached_by_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    state = {"state_dict": build_model("resnet20").state_dict(), "arch": "resnet20"}
    torch.save(state, "demo:batchnorm")
    for path in ("./demo:batchnorm", Path("demo:batchnorm"), tmp_path / "demo:batchnorm"):
        assert load_network(NetworkSource(path=path)).network == "resnet20"
    with pytest.warns(UserWarning, match=r"demo:batchnorm is the .* write ./demo:batchnorm for"):
        assert load_network(NetworkSource(path="demo:batchnorm")).network == "mnist-dnn"


def test_code_that_a_file_names_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("open('ran', 'w')\nnetwork = 1 / 0\n")
    stated = f"{tmp_path}/net.py:network"
    torch.save({"state_dict": {"w": torch.ones(1)}, "arch": stated}, tmp_path / "net.pt")
    with pytest.raises(SpecError, match=r"or the network itself; .*net.pt says '"):
        load_network(NetworkSource(path=tmp_path / "net.pt"))
    assert not (tmp_path / "ran").exists()
    assert not Path("ran").exists()
