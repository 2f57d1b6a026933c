"""How the command line spells a setting: the option that sets it."""

from __future__ import annotations

from robustbench_ln.errors import Message

__all__ = ["key_of", "option_of", "spell"]

_OPTIONS = {
    "compile_network": "--compile",
    "formats": "--format",
    "has_new_head": "--new-head",
    "images": "--data",
    "is_percent": "--percent",
    "key": "--checkpoint-key",
    "noise": "--augment-noise",
    "noise_share": "--share",
    "noises": "--noise",
    "num_groups": "--groups",
    "pixel_range": "--range",
    "trust": "--trust-checkpoint",
    "uses_jpeg": "--jpeg",
}
"""Settings that have another name in Python."""


def option_of(name: str) -> str:
    """Return the option that sets a setting.

    >>> option_of("stat_batch"), option_of("noises")
    ('--stat-batch', '--noise')
    """
    return _OPTIONS.get(name, "--" + name.replace("_", "-"))


def key_of(name: str) -> str:
    """Return the key of a suite that sets a setting.

    >>> key_of("stat_batch"), key_of("pixel_range")
    ('stat_batch', 'range')
    """
    return option_of(name).removeprefix("--").replace("-", "_")


def spell(text: str) -> str:
    """Return a message as the command line says it; another text as it is.

    >>> from robustbench_ln.errors import setting
    >>> spell(Message(f"{setting('stat_batch')} is 0")), spell("0 images")
    ('--stat-batch is 0', '0 images')
    """
    return text.spelled(option_of) if isinstance(text, Message) else text
