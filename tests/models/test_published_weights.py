"""Published weights are fetched whole, to the path that was given, or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torchvision import models

from robustbench_ln.errors import CheckpointError, LnBenchError, SpecError
from robustbench_ln.models import published_weights
from robustbench_ln.models.opened import published_pipeline
from robustbench_ln.models.published_weights import fetch_weights, published_files
from robustbench_ln.models.source import NetworkSource, load_network

Answer = Callable[[str], bytes]


class Body(io.BytesIO):
    """What urlopen returns, as far as torch.hub reads it."""

    def info(self) -> Any:
        return self

    def get_all(self, name: str) -> list[str]:
        return [str(len(self.getvalue()))]


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer], list[str]]:
    """Puts an answer in the place of the network, below torch.hub; returns the addresses asked."""

    def answer_with(answer: Answer) -> list[str]:
        asked: list[str] = []

        def urlopen(request: Any) -> Body:
            asked.append(request.full_url)
            return Body(answer(request.full_url))

        monkeypatch.setattr(torch.hub, "urlopen", urlopen)
        return asked

    return answer_with


def fail_with(error: BaseException) -> Answer:
    def answer(url: str) -> bytes:
        raise error

    return answer


def weights_of(network: torch.nn.Module) -> bytes:
    file = io.BytesIO()
    torch.save(network.state_dict(), file)
    return file.getvalue()


def test_every_torchvision_network_names_its_files() -> None:
    files = published_files("torchvision:resnet50")
    assert list(files) == ["resnet50-11ad3fa6.pth", "resnet50-0676ba61.pth"]  # V2 is the default
    for name in models.list_models(module=models):
        urls = [entry.url for entry in models.get_model_weights(name)]
        assert sorted(published_files(f"torchvision:{name}").values()) == sorted(urls)


def test_a_published_network_is_fetched_checked_and_loaded(
    tmp_path: Path, web: Callable[[Answer], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = weights_of(models.squeezenet1_1())
    digits = hashlib.sha256(content).hexdigest()[:8]
    url = f"https://example.org/models/squeezenet1_1-{digits}.pth"
    entry = models.SqueezeNet1_1_Weights.IMAGENET1K_V1
    monkeypatch.setattr(entry, "_value_", type(entry.value)(url, entry.transforms, {}))
    asked = web(lambda _: content)
    path = tmp_path / "new folder" / f"squeezenet1_1-{digits}.pth"
    source = NetworkSource(path=path, arch="torchvision:squeezenet1_1", download=True)
    loaded = load_network(source)
    pipeline = published_pipeline(loaded)
    assert pipeline is not None
    assert pipeline.resize == 256
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    load_network(source)
    assert asked == [url]  # the second time the file is there


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (
            fail_with(URLError(OSError(-2, "Name or service not known"))),
            "(<urlopen error [Errno -2] Name or service not known>); fetch it by hand",
        ),
        (fail_with(OSError(errno.ENOSPC, "No space left on device")), "No space left on device"),
        (fail_with(TimeoutError()), "(TimeoutError)"),
        (lambda _: b"half of it", 'invalid hash value (expected "f37072fd", got '),
    ],
)
def test_what_goes_wrong_leaves_no_file(
    tmp_path: Path, web: Callable[[Answer], list[str]], answer: Answer, reason: str
) -> None:
    web(answer)
    path = tmp_path / "resnet18-f37072fd.pth"
    with pytest.raises(CheckpointError, match=re.escape(reason)) as caught:
        fetch_weights(path, "torchvision:resnet18")
    assert f"resnet18-f37072fd.pth could not be fetched to {path} (" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_fetch_leaves_no_file(
    tmp_path: Path, web: Callable[[Answer], list[str]]
) -> None:
    web(fail_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fetch_weights(tmp_path / "resnet18-f37072fd.pth", "torchvision:resnet18")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CheckpointError, match="File exists.*fetch it by hand"):
        fetch_weights(tmp_path / "file" / "resnet18-f37072fd.pth", "torchvision:resnet18")


def test_any_other_name_is_refused_with_the_published_ones(tmp_path: Path) -> None:
    source = NetworkSource(
        path=tmp_path / "resnet50.pth", arch="torchvision:resnet50", download=True
    )
    with pytest.raises(
        SpecError,
        match=r"resnet50.pth is not one of the published weights of torchvision:resnet50; "
        r"call the file resnet50-11ad3fa6.pth or resnet50-0676ba61.pth$",
    ):
        load_network(source)


def test_a_missing_published_file_names_the_option(tmp_path: Path) -> None:
    path = tmp_path / "resnet18-f37072fd.pth"
    with pytest.raises(CheckpointError, match="f37072fd.pth: no such file; .*: add download=True"):
        load_network(NetworkSource(path=path, arch="torchvision:resnet18"))
    with pytest.raises(CheckpointError, match="no such file; check the path"):
        load_network(NetworkSource(path=path, arch="torchvision:resnet50"))


@pytest.mark.parametrize("network", [{"arch": "resnet20"}, {"model": "net.py:build"}, {}])
def test_nothing_is_fetched_for_networks_that_nobody_publishes(network: dict[str, str]) -> None:
    with pytest.raises(
        SpecError, match=r"(resnet20|net.py:build|no arch=) is neither, so leave it out"
    ):
        NetworkSource(path=Path("net.pth"), download=True, **network)  # type: ignore[arg-type]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Path], None]], list[str]]:
    """Puts a function in the place of timm's hub; returns the repositories asked."""
    pytest.importorskip("timm", reason="needs the extra robustbench_ln[timm]")
    import huggingface_hub

    def answer_with(write: Callable[[Path], None], etag: str = "") -> list[str]:
        asked: list[str] = []
        stated = SimpleNamespace(commit_hash="5e0d" * 10, etag=None)

        def look(url: str) -> SimpleNamespace:
            with tempfile.TemporaryDirectory() as folder:
                with contextlib.suppress(OSError):
                    write(Path(folder) / "file")
                stated.etag = (
                    etag or hashlib.sha256((Path(folder) / "file").read_bytes()).hexdigest()
                )
            return stated

        def download(repository: str, file: str, *, revision: str, local_dir: str) -> str:
            assert revision == stated.commit_hash
            asked.append(f"{repository}/{file}")
            write(Path(local_dir) / file)
            return str(Path(local_dir) / file)

        monkeypatch.setattr(huggingface_hub, "get_hf_file_metadata", look)
        monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
        return asked

    return answer_with


