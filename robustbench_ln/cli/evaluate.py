"""`ln-bench evaluate`: the main job."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.display import Display, open_display
from robustbench_ln.cli.options import (
    Arch,
    Baseline,
    Checkpoint,
    CheckpointKey,
    ClassMap,
    Clean,
    Convention,
    Corruptions,
    Crop,
    DataOrCorrupted,
    Device,
    DownloadAll,
    FrostDir,
    Interpolation,
    Model,
    Noise,
    Normalize,
    PixelRange,
    Resize,
    Severities,
    SeverityTable,
    Sigmas,
    Trust,
    split_names,
)
from robustbench_ln.cli.report import write_and_print
from robustbench_ln.errors import SpecError

if TYPE_CHECKING:
    from robustbench_ln.data import DataOptions, ImageSet
    from robustbench_ln.evaluation.load_subject import NetworkSource
    from robustbench_ln.generation.stored_set import StoredSet
    from robustbench_ln.models.weights_metadata import InputPipeline
    from robustbench_ln.spec import EvaluationSpec

__all__ = ["evaluate"]


def evaluate(
    checkpoint: Checkpoint,
    data: DataOrCorrupted,
    out: Annotated[
        Path,
        typer.Option(
            metavar="RUN", help="Run directory; the same command resumes it", show_default=False
        ),
    ],
    arch: Arch = None,
    model: Model = None,
    normalize: Normalize = None,
    modes: Annotated[
        str, typer.Option(help="all, or a list: bn,dbn-batch,ln-voting (ln-bench list modes)")
    ] = "all",
    clean: Clean = None,
    noise: Noise = "",
    corruptions: Corruptions = "",
    severity_table: SeverityTable = None,
    severities: Severities = "1-5",
    frost_dir: FrostDir = None,
    sigmas: Sigmas = None,
    convention: Convention = "paper",
    pixel_range: PixelRange = None,
    order: Annotated[
        str, typer.Option(help="Order of the test images: shuffled (seeded) or as-is")
    ] = "shuffled",
    stat_batch: Annotated[
        int, typer.Option(help="Images that share statistics in dbn-batch and bn-adapt")
    ] = 128,
    group_size: Annotated[
        int | None,
        typer.Option(
            help="Images that share statistics in ln-batch and ln-voting; default: the training's",
            show_default=False,
        ),
    ] = None,
    device_batch: Annotated[
        int, typer.Option(help="Images in the network at once; memory only, no result")
    ] = 128,
    ties: Annotated[
        str, typer.Option(help="Tied votes: random (the paper), lowest (the code), logit-sum")
    ] = "random",
    prior: Annotated[
        float, typer.Option(help="bn-adapt: weight of the running statistics, in images")
    ] = 16.0,
    seed: Annotated[int, typer.Option(help="Draws, order, group picks and ties")] = 0,
    repeats: Annotated[
        int,
        typer.Option(help="Measure with so many seeds; their spread is shown apart, as SD"),
    ] = 1,
    limit: Annotated[
        int | None,
        typer.Option(help="Evaluate so many images, for a first look", show_default=False),
    ] = None,
    device: Device = "cpu",
    amp: Annotated[
        str | None,
        typer.Option(help="bf16: autocast; default: float32", show_default=False),
    ] = None,
    tf32: Annotated[bool, typer.Option("--tf32", help="CUDA may round products to TF32")] = False,
    compile_network: Annotated[
        bool, typer.Option("--compile", help="Run the network through torch.compile")
    ] = False,
    baseline: Baseline = "none",
    label: Annotated[
        str | None,
        typer.Option(help="What tables call it; default: the file's name", show_default=False),
    ] = None,
    resize: Resize = None,
    crop: Crop = None,
    interpolation: Interpolation = None,
    class_map: ClassMap = None,
    download: DownloadAll = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Measure how a saved classifier degrades, and write the tables and figures.

    Example: ln-bench evaluate resnet20.th --arch resnet20 --normalize imagenet --data
    cifar10:data --noise agn --sigmas 0:2:0.25 --out runs/resnet20
    """
    from robustbench_ln.corruptions.conditions import (
        corruption_conditions,
        noise_conditions,
        parse_severities,
        parse_sigmas,
    )
    from robustbench_ln.data import DataOptions, Framing
    from robustbench_ln.data.download import is_fetched
    from robustbench_ln.evaluation.device import check_device
    from robustbench_ln.evaluation.load_subject import NetworkSource
    from robustbench_ln.models.published_weights import has_published_weights
    from robustbench_ln.modes import check_mode_names
    from robustbench_ln.reports.baselines import choose_baseline
    from robustbench_ln.spec import EvaluationSpec, check_order, check_tie_rule

    if sigmas is not None and not noise:
        raise SpecError("--sigmas needs a noise, as in --noise agn")
    request = _Request(
        data=data, clean=clean, names=split_names(corruptions), severities=severities
    )
    if request.is_stored:
        request.check(noise, severity_table)
    spec = EvaluationSpec(
        modes=check_mode_names(split_names(modes)),
        conditions=(
            *noise_conditions(
                split_names(noise),
                convention=convention,
                pixel_range=pixel_range,
                sigmas=None if sigmas is None else parse_sigmas(sigmas),
                source_kind=request.base.partition(":")[0],
            ),
            *corruption_conditions(
                () if request.is_stored else request.names,
                severity_table=severity_table,
                severities=parse_severities(severities),
                frost_dir=frost_dir,
            ),
        ),
        order=check_order(order),
        stat_batch=stat_batch,
        group_size=group_size,
        device_batch=device_batch,
        tie_rule=check_tie_rule(ties),
        prior=prior,
        seed=seed,
        repeats=repeats,
        limit=limit,
        device=check_device(device),
        frost_dir=frost_dir,
        amp=amp,
        uses_tf32=tf32,
        is_compiled=compile_network,
    )
    choose_baseline(baseline)
    fetches_weights = download and has_published_weights(arch)
    source = NetworkSource(
        path=checkpoint,
        arch=arch,
        model=model,
        key=checkpoint_key,
        trust=trust_checkpoint,
        download=fetches_weights,
    )
    framing = Framing(resize=resize, crop=crop, interpolation=interpolation)
    fetches_data = download and (is_fetched(request.base) or not fetches_weights)
    options = DataOptions(framing=framing, class_map=class_map, download=fetches_data)
    with open_display() as display:
        _run(spec, source, (request, options), (normalize, label), out=out, display=display)
    write_and_print([out], out / "report", baseline=baseline)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """Which images were asked for.

    Attributes:
        data: --data.
        clean: --clean.
        names: --corruptions; of a stored set those to take.
        severities: --severities.
    """

    data: str
    clean: str | None
    names: tuple[str, ...]
    severities: str

    @property
    def is_stored(self) -> bool:
        """Whether the images are corrupted already."""
        from robustbench_ln.generation.stored_set import STORED_KINDS

        kind, _, place = self.data.partition(":")
        return kind in STORED_KINDS and bool(place)

    @property
    def base(self) -> str:
        """The source of the clean images, where there is one."""
        return self.clean or self.data

    def check(self, noise: str, severity_table: str | None) -> None:
        """Refuse what a stored set would ignore."""
        if severity_table is not None:
            raise SpecError(f"--severity-table: the severities of {self.data} are made already")
        if noise and self.clean is None:
            raise SpecError("--noise acts on clean images; give them with --clean KIND:PATH")

    def open(self, options: DataOptions, display: Display) -> ImageSet | StoredSet:
        """Return the images, or the corrupted set with its clean ones.

        Raises:
            SpecError: --clean beside images that are clean themselves.
        """
        from robustbench_ln.corruptions.conditions import parse_severities
        from robustbench_ln.data import load_images
        from robustbench_ln.generation.stored_set import open_stored

        if not self.is_stored:
            if self.clean is not None:
                raise SpecError(
                    f"--clean is for sets that are corrupted already; {self.data} is no such set"
                )
            return load_images(self.data, options)
        stored = open_stored(
            self.data,
            load_images(self.clean, options) if self.clean else None,
            names=self.names,
            severities=parse_severities(self.severities),
            tell=display.describe,
        )
        if stored.missing:
            display.note(f"Note: {self.data} has no {', '.join(stored.missing)}")
        return stored


