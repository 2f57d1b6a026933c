"""Errors that a user can cause: one line each, saying what is wrong, where and how to fix it.

A message names a setting (`stat_batch`), not an option. `setting` marks it in the text; a `Message`
reads as Python does (`stat_batch=`), and the command line spells it as an option (`--stat-batch`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath

from robustbench_ln.texts.safe import for_message

__all__ = [
    "CheckError",
    "CheckpointError",
    "DataError",
    "ImageError",
    "LayoutError",
    "LnBenchError",
    "Message",
    "RecordError",
    "SpecError",
    "TooLittleMemoryError",
    "TrainingError",
    "WorkerError",
    "by_skin",
    "explain_memory",
    "is_out_of_memory",
    "listing",
    "setting",
    "settings",
]

_MARKS = "\ue000\ue001\ue002\ue003\ue004\ue005"
"""Characters for private use, which no file name or number in a message has."""
_SETTING = re.compile("\ue000([^\ue001]*)\ue001([^\ue001]*)\ue001([^\ue002]*)\ue002")
_BY_SKIN = re.compile("\ue003([^\ue004]*)\ue004([^\ue005]*)\ue005")
_NO_MARKS = str.maketrans("", "", _MARKS)


def setting(name: str, value: object = None) -> str:
    """Return a setting as messages name it, with a value where one is shown.

    Args:
        name: Name of the parameter in Python; the option follows from it.
        value: None shows the setting alone, True switches it on.

    >>> Message(f"{setting('stat_batch')} is 0"), Message(f"add {setting('crop', 224)}")
    ('stat_batch= is 0', 'add crop=224')
    >>> as_option = lambda name: "--" + name.replace("_", "-")
    >>> Message(f"add {setting('crop', 224)} or {setting('download', True)}").spelled(as_option)
    'add --crop 224 or --download'
    """
    if value is None:
        return f"\ue000{name}\ue001\ue001\ue002"
    value = str(value) if isinstance(value, PurePath) else value
    option_value = "" if value is True else f" {value}".translate(_NO_MARKS)
    return f"\ue000{name}\ue001{option_value}\ue001{value!r}\ue002"


def settings(**values: object) -> str:
    """Return several settings with their values, as one types them.

    >>> Message(f"as in {settings(resize=256, crop=224)}")
    'as in resize=256, crop=224'
    """
    comma = by_skin(command_line=" ", python=", ")
    return comma.join(setting(name, value) for name, value in values.items())


def by_skin(*, command_line: str = "", python: str = "") -> str:
    """Return a part of a message that the command line and Python say differently."""
    return f"\ue003{command_line}\ue004{python}\ue005"


def listing(what: str) -> str:
    """Return the hint at `ln-bench list`, which only the command line gives.

    >>> print(f"unknown mode 'x'{Message(listing('modes'))}")
    unknown mode 'x'
    """
    return by_skin(command_line=f" (ln-bench list {what})")


class Message(str):
    """A text for people. It is spelled for Python, and can be spelled for the command line.

    What others wrote in it is made safe for a terminal, and long words are shortened.

    Attributes:
        marked: The text with the marks of `setting`, to make a longer message of.
    """

    marked: str

    def __new__(cls, text: str) -> Message:
        """Spell a marked text."""
        marked = text.marked if isinstance(text, Message) else text
        message = super().__new__(cls, _spell(marked, None))
        message.marked = marked
        return message

    def spelled(self, option_of: Callable[[str], str]) -> str:
        """Return the text for the command line, with the option of each setting."""
        return _spell(self.marked, option_of)


def _spell(marked: str, option_of: Callable[[str], str] | None) -> str:
    if option_of is None:
        text = _BY_SKIN.sub(r"\2", marked)
        return for_message(_SETTING.sub(r"\1=\3", text).translate(_NO_MARKS))
    text = _BY_SKIN.sub(r"\1", marked)
    text = _SETTING.sub(lambda found: option_of(found[1]) + found[2], text)
    return for_message(text.translate(_NO_MARKS))


class LnBenchError(ValueError):
    """Wrong input. The command line prints it as one `Error:` line and exits with 2."""

    def __init__(self, text: str = "") -> None:
        super().__init__(Message(text))

    @property
    def message(self) -> Message:
        """What is wrong."""
        message = self.args[0]
        return message if isinstance(message, Message) else Message(str(message))


class CheckError(LnBenchError):
    """A check of network and images warned, and warnings are to be errors."""


class SpecError(LnBenchError):
    """A setting or a name is wrong, before anything was read."""


class CheckpointError(LnBenchError):
    """A checkpoint cannot be read, or does not fit the network."""


class DataError(LnBenchError):
    """A data set cannot be read, or does not fit the network."""


class ImageError(LnBenchError):
    """Images have the wrong shape, dtype or range."""


class LayoutError(LnBenchError):
    """Images cannot share statistics in the way that was asked for."""


class RecordError(LnBenchError):
    """A run directory cannot be read, written, or continued."""


class TrainingError(LnBenchError):
    """A training cannot go on."""


class WorkerError(LnBenchError):
    """Workers cannot be started, or died of their work."""


class TooLittleMemoryError(LnBenchError):
    """The machine or the GPU has too little memory; the message says what to lower."""


_ALLOCATORS = ("DefaultCPUAllocator", "out of memory", "bad alloc", "bad_alloc", "Insufficient mem")
"""What torch and OpenCV say in a plain error where the memory of a CPU does not suffice."""


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory was missing, on a CPU or a GPU; the input is not to blame then."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    is_plain = isinstance(error, RuntimeError) or type(error).__module__.startswith("cv2")
    return is_plain and any(words in str(error) for words in _ALLOCATORS)


@contextmanager
def explain_memory(fix: str) -> Iterator[None]:
    """Turn what torch, NumPy and OpenCV raise without memory into one line.

    Args:
        fix: What to do, for the message: "lower ...".

    Raises:
        TooLittleMemoryError: Memory was missing.
    """
    try:
        yield
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        where = "the GPU" if "CUDA" in str(error) else "this machine"
        raise TooLittleMemoryError(f"{where} has too little memory; {fix}") from error