def test_timm_weights_come_from_its_hub(
    tmp_path: Path, hub: Callable[[Callable[[Path], None]], list[str]]
) -> None:
    import timm

    state = timm.create_model("test_resnet").state_dict()
    asked = hub(lambda file: save_file(state, file))
    path = tmp_path / "test_resnet.r160_in1k.safetensors"
    source = NetworkSource(path=path, arch="timm:test_resnet.r160_in1k", download=True)
    pipeline = published_pipeline(load_network(source))
    assert pipeline is not None
    assert pipeline.crop == 160
    assert asked == ["timm/test_resnet.r160_in1k/model.safetensors"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_hub_that_does_not_answer_is_one_line(
    tmp_path: Path, hub: Callable[[Callable[[Path], None]], list[str]]
) -> None:
    def fail(file: Path) -> None:
        file.write_bytes(b"half")
        raise FileNotFoundError("Please check\nyour connection") from OSError("no such host")

    hub(fail)
    path = tmp_path / "test_resnet.r160_in1k.safetensors"
    with pytest.raises(
        CheckpointError,
        match=r"timm/test_resnet.r160_in1k could not be fetched to .* \(no such host\); fetch it",
    ):
        fetch_weights(path, "timm:test_resnet.r160_in1k")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("etag", "message"),
    [
        ("0" * 64, f"its SHA-256 is {hashlib.sha256(b'weights').hexdigest()}, the hub states 000"),
        ("5f3c", "the hub states no revision and digest"),
    ],
)
def test_what_the_hub_does_not_vouch_for_leaves_no_file(
    tmp_path: Path, hub: Callable[..., list[str]], etag: str, message: str
) -> None:
    hub(lambda file: file.write_bytes(b"weights"), etag)
    path = tmp_path / "test_resnet.r160_in1k.safetensors"
    with pytest.raises(CheckpointError, match=message):
        fetch_weights(path, "timm:test_resnet.r160_in1k")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "address", ["https://a.b/net.pth", "http://a.b/net-0123abcd.pth", "https://a.b/net-12.pth"]
)
def test_an_address_without_a_digest_is_not_fetched(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    web: Callable[[Answer], list[str]],
    address: str,
) -> None:
    name = address.rpartition("/")[2]
    monkeypatch.setattr(published_weights, "published_files", lambda _: {name: address})
    asked = web(lambda _: b"weights")
    with pytest.raises(CheckpointError, match="no digest to check it with, or no https address"):
        fetch_weights(tmp_path / name, "torchvision:resnet18")
    assert asked == []
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arch", "file", "message"),
    [
        ("resnet50", "a.safetensors", "add a tag, as in arch='timm:resnet50.a1_in1k' .available:"),
        ("resnet50.a1_in1k", "a.pth", "call the file resnet50.a1_in1k.safetensors$"),
        ("beit3_giant_patch14_224", "a.pth", "has no published weights; use a file of your own"),
        ("legacy_xception.tf_in1k", "a.pth", "call the file xception-43020ad28.pth$"),
    ],
)
def test_timm_names(tmp_path: Path, arch: str, file: str, message: str) -> None:
    pytest.importorskip("timm", reason="needs the extra robustbench_ln[timm]")
    with pytest.raises(LnBenchError, match=message):
        fetch_weights(tmp_path / file, f"timm:{arch}")
