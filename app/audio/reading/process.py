"""The reader process: decodes recordings and cuts them into windows, each in a thread of its own.

It is given one connection a recording over its control connection; on that come a Cutting, and back the
messages of `messages.py`. A connection holds no more than it must: whoever does not take a window makes the
reader wait. It ends with the process that started it, and may crash at any time.
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
from app.audio.reading.messages import Broken, Cut, Ended, Message, Reading, Refused
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
        cutting: Cutting = connection.recv()
        for message in _messages(cutting, _Pulse(connection)):
            connection.send(message)


def _messages(cutting: Cutting, pulse: "_Pulse") -> Iterator[Message]:
    reader = WindowReader(cutting, pulse.beat)
    try:
        for window in reader:
            yield Cut(window, reader.report)
        yield Ended(reader.report)
    except ServiceError as error:
        yield Refused(error)
    except (BrokenPipeError, ConnectionResetError):  # nobody wants it any more
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
