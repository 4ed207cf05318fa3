"""A recording that a reader process reads, from the side of whoever asked for it."""

import contextlib
import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from multiprocessing.connection import Connection
from typing import Protocol

from app.audio.channels import ChannelWindow
from app.audio.reading.connection import LOST, Follower, ReaderLost
from app.audio.reading.cutting import Cutting
from app.audio.reading.messages import Cut, Ended, Slicing
from app.audio.report import DecodeReport, joined
from app.core.errors import EngineFailed
from app.schemas.lending import OfferedWindow

logger = logging.getLogger(__name__)


class Connect(Protocol):
    """See `ProcessReaders.connected`."""

    def __call__(self, *, alone: bool) -> AbstractContextManager[Connection]:
        """A connection to a reader process, which `alone` reads nothing else. Raises ReaderLost."""


class ProcessReading:
    """A recording that a process reads; see WindowSource."""

    def __init__(self, connected: Connect, cutting: Cutting, follower: Follower) -> None:
        self._connected_to = connected
        self._cutting = cutting
        self._follower = follower
        self._report = joined([])
        self._windows = self._all()

    @property
    def report(self) -> DecodeReport:
        """See WindowSource."""
        return self._report

    def __iter__(self) -> Iterator[ChannelWindow]:
        return self._windows

    def close(self) -> None:
        """See WindowSource: the process notices at its next message."""
        self._windows.close()

    def _all(self) -> Generator[ChannelWindow]:
        given = 0
        try:
            for window in self._read(alone=False):
                given += 1
                yield window
        except ReaderLost as lost:
            logger.warning("A reader process ended (%s): the recording is read again by itself", lost)
        else:
            return
        try:
            for number, window in enumerate(self._read(alone=True)):
                if number >= given:
                    yield window
        except ReaderLost as lost:
            raise _fatal(lost) from lost

    def _read(self, *, alone: bool) -> Iterator[ChannelWindow]:
        with self._connected_to(alone=alone) as connection:
            connection.send(self._cutting)
            while not isinstance(message := self._follower.next(connection), Ended):
                if isinstance(message, Cut):
                    self._report = message.report
                    yield message.window
            self._report = message.report


class ProcessSlices:
    """A recording of which a process gives windows that are known; see SliceSource."""

    def __init__(self, connected: Connect, cutting: Cutting, follower: Follower) -> None:
        self._connected_to = connected
        self._cutting = cutting
        self._follower = follower
        self._used = contextlib.ExitStack()
        self._connection: Connection | None = None
        self._alone = False

    def slices(self, windows: Sequence[OfferedWindow]) -> Iterator[ChannelWindow]:
        """See SliceSource."""
        left = tuple(windows)
        while left:
            try:
                for window in self._ask(left):
                    left = left[1:]
                    yield window
            except ReaderLost as lost:
                if self._alone:
                    raise _fatal(lost) from lost
                logger.warning("A reader process ended (%s): the recording is read again by itself", lost)
                self._alone = True

    def close(self) -> None:
        """See SliceSource: the process notices at its next message."""
        self._connection = None
        self._used.close()

    def _ask(self, windows: tuple[OfferedWindow, ...]) -> Iterator[ChannelWindow]:
        try:
            connection = self._connected()
            connection.send(windows)
            for _ in windows:
                while not isinstance(message := self._follower.next(connection), Cut):
                    pass
                yield message.window
        except LOST as error:
            self._connection = None
            self._used.__exit__(type(error), error, error.__traceback__)  # raises ReaderLost
            raise

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._used.enter_context(self._connected_to(alone=self._alone))
            self._connection.send(Slicing(self._cutting))
        return self._connection


def _fatal(lost: ReaderLost) -> EngineFailed:
    return EngineFailed(f"Reading the recording ends the process that does it ({lost}).")
