"""The reader process: decodes recordings and cuts them into windows, each in a thread of its own.

It is given one connection a recording over its control connection; on that come a Cutting, or a Slicing and
then the windows that are wanted, and back the messages of `messages.py`. A connection holds no more than it
must: whoever does not take a window makes the reader wait. It ends with the process that started it, and may
crash at any time.
"""

import contextlib
import faulthandler
import os
import signal
import threading
import time
import traceback
from collections.abc import Iterator
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle

from app.audio.reading.cutting import Cutting, WindowReader
from app.audio.reading.messages import Broken, Cut, Ended, Message, Reading, Refused, Slicing
from app.audio.reading.slicing import SliceReader
from app.core.errors import ServiceError
from app.core.lifeline import die_with_parent

READING_SECONDS = 0.5
"""Least time between two messages that only say that the reading goes on."""


def serve(control: Connection) -> None:
    """Read the recordings whose connections come, until nobody is left who could send one."""
    die_with_parent()
    _let_parent_end()
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the launcher
    while True:
        try:
            handle = recv_handle(control)
        except (EOFError, OSError, RuntimeError):
            return
        threading.Thread(target=_read, args=(Connection(handle),), daemon=True).start()


def _let_parent_end() -> None:
    """Let the forkserver, and this process with it, end with the engine process.

    It waits until nobody holds its pipe, of which each reader is given an end: one that is stuck would keep
    both for good.
    """
    os.close(forkserver._forkserver._forkserver_alive_fd)  # type: ignore[attr-defined]
    forkserver._forkserver._forkserver_alive_fd = None  # type: ignore[attr-defined]


def _read(connection: Connection) -> None:
    """Read one recording; nothing is left to do where nobody wants it any more."""
    with connection, contextlib.suppress(EOFError, BrokenPipeError, ConnectionResetError):
        order: Cutting | Slicing = connection.recv()
        pulse = _Pulse(connection)
        windows = _slices(order, connection, pulse) if isinstance(order, Slicing) else _windows(order, pulse)
        for message in _messages(windows):
            connection.send(message)


def _windows(cutting: Cutting, pulse: "_Pulse") -> Iterator[Message]:
    reader = WindowReader(cutting, pulse.beat)
    for window in reader:
        yield Cut(window, reader.report)
    yield Ended(reader.report)


def _slices(order: Slicing, connection: Connection, pulse: "_Pulse") -> Iterator[Message]:
    """The windows that are asked for, until nobody is left who could ask (EOFError)."""
    reader = SliceReader(order.cutting, pulse.beat)
    while True:
        for window in reader.slices(connection.recv()):
            yield Cut(window, reader.report)


def _messages(windows: Iterator[Message]) -> Iterator[Message]:
    """The same, or what the reader met."""
    try:
        yield from windows
    except ServiceError as error:
        yield Refused(error)
    except (EOFError, BrokenPipeError, ConnectionResetError):  # nobody wants it any more
        raise
    except Exception:
        yield Broken(traceback.format_exc())


class _Pulse:
    """Says that the reading goes on, at most once in READING_SECONDS."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._said_at = time.monotonic()

    def beat(self) -> None:
        """A second was decoded."""
        now = time.monotonic()
        if now - self._said_at >= READING_SECONDS:
            self._said_at = now
            self._connection.send(Reading())
