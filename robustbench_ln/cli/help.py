"""How help looks: panels of options, the commonly used first, and examples that the tests run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from typer.core import TyperCommand, TyperGroup

from robustbench_ln.cli.examples import EXAMPLES
from robustbench_ln.cli.talk import start_talk, talk_options
from robustbench_ln.errors import SpecError
from robustbench_ln.lookup import unknown_name

__all__ = ["COMMANDS", "PANELS", "PanelCommand", "PanelGroup", "break_command"]

COMMANDS = {
    "Start here": ("demo", "list", "inspect"),
    "Measure": ("evaluate", "audit", "flips", "run", "predict", "speed"),
    "Read results": ("report", "compare", "score", "mce"),
    "Make": ("corrupt", "train", "convert"),
    "This machine": ("env",),
}
"""The commands by what they are for, in the order of the help."""

PANELS = {
    "Model": (
        "arch", "model", "normalize", "norm", "groups", "init", "new_head", "checkpoint_key",
        "trust_checkpoint",
    ),
    "Data": (
        "data", "clean", "image_size", "channels", "limit", "order", "resize", "crop",
        "interpolation", "class_map", "classes", "true_class", "degrade", "download",
    ),
    "Training": (
        "recipe", "epochs", "learning_rate", "augment_noise", "share", "convention", "pixel_range",
        "seed",
    ),
    "Conditions": (
        "noise", "sigmas", "convention", "pixel_range", "corruptions", "severities",
        "severity_table", "frost_dir", "perturbations", "seed", "repeats",
    ),
    "Statistics": (
        "modes", "drift", "difficulty", "set_sizes", "streams", "stat_batch", "group_size",
        "sliding", "ties", "prior",
    ),
    "Output": (
        "out", "label", "baseline", "set_format", "jpeg", "preview", "overwrite", "verify",
        "sheet", "samples", "figures", "names", "format", "width", "strict", "save_config",
        "as_json",
    ),
    "Compute": (
        "device", "device_batch", "workers", "processes", "shard", "dry_run", "engine",
        "ray_address", "ray_gpus", "amp", "tf32", "compile_network",
    ),
    "Messages": ("quiet", "verbose", "log"),
}  # fmt: skip
"""Parameters of commands by panel, the commonly used first; those of no panel come last.

Only train has the panel of training, which is why a parameter may stand there and in another."""

_MANY_OPTIONS = 8
_HYPHEN = "\u2011"
_LINE = 78


class PanelCommand(TyperCommand):
    """A command whose help has panels of options and examples at its end."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params = [*self.params, *talk_options()]

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        start_talk(ctx)
        return super().invoke(ctx)

    def get_help(self, ctx: Any) -> str:
        """Return the help; no line of it breaks at a hyphen."""
        return super().get_help(ctx).replace(_HYPHEN, "-")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Name what must be given, then all else."""
        del ctx
        arguments = [p for p in self.params if p.param_type_name == "argument"]
        options = [p for p in self.params if p.param_type_name == "option" and p.required]
        return [
            *(f"{p.metavar}" if p.required else f"[{p.metavar}]" for p in arguments),
            *(f"{p.opts[0]} {p.metavar}" for p in options),
            "[OPTIONS]",
        ]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write arguments, then the panels that have options."""
        rows = {p: record for p in self.params if (record := _record(p, ctx))}
        arguments = [
            (p.metavar, rows.pop(p)[1]) for p in list(rows) if p.param_type_name == "argument"
        ]
        panels = {"Arguments": arguments, **_arrange(rows)}
        for title, records in panels.items():
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the examples as they can be pasted into a shell."""
        del ctx
        examples = EXAMPLES.get(self.name or "", ())
        if examples:
            formatter.write("\nExamples:\n")
            for example in examples:
                formatter.write("".join(f"  {line}\n" for line in break_command(example)))


def _record(parameter: Any, ctx: Any) -> tuple[str, str] | None:
    record = parameter.get_help_record(ctx)
    return record and (record[0], record[1].replace("-", _HYPHEN))


def _arrange(rows: dict[Any, tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Return the panels of a command; one panel where there are few options."""
    if len(rows) <= _MANY_OPTIONS:
        return {"Options": list(rows.values())}
    named = {parameter.name: record for parameter, record in rows.items()}
    is_training = "recipe" in named
    panels = {
        title: [named.pop(name) for name in names if name in named]
        for title, names in PANELS.items()
        if title != "Training" or is_training
    }
    return panels | {"Other": list(named.values())}


def break_command(command: str) -> Iterator[str]:
    r"""Yield a command in lines that a shell joins again.

    >>> list(break_command("ln-bench list modes"))
    ['ln-bench list modes']
    """
    line = ""
    for part in _parts(command.split(" ")):
        if line and len(line) + len(part) + 3 > _LINE:
            yield f"{line} \\"
            line = "    " + part
        else:
            line = f"{line} {part}" if line else part
    yield line


def _parts(words: Iterable[str]) -> Iterator[str]:
    """Keep an option and its value on one line."""
    part = ""
    for word in words:
        if word.startswith("--") or not part.startswith("--") or " " in part:
            if part:
                yield part
            part = word
        else:
            part = f"{part} {word}"
    yield part


class PanelGroup(TyperGroup):
    """The commands by what they are for; an unknown one is answered with the nearest."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, then the few options."""
        self.format_commands(ctx, formatter)
        rows = [record for p in self.get_params(ctx) if (record := p.get_help_record(ctx))]
        with formatter.section("Options"):
            formatter.write_dl(rows)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command with the whole first sentence of its help."""
        del ctx
        width = max(map(len, self.commands))
        for title, names in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:<{width}}", _first_sentence(self.commands[name])) for name in names]
                )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command."""
        command = super().get_command(ctx, cmd_name)
        if command is None:
            raise unknown_name(cmd_name, self.list_commands(ctx), kind="command")
        return command

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an unknown option that is named like a command is answered with that."""
        from typer.exceptions import TyperException

        try:
            return super().invoke(ctx)
        except TyperException as error:
            option = getattr(error, "option_name", "")
            if option.removeprefix("--") in self.list_commands(ctx):
                command = f"ln-bench {option.removeprefix('--')}"
                raise SpecError(f"no such option: {option}; did you mean '{command}'?") from error
            raise


def _first_sentence(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())
