"""What NumPy raises on .npy and .npz files that are damaged."""

from __future__ import annotations

import zipfile
import zlib
from tokenize import TokenError

__all__ = ["ARRAY_ERRORS"]

ARRAY_ERRORS: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    MemoryError,
    OverflowError,
    TokenError,  # a header of an old version whose brackets do not close
    SyntaxError,
    RuntimeError,  # zipfile: encrypted, or compressed in a way it does not know
    zipfile.BadZipFile,
    zlib.error,
)
