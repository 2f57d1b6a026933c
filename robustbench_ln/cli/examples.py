"""The examples at the end of each command's help. The tests run them, in this order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXAMPLES"]

EXAMPLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "demo": ("ln-bench demo", "ln-bench demo --out runs/demo"),
        "list": ("ln-bench list", "ln-bench list modes"),
        "env": ("ln-bench env",),
        "inspect": (
            "ln-bench inspect demo:localnorm",
            "ln-bench inspect resnet20.th --arch resnet20 --normalize imagenet",
        ),
        "evaluate": (
            "ln-bench evaluate demo:batchnorm --data demo:digits --noise agn-additive"
            " --convention released --sigmas 0,0.5,1 --out runs/batchnorm",
            "ln-bench evaluate resnet20.th --arch resnet20 --normalize imagenet"
            " --data cifar10:data --corruptions cifar10-c --severities 1,3,5 --limit 256"
            " --modes bn,dbn-batch --out runs/resnet20",
            "ln-bench evaluate resnet50.pth --arch torchvision:resnet50 --data imagenet:val"
            " --corruptions imagenet-c --modes bn --out runs/resnet50 --dry-run",
            "ln-bench evaluate mine.pth --model net.py:network --normalize 0.5,0.5,0.5/0.5,0.5,0.5"
            " --data folder:photos --resize 32 --crop 32 --noise agn --out runs/mine",
        ),
        "audit": (
            "ln-bench audit demo:batchnorm --data demo:digits --modes dbn-batch --limit 200"
            " --streams by-class,dirichlet-0.1 --out runs/audit",
        ),
        "flips": (
            "ln-bench flips resnet20.th --arch resnet20 --normalize imagenet"
            " --data cifar10-p:CIFAR-10-P --modes bn,dbn-batch --limit 100 --out runs/flips",
        ),
        "run": (
            "ln-bench run suite.toml --out runs/suite",
            "ln-bench run papers-mnist --out runs/papers-mnist --dry-run",
        ),
        "report": (
            "ln-bench report runs/batchnorm",
            "ln-bench report runs/batchnorm runs/resnet20 --label digits --label cifar"
            " --out compared",
        ),
        "compare": (
            "ln-bench compare runs/resnet20:dbn-batch runs/resnet20:bn",
            "ln-bench compare runs/batchnorm:dbn-batch runs/batchnorm:bn --out runs/difference",
        ),
        "score": (
            "ln-bench evaluate demo:localnorm --data demo:digits --noise agn-additive"
            " --convention released --sigmas 0,1 --modes ln-voting --out runs/localnorm",
            "ln-bench score runs/localnorm --votes 1,2,5,10",
        ),
        "mce": (
            "ln-bench mce errors.csv",
            "ln-bench mce percent.csv --percent --baseline alexnet",
        ),
        "predict": (
            "ln-bench predict resnet20.th cat.png dog.png --arch resnet20 --normalize imagenet"
            " --resize 32 --crop 32 --sheet sheet.png",
            "ln-bench predict resnet20.th cat.png --arch resnet20 --normalize imagenet --resize 32"
            " --crop 32 --true-class 3 --degrade brightness:0.3,contrast:0.2 --sheet dark.png",
        ),
        "speed": ("ln-bench speed --arch mnist-dnn --norm local --repetitions 1",),
        "corrupt": (
            "ln-bench corrupt cifar10:data --corruptions cifar10-c --limit 100 --out CIFAR-10-C",
            "ln-bench corrupt folder:photos --corruptions fog,snow --severity-table imagenet-c"
            " --format folder --resize 256 --crop 224 --out photos-c",
            "ln-bench corrupt --verify CIFAR-10-C",
        ),
        "train": (
            "ln-bench train --arch resnet20 --norm local --data cifar10:data"
            " --recipe cifar-resnet --out runs/resnet20-ln",
            "ln-bench train --init resnet20.th --arch resnet20 --norm local --normalize imagenet"
            " --data cifar10:data --recipe cifar-resnet-finetune --out runs/finetuned",
        ),
        "convert": (
            "ln-bench convert resnet20.th --arch resnet20 --norm local --groups 8"
            " --out resnet20-ln.safetensors",
        ),
    }
)
