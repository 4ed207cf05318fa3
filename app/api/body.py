"""Bodies of requests as they arrive, within bounds of length and patience."""

import time
from collections.abc import AsyncIterator

import anyio

from app.core.errors import UploadStalled, UploadTooLarge
from app.core.speed import ANY_SPEED, SlowestSpeed, SpeedMeter

STALL_SECONDS = 60.0
"""Longest silence of a client in the middle of its upload."""


class BodyReader:
    """Reads `stream`, chunk by chunk."""

    def __init__(
        self,
        stream: AsyncIterator[bytes],
        *,
        max_bytes: int,
        stall_seconds: float = STALL_SECONDS,
        slowest: SlowestSpeed = ANY_SPEED,
    ) -> None:
        self._stream = stream
        self._bytes_left = max_bytes
        self._stall_seconds = stall_seconds
        self._slowest = slowest
        self._speed = SpeedMeter(slowest)

    async def next_chunk(self) -> bytes | None:
        """What comes next, perhaps nothing yet; None at the end. Raises UploadStalled, UploadTooLarge."""
        began = time.monotonic()
        try:
            with anyio.fail_after(self._stall_seconds):
                chunk = await anext(self._stream, None)
        except TimeoutError as error:
            raise UploadStalled(
                f"No byte of the upload came for {self._stall_seconds:g} seconds; send it again."
            ) from error
        if self._speed.is_too_slow(time.monotonic() - began, len(chunk or b"")):
            raise UploadStalled(
                f"The upload came at less than {self._slowest.bytes_per_second:g} bytes a second, the least "
                "that is waited for (MIN_TRANSFER_BYTES_PER_SECOND); send it again over a faster connection."
            )
        self._bytes_left -= len(chunk or b"")
        if self._bytes_left < 0:
            raise UploadTooLarge("The request is longer than the largest file that this server takes.")
        return chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it. Raises as `next_chunk` does."""
        while (chunk := await self.next_chunk()) is not None:
            yield chunk