def _run(
    spec: EvaluationSpec,
    source: NetworkSource,
    data: tuple[_Request, DataOptions],
    naming: tuple[str | None, str | None],
    *,
    out: Path,
    display: Display,
) -> None:
    from robustbench_ln.evaluation.load_subject import open_network
    from robustbench_ln.evaluation.run import evaluate as evaluate_network

    (request, options), (normalize, label) = data, naming
    network = open_network(source, normalize)
    options = _published_framing(request.base, options, network.pipeline, display)
    images = request.open(options, display)
    command = shlex.join(["ln-bench", *sys.argv[1:]])
    subject = network.as_subject(images.shape, label=label, command=command)
    evaluate_network(subject, images, spec, out=out, progress=display)


def _published_framing(
    data: str, options: DataOptions, pipeline: InputPipeline | None, display: Display
) -> DataOptions:
    """Fill in resize, crop and interpolation of published weights where none of them is given."""
    from robustbench_ln.data.sources import PICTURE_SOURCES
    from robustbench_ln.evaluation.load_subject import choose_framing

    is_picture = data.partition(":")[0] in PICTURE_SOURCES
    if pipeline is None or not is_picture:
        return options
    framing = choose_framing(options.framing, pipeline)
    if framing != options.framing:
        display.note(f"{pipeline.source}: {framing}, normalisation {pipeline.normalization.name}")
    return replace(options, framing=framing)
