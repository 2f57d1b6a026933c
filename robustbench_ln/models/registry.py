"""The networks that `--arch` knows by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from torch import nn

from robustbench_ln.errors import SpecError, by_skin, setting
from robustbench_ln.lookup import unknown_name
from robustbench_ln.models.architecture import Architecture
from robustbench_ln.models.networks.allconv import AllConv
from robustbench_ln.models.networks.densenet import DenseNet, from_other_name
from robustbench_ln.models.networks.hf_models import hf_architecture
from robustbench_ln.models.networks.mnist_dnn import MnistDnn
from robustbench_ln.models.networks.resnet import CifarResNet
from robustbench_ln.models.networks.resnet18 import (
    PreactResNet18,
    ResNet18,
    from_torchvision_name,
)
from robustbench_ln.models.networks.resnet_preact import PreactResNet
from robustbench_ln.models.networks.resnext import ResNeXt29, from_augmix_name
from robustbench_ln.models.networks.timm_models import has_timm, import_timm, timm_architecture
from robustbench_ln.models.networks.torchvision_models import (
    torchvision_architecture,
    torchvision_names,
)
from robustbench_ln.models.networks.vgg import VGG19_STAGES, Vgg
from robustbench_ln.models.networks.vgg_bn import VggBn
from robustbench_ln.models.networks.wide_resnet import WideResNet

__all__ = ["ARCHITECTURES", "build_model", "find_architecture"]


def _cifar(
    name: str,
    build: Callable[[int, int], nn.Module],
    source: str,
    *,
    departs: str = "",
    rename: Callable[[str], str] = str,
) -> Architecture:
    """Return a network for 32x32 colour images of 10 classes."""
    return Architecture(
        id=name,
        build=build,
        num_classes=10,
        in_channels=3,
        image_size=32,
        source=source,
        departs=departs,
        rename=rename,
    )


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
    _cifar(
        "vgg-localnorm",
        Vgg,
        "the LocalNorm authors' code",
        departs="the papers call it VGG19; it has 13 convolutions",
    ),
    _cifar(
        "vgg-localnorm-plain-head",
        partial(Vgg, has_dense_norm=False),
        "vgg-localnorm without the BatchNorm after Dense 512",
    ),
    _cifar(
        "vgg19",
        partial(Vgg, stages=VGG19_STAGES),
        "Simonyan & Zisserman 2014, table 1, column E",
        departs="norm after each ReLU, dropout and head of vgg-localnorm; for 32x32 images",
    ),
    _cifar("resnet32-preact", PreactResNet, "the LocalNorm authors' code; He et al. 2016"),
    *(
        _cifar(
            f"resnet{6 * blocks + 2}",
            partial(CifarResNet, blocks_per_stage=blocks),
            "He et al. 2015, section 4.2",
        )
        for blocks in (3, 5, 7, 9, 18)
    ),
    *(
        _cifar(
            f"wrn-{depth}-{widen}",
            partial(WideResNet, depth=depth, widen_factor=widen),
            "Zagoruyko & Komodakis 2016; names of RobustBench and AugMix",
        )
        for depth, widen in ((16, 4), (28, 10), (40, 2))
    ),
    _cifar(
        "resnet18-cifar",
        ResNet18,
        "He et al. 2015, widths of ImageNet; names of pytorch-cifar or torchvision",
        departs="3x3 convolution of stride 1 and no max pool before the first stage",
        rename=from_torchvision_name,
    ),
    _cifar(
        "resnet18-preact", PreactResNet18, "He et al. 2016, figure 1(b); names of pytorch-cifar"
    ),
    _cifar(
        "resnet18-preact-final-norm",
        partial(PreactResNet18, has_final_norm=True),
        "resnet18-preact with norm and ReLU before the pool, as He et al. 2016",
    ),
    _cifar(
        "resnet18-preact-raw-shortcut",
        partial(PreactResNet18, projects_activated=False),
        "resnet18-preact of RobustBench's PreActBlock",
        departs="projections read a block's input before its norm and ReLU",
    ),
    _cifar(
        "resnext29-4x32d",
        partial(ResNeXt29, cardinality=4, width=32, stem_size=3),
        "Xie et al. 2017, section 5.3; names of AugMix",
        rename=from_augmix_name,
    ),
    *(
        _cifar(
            f"resnext29-{cardinality}x{width}d",
            partial(ResNeXt29, cardinality=cardinality, width=width, stem_size=1),
            "Xie et al. 2017, section 5.3; names of pytorch-cifar",
            departs="1x1 convolution before the first stage",
        )
        for cardinality, width in ((2, 64), (4, 64), (32, 4))
    ),
    _cifar(
        "densenet-bc-100-12",
        partial(DenseNet, block_lengths=(16, 16, 16)),
        "Huang et al. 2017, L = 100, k = 12; names of densenet-pytorch",
        rename=from_other_name,
    ),
    _cifar(
        "densenet-bc-cifar",
        partial(DenseNet, block_lengths=(6, 12, 24, 16), puts_new_first=True),
        "Huang et al. 2017, blocks of DenseNet-121, k = 12; names of pytorch-cifar",
        rename=from_other_name,
    ),
    _cifar(
        "densenet-40-12",
        partial(DenseNet, block_lengths=(12, 12, 12), is_bc=False),
        "Huang et al. 2017, L = 40, k = 12; names of AugMix",
    ),
    _cifar(
        "allconv",
        AllConv,
        "Springenberg et al. 2015, All-CNN-C; names of AugMix",
        departs="norms, GELU, max pools and the head of AugMix",
    ),
    _cifar(
        "vgg16-bn-cifar",
        partial(VggBn, has_hidden_layers=True),
        "Simonyan & Zisserman 2014, column D; names of pytorch-cifar-models",
        departs="norm before each ReLU; two hidden layers of 512",
    ),
    _cifar(
        "vgg16-bn-cifar-linear-head",
        partial(VggBn, has_hidden_layers=False),
        "vgg16-bn-cifar with the head of pytorch-cifar, one linear layer",
    ),
)

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType({a.id: a for a in _ENTRIES})


def find_architecture(name: str) -> Architecture:
    """Return the network that `name` means.

    Args:
        name: An id of ARCHITECTURES, "torchvision:NAME", "timm:NAME" or "hf:DIR".

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
    if library == "hf":
        return hf_architecture(name)
    if library.endswith(".py"):
        way = by_skin(
            command_line=f"write {setting('model', name)}",
            python="give the network that it returns",
        )
        raise SpecError(f"{setting('arch', name)} names a file; {way}")
    raise SpecError(f"{setting('arch', name)}: '{library}' is not 'torchvision', 'timm' or 'hf'")


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
    homes = [f"{name.replace('_', '-')}-cifar"]
    homes = [home for home in homes if home in ARCHITECTURES]
    if name in torchvision_names():
        homes.append(f"torchvision:{name}")
    if has_timm() and import_timm().is_model(name):
        homes.append(f"timm:{name}")
    if not homes:
        return unknown_name(name, ARCHITECTURES, kind="architecture", listed="archs")
    ambiguous = " is ambiguous" if len(homes) > 1 else " needs its library's name"
    choices = " or ".join(setting("arch", home) for home in homes)
    return SpecError(f"{setting('arch', name)}{ambiguous}; write {choices}")
