"""Signals that end a command: Ctrl-C, SIGTERM of a cluster, SIGHUP of a closed terminal.

Each is a KeyboardInterrupt wherever the command is, so that all of them stop it in the same way:
what is finished is kept. Only the exit code tells them apart.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Stop", "default_signals", "stop_signals"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """The first signal that came; None for none."""

    number: int | None = None

    @property
    def exit_code(self) -> int:
        """What a shell reports of a command that the signal ended."""
        return 128 + (signal.SIGINT if self.number is None else self.number)


def default_signals() -> None:
    """End at once at a signal, without a traceback: for the time in which modules are imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Turn each signal into a KeyboardInterrupt; one that is ignored, as under nohup, stays so."""
    stop = Stop()

    def handle(number: int, frame: object) -> None:
        del frame
        stop.number = stop.number or number
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    earlier = {number: signal.getsignal(number) for number in numbers}
    ours = [n for n in numbers if earlier[n] in (signal.SIG_DFL, signal.default_int_handler)]
    for number in ours:
        signal.signal(number, handle)
    try:
        yield stop
    finally:
        for number in ours:
            signal.signal(number, earlier[number])
