"""`ln-bench predict`: single pictures, mode by mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.options import (
    Arch,
    Checkpoint,
    CheckpointKey,
    Crop,
    Device,
    DownloadWeights,
    Interpolation,
    Model,
    Modes,
    Normalize,
    Resize,
    Ties,
    Trust,
    split_names,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import DataError
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.texts.console import say
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from robustbench_ln.evaluation.predict import ModeGuesses
    from robustbench_ln.models.source import NetworkSource

__all__ = ["predict"]


def predict(
    checkpoint: Checkpoint,
    pictures: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help="Picture files", show_default=False),
    ],
    arch: Arch = None,
    model: Model = None,
    normalize: Normalize = None,
    modes: Modes = "all",
    classes: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Names of the classes, one a line; default: those of hf:DIR, or their numbers",
            show_default=False,
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Draw the pictures beside it all", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the sheet")] = False,
    ties: Ties = "random",
    seed: Annotated[
        int, typer.Option(metavar="N", help="Seed for group choice and tie-breaking")
    ] = 0,
    device: Device = "cpu",
    resize: Resize = None,
    crop: Crop = None,
    interpolation: Interpolation = None,
    download: DownloadWeights = False,
    checkpoint_key: CheckpointKey = None,
    trust_checkpoint: Trust = False,
) -> None:
    """Show the five best classes of pictures in every mode, and the votes of LocalNorm groups.

    A network of one channel gets the pictures in grey.

    Modes with sets of images (dbn-batch, ln-batch, ln-voting, bn-adapt) use all pictures of the
    command as one set.
    """
    from dataclasses import replace

    from robustbench_ln.corrupted_sets.preview import check_new, save_png
    from robustbench_ln.data import Framing
    from robustbench_ln.data.file_images import open_files
    from robustbench_ln.evaluation.predict import predict_pictures
    from robustbench_ln.evaluation.prediction_sheet import draw_predictions
    from robustbench_ln.evaluation.subject import subject_of
    from robustbench_ln.models.device import check_device
    from robustbench_ln.models.opened import choose_framing, open_network
    from robustbench_ln.models.source import NetworkSource
    from robustbench_ln.spec import EvaluationSpec

    spec = EvaluationSpec(
        modes=split_names(modes),
        stat_batch=len(pictures),
        group_size=len(pictures),
        tie_rule=ties,
        seed=seed,
        device=check_device(device),
    )
    framing = Framing(resize=resize, crop=crop, interpolation=interpolation)
    if sheet is not None:
        check_new(sheet, name="sheet", overwrite=overwrite)
    source = NetworkSource(
        path=checkpoint,
        arch=arch,
        model=model,
        key=checkpoint_key,
        trust=trust_checkpoint,
        download=download,
    )
    with open_display(spell) as display:
        network = open_network(source, normalize, progress=display)
    images = open_files(
        Path(),
        [(str(path), 0) for path in pictures],
        source="the pictures",
        class_names=(),
        framing=replace(choose_framing(framing, network.pipeline), is_grey=network.is_grey),
    )
    subject = subject_of(network, images.shape)
    name_of = _class_names(classes, source, subject.num_classes)
    said = predict_pictures(subject, images, spec)
    say(_tables(pictures, said, name_of))
    if sheet is not None:
        names = [path.name for path in pictures]
        title = f"{subject.label}, {subject.checkpoint.arch}"
        save_png(draw_predictions(images, said, name_of, title=title, names=names), sheet)


def _class_names(
    file: Path | None, source: NetworkSource, num_classes: int
) -> Callable[[int], str]:
    """Return what to call each class: a line of the file, what hf:DIR says, or its number."""
    if file is not None:
        names = _read_names(file, num_classes)
    else:
        from robustbench_ln.models.hf_folder import hf_class_names, hf_folder, is_hf_name

        is_named = is_hf_name(source.path)
        found = hf_class_names(hf_folder(str(source.path)), num_classes) if is_named else None
        if found is None:
            return str
        names = found
    return [shorten(one_line(name)) for name in names].__getitem__


def _read_names(file: Path, num_classes: int) -> list[str]:
    try:
        names = read_regular(file).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--classes {file} cannot be read; expected one name a line") from error
    if len(names) != num_classes:
        raise DataError(
            f"--classes {file} has {len(names)} names, the network has {num_classes} classes; "
            "expected one name a line, in the order of the classes"
        )
    return names


def _tables(
    pictures: Sequence[Path], said: Sequence[ModeGuesses], name_of: Callable[[int], str]
) -> str:
    """Return a table for each picture, and what the sets were."""
    from robustbench_ln.evaluation.prediction_sheet import describe_guess

    texts = [
        [
            [mode.mode.name]
            + [
                f"{name_of(guess.class_index)} {describe_guess(guess, mode.num_groups)}"
                for guess in mode.guesses[row]
            ]
            for mode in said
        ]
        for row in range(len(pictures))
    ]
    columns = zip(*(line for table in texts for line in table), strict=True)
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for picture, table in zip(pictures, texts, strict=True):
        lines.append(one_line(str(picture)))
        for line in table:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            lines.append(f"  {'  '.join(cells).rstrip()}")
    sets = [mode.mode.name for mode in said if mode.mode.layout in ("batch", "set")]
    if sets:
        number = f"all {len(pictures)} pictures" if len(pictures) > 1 else "the one picture"
        lines.append(f"Statistics of {number} as one set: {', '.join(sets)}")
    return "\n".join(lines)
