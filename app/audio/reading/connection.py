"""The connection to a reader process, from the side of whoever asked for a recording."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

from app.audio.reading.messages import Broken, Message, Refused
from app.core.errors import EngineFailed

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""How often a recording that waits for its reader asks whether it is still wanted."""

LOST = (EOFError, BrokenPipeError, ConnectionResetError)
"""What is raised by a connection to a process that is gone."""


class ReaderLost(Exception):
    """The process that reads a recording is gone; says how it ended."""


@dataclass(frozen=True, slots=True)
class Follower:
    """Whoever waits for a reader: `check` is called often, and what it raises ends the wait; `on_alive` as
    long as the reading goes on."""

    check: Callable[[], object]
    on_alive: Callable[[], None]

    def next(self, connection: Connection) -> Message:
        """What the reader says next. Raises one of LOST where it is gone, else what it met."""
        while not connection.poll(POLL_SECONDS):
            self.check()
        message = _received(connection)
        self.check()
        self.on_alive()
        if isinstance(message, Refused):
            raise message.error
        if isinstance(message, Broken):
            logger.error("Unexpected error in a reader process\n%s", message.trace)
            raise EngineFailed("Reading the recording failed unexpectedly; the log of the worker says how.")
        return message


def _received(connection: Connection) -> Message:
    """Raises EOFError where the reader is gone, in the middle of a message perhaps."""
    try:
        message: Message = connection.recv()
    except OSError as error:
        raise EOFError from error
    return message
