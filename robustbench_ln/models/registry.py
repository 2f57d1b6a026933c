"""The networks that `--arch` knows by name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from torch import nn

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.networks.mnist_dnn import MnistDnn
from robustbench_ln.models.networks.resnet import CifarResNet
from robustbench_ln.models.networks.resnet_preact import PreactResNet
from robustbench_ln.models.networks.timm_models import has_timm, import_timm, timm_architecture
from robustbench_ln.models.networks.torchvision_models import (
    torchvision_architecture,
    torchvision_names,
)
from robustbench_ln.models.networks.vgg import VGG19_STAGES, Vgg

__all__ = ["ARCHITECTURES", "build_model", "find_architecture"]


_ENTRIES = (
    Architecture(
        id="mnist-dnn",
        build=MnistDnn,
        num_classes=10,
        in_channels=1,
        image_size=28,
        source="LocalNorm (arXiv), section 4; details from the authors' code",
        training_batch=100,
    ),
    Architecture(
        id="vgg-localnorm",
        build=Vgg,
        num_classes=10,
        in_channels=3,
        image_size=32,
        source="the LocalNorm authors' code",
        departs="the papers call it VGG19; it has 13 convolutions",
    ),
    Architecture(
        id="vgg-localnorm-plain-head",
        build=partial(Vgg, has_dense_norm=False),
        num_classes=10,
        in_channels=3,
        image_size=32,
        source="vgg-localnorm without the BatchNorm after Dense 512",
    ),
    Architecture(
        id="vgg19",
        build=partial(Vgg, stages=VGG19_STAGES),
        num_classes=10,
        in_channels=3,
        image_size=32,
        source="Simonyan & Zisserman 2014, table 1, column E",
        departs="norm after each ReLU, dropout and head of vgg-localnorm; for 32x32 images",
    ),
    Architecture(
        id="resnet32-preact",
        build=PreactResNet,
        num_classes=10,
        in_channels=3,
        image_size=32,
        source="the LocalNorm authors' code; He et al. 2016",
    ),
    *(
        Architecture(
            id=f"resnet{6 * blocks + 2}",
            build=partial(CifarResNet, blocks_per_stage=blocks),
            num_classes=10,
            in_channels=3,
            image_size=32,
            source="He et al. 2015, section 4.2",
        )
        for blocks in (3, 5, 7, 9, 18)
    ),
)

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({a.id: a for a in _ENTRIES})


def find_architecture(name: str) -> Architecture:
    """Return the network that `name` means.

    Args:
        name: An id of ARCHITECTURES, "torchvision:NAME" or "timm:NAME".

    Raises:
        SpecError: No such network, or a bare name that belongs to a library.
        LnBenchError: The library is missing or does not import.
    """
    if name in ARCHITECTURES:
        return ARCHITECTURES[name]
    library, colon, bare = name.partition(":")
    if not colon:
        raise _bare_name_error(name)
    if library == "torchvision":
        return torchvision_architecture(bare)
    if library == "timm":
        return timm_architecture(bare)
    if library.endswith(".py"):
        way = by_skin(
            command_line=f"write {setting('model', name)}",
            python="give the network that it returns",
        )
        raise SpecError(f"{setting('arch', name)} names a file; {way}")
    raise SpecError(f"{setting('arch', name)}: '{library}' is not 'torchvision' or 'timm'")


def build_model(
    name: str, *, num_classes: int | None = None, in_channels: int | None = None
) -> nn.Module:
    """Return a network with fresh weights; the sizes default to the published ones.

    Raises:
        SpecError: No such network.
    """
    architecture = find_architecture(name)
    return architecture.build(
        architecture.num_classes if num_classes is None else num_classes,
        architecture.in_channels if in_channels is None else in_channels,
    )


def _bare_name_error(name: str) -> SpecError:
    homes = [f"torchvision:{name}"] if name in torchvision_names() else []
    if has_timm() and import_timm().is_model(name):
        homes.append(f"timm:{name}")
    if not homes:
        return unknown_name(name, ARCHITECTURES, kind="architecture", listed="archs")
    ambiguous = " is ambiguous" if len(homes) > 1 else " needs its library's name"
    choices = " or ".join(setting("arch", home) for home in homes)
    return SpecError(f"{setting('arch', name)}{ambiguous}; write {choices}")
