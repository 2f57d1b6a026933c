"""`ln-bench predict`: single pictures, mode by mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from robustbench_ln.cli.asked import framing_of, network_of
from robustbench_ln.cli.early import check_network
from robustbench_ln.cli.image_options import Crop, Interpolation, Resize
from robustbench_ln.cli.name_checks import split_names
from robustbench_ln.cli.options import (
    Arch,
    Checkpoint,
    CheckpointKey,
    Device,
    DownloadWeights,
    Model,
    Modes,
    Names,
    Normalize,
    Ties,
    Trust,
)
from robustbench_ln.cli.spelling import spell
from robustbench_ln.display import open_display
from robustbench_ln.errors import DataError, SpecError, setting
from robustbench_ln.files.regular_files import read_regular
from robustbench_ln.spec import EvaluationSpec
from robustbench_ln.texts.console import say
from robustbench_ln.texts.safe import one_line, shorten

if TYPE_CHECKING:
    from robustbench_ln.evaluation.predict import Copies
    from robustbench_ln.models.source import NetworkSource
    from robustbench_ln.runs.variants import Naming

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
    true_class: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="What the pictures show, a number or a name of --classes; once for all, or once "
            "for each picture in their order",
            show_default=False,
        ),
    ] = None,
    degrade: Annotated[
        str | None,
        typer.Option(
            metavar="KIND:FACTOR,...",
            help="Show copies too: brightness:0.3 has 30 % of each value, contrast:0.2 has 20 % of "
            "each distance to the channel's mean",
            show_default=False,
        ),
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.png", help="Draw the pictures with all predictions", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the sheet")] = False,
    names: Names = "papers",
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
    command as one set, and the copies of each degradation as another.
    """
    options = dict(locals())
    check_network(options)
    spec = EvaluationSpec(
        modes=split_names(modes),
        stat_batch=len(pictures),
        group_size=len(pictures),
        tie_rule=ties,
        seed=seed,
        device=device,
    )
    from dataclasses import replace

    from robustbench_ln.corrupted_sets.preview import check_new, save_png
    from robustbench_ln.data.file_images import open_files
    from robustbench_ln.evaluation.degraded_copies import parse_degradations
    from robustbench_ln.evaluation.predict import predict_copies
    from robustbench_ln.evaluation.prediction_sheet import draw_predictions, sheet_rows
    from robustbench_ln.evaluation.subject import subject_of
    from robustbench_ln.models.device import check_device
    from robustbench_ln.models.opened import choose_framing, open_network
    from robustbench_ln.runs.variants import check_naming

    check_device(device)
    naming = check_naming(names)
    framing = framing_of(options)
    degradations = () if degrade is None else parse_degradations(degrade)
    if sheet is not None:
        check_new(sheet, name="sheet", overwrite=overwrite)
    source = network_of(options, download=download)
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
    truth = _true_classes(true_class, len(pictures), name_of, subject.num_classes)
    copies = predict_copies(subject, images, spec, degrade=degradations)
    say(_tables(pictures, copies, name_of, truth, naming))
    if sheet is not None:
        files = [path.name for path in pictures]
        rows = list(sheet_rows(copies, files, name_of, truth, naming=naming))
        title = f"{subject.label}, {subject.checkpoint.arch}"
        save_png(draw_predictions(rows, name_of, title=title), sheet)


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


def _true_classes(
    given: list[str] | None, num_pictures: int, name_of: Callable[[int], str], num_classes: int
) -> list[int] | None:
    """Return the class of each picture, given by name or number; None where none is given."""
    if not given:
        return None
    if len(given) not in (1, num_pictures):
        raise SpecError(
            f"{setting('true_class')} is given {len(given)} times for {num_pictures} "
            f"picture{'s' if num_pictures > 1 else ''}; give it once, or once for each picture"
        )
    found = [_find_class(text, name_of, num_classes) for text in given]
    return found * num_pictures if len(found) == 1 else found


def _find_class(text: str, name_of: Callable[[int], str], num_classes: int) -> int:
    named = [index for index in range(num_classes) if name_of(index) == text]
    if len(named) > 1:
        raise SpecError(
            f"{setting('true_class', text)} is the name of classes {named[0]} and {named[1]}; "
            "give the number"
        )
    if named:
        return named[0]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else num_classes
    if number >= num_classes:
        raise SpecError(
            f"{setting('true_class', text)} is no class; expected 0 to {num_classes - 1}, or a "
            f"name of {setting('classes')}"
        )
    return number


def _tables(
    pictures: Sequence[Path],
    copies: Sequence[Copies],
    name_of: Callable[[int], str],
    truth: Sequence[int] | None,
    naming: Naming,
) -> str:
    """Return a table for each picture and each of its copies, and what the sets were."""
    from robustbench_ln.evaluation.prediction_sheet import describe_copy
    from robustbench_ln.runs.variants import mode_title

    shown = [
        (row, copy, None if truth is None else truth[row])
        for row in range(len(pictures))
        for copy in copies
    ]
    texts = [_lines(copy, row, name_of, true_class, naming) for row, copy, true_class in shown]
    columns = zip(*(line for table in texts for line in table), strict=True)
    widths = [max(map(len, column)) for column in columns]
    lines = []
    for (row, copy, true_class), table in zip(shown, texts, strict=True):
        captions = describe_copy(copy.degradation, true_class, name_of)
        lines.append(one_line(", ".join((str(pictures[row]), *captions))))
        for line in table:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            lines.append(f"  {'  '.join(cells).rstrip()}")
    with_sets = [m.mode.name for m in copies[0].said if m.mode.layout in ("batch", "set")]
    sets = [mode_title(name, naming) for name in with_sets]
    if sets:
        number = f"all {len(pictures)} pictures" if len(pictures) > 1 else "the one picture"
        alone = ", each degradation by itself" if len(copies) > 1 else ""
        lines.append(f"Statistics of {number} as one set{alone}: {', '.join(sets)}")
    return "\n".join(lines)


def _lines(
    copy: Copies,
    row: int,
    name_of: Callable[[int], str],
    true_class: int | None,
    naming: Naming,
) -> list[list[str]]:
    """Return a line for each mode: its name, whether it is right, and its guesses."""
    from robustbench_ln.evaluation.prediction_sheet import describe_guess, verdict_on
    from robustbench_ln.runs.variants import mode_title

    lines = []
    for mode in copy.said:
        guesses = mode.guesses[row]
        verdict = [] if true_class is None else [verdict_on(guesses[0], true_class)]
        said = [f"{name_of(g.class_index)} {describe_guess(g, mode.num_groups)}" for g in guesses]
        lines.append([mode_title(mode.mode.name, naming), *verdict, *said])
    return lines
