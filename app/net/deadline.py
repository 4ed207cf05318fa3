"""How long a transfer may take, and whether it is still wanted.

The limits are kept at every read of the socket, headers included: a server that sends one byte of them a
minute is within every timeout of its single reads.
"""

import math
import ssl
import time
from collections.abc import Callable
from typing import Any

import httpcore2

from app.core.errors import FetchFailed, TaskCancelled
from app.core.speed import ANY_SPEED, SlowestSpeed, SpeedMeter

LOOK_SECONDS = 0.5
"""Time between two looks, in the middle of a silence, at whether the transfer is still wanted."""

_SHORTEST = 0.001
"""A timeout of 0 would make the socket one that does not block."""


class Deadline:
    """Limits of one transfer, from now on."""

    def __init__(
        self, seconds: float, should_stop: Callable[[], bool], slowest: SlowestSpeed = ANY_SPEED
    ) -> None:
        self._seconds = seconds
        self._ends = time.monotonic() + seconds
        self._should_stop = should_stop
        self._slowest = slowest
        self._speed = SpeedMeter(slowest)

    def step(self, longest: float | None) -> float:
        """Time that the next step may take, at most `longest` if given. Raises TaskCancelled, FetchFailed."""
        if self._should_stop():
            raise TaskCancelled("The task was cancelled.")
        left = self._ends - time.monotonic()
        if left <= 0:
            raise FetchFailed(f"The recording did not arrive within {self._seconds:g} seconds.")
        return max(left if longest is None else min(longest, left), _SHORTEST)

    def waited(self, seconds: float, size: int) -> None:
        """So many bytes came after a wait. Raises FetchFailed where they come too slowly."""
        if self._speed.is_too_slow(seconds, size):
            raise FetchFailed(
                f"The recording came at less than {self._slowest.bytes_per_second:g} bytes a second, the "
                "least that is waited for (MIN_TRANSFER_BYTES_PER_SECOND)."
            )


class DeadlineStream(httpcore2.NetworkStream):
    """A connection whose every step is within the limits, and within its own timeout if it has one."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """In slices of a silence, so that a stop is noticed within it."""
        silent_until = math.inf if timeout is None else time.monotonic() + timeout
        while (silence := silent_until - time.monotonic()) > 0:
            began = time.monotonic()
            try:
                data = self._stream.read(max_bytes, self._deadline.step(min(silence, LOOK_SECONDS)))
            except httpcore2.ReadTimeout:
                data = None
            self._deadline.waited(time.monotonic() - began, len(data or b""))
            if data is not None:
                return data
        raise FetchFailed(f"The server sent nothing for {timeout:g} seconds.")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self._stream.write(buffer, self._deadline.step(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """The same connection, encrypted, within the same limits."""
        encrypted = self._stream.start_tls(ssl_context, server_hostname, self._deadline.step(timeout))
        return DeadlineStream(encrypted, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """What the HTTP library asks about the socket."""
        return self._stream.get_extra_info(info)
