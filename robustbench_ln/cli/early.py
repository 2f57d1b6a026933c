"""What is wrong with the options of a command, said before torch is imported, which takes seconds.

Nothing is decided here: every rule is that of the request that follows.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from robustbench_ln.cli.asked import degradation_of, engine_of, framing_of, spec_of
from robustbench_ln.files.regular_files import open_regular
from robustbench_ln.files.shipped import is_shipped_name
from robustbench_ln.spec import check_normalization, missing_normalization

__all__ = ["check_early", "check_network"]

_STATES = re.compile(rb"(.*[._])?(normali[sz]e\w*|means?|stds?|stdev|mu|sigma)_?", re.IGNORECASE)
"""Names without one of which no file says how its network's input is normalised."""

_TEXT = re.compile(rb"(?:X(.)\0\0\0|\x8c(.))(?=([ -~]{1,255}))|\"(?=([ !#-~]{1,255})\")", re.DOTALL)
"""A text in a pickle of any protocol, after its length; or in the head of safetensors.

No byte is read more than twice: a text of a pickle begins with a byte that is in none."""

_READ = 2**24
"""Bytes that hold the names of a file."""


def check_early(options: Mapping[str, Any]) -> None:
    """Check modes, numbers, sigmas, severities, the size of pictures and the normalisation.

    Args:
        options: Every parameter of the command, by name.

    Raises:
        SpecError: One of them is wrong.
    """
    spec_of(options)
    engine_of(options)
    degradation_of(options)
    framing_of(options)
    check_network(options)


def check_network(options: Mapping[str, Any]) -> None:
    """Check the normalisation that a network is given, and whether it needs one.

    Raises:
        SpecError: It is wrong or missing.
    """
    check_normalization(options["normalize"])
    _demand_normalization(options)


def _demand_normalization(options: Mapping[str, Any]) -> None:
    """Demand a normalisation where neither a publisher nor the file can state it.

    A library's network may have published weights; a file is searched for the words alone.

    Raises:
        SpecError: None is given, and nobody states one.
    """
    arch, path = options["arch"], options["checkpoint"]
    is_library = arch is not None and ":" in arch
    has_network = arch is not None or options["model"] is not None
    if options["normalize"] is not None or is_library or not has_network:
        return
    if not is_shipped_name(path) and not _may_state(Path(path)):
        raise missing_normalization()


def _may_state(path: Path) -> bool:
    """Whether such a name is in a file; yes where it cannot be read."""
    try:
        with open_regular(path) as file:
            return any(map(_is_stating, _TEXT.finditer(_read_names(file))))
    except (OSError, zipfile.BadZipFile, IndexError, NotImplementedError, ValueError):
        return True


def _read_names(file: BinaryIO) -> bytes:
    """Return the part of a file that has the names: a pickle, or the head of safetensors."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            names = [n for n in archive.namelist() if n.partition("/")[2] == "data.pkl"]
            with archive.open(names[0]) as stream:
                return stream.read(_READ)
    file.seek(0)
    content = file.read(_READ)
    is_pickle = content.startswith(b"\x80")
    return content if is_pickle else content[8 : 8 + int.from_bytes(content[:8], "little")]


def _is_stating(found: re.Match[bytes]) -> bool:
    length = found[1] or found[2]
    text = found[3][: length[0]] if length else found[4]
    is_whole = length is None or len(text) == length[0]
    return is_whole and _STATES.fullmatch(text) is not None and b"running_" not in text
