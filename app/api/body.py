"""Bodies of requests as they arrive, within bounds of length and patience."""

from collections.abc import AsyncIterator

import anyio

from app.core.errors import UploadStalled, UploadTooLarge

STALL_SECONDS = 60.0
"""Longest silence of a client in the middle of its upload."""


class BodyReader:
    """Reads `stream`, chunk by chunk."""

    def __init__(
        self, stream: AsyncIterator[bytes], *, max_bytes: int, stall_seconds: float = STALL_SECONDS
    ) -> None:
        self._stream = stream
        self._bytes_left = max_bytes
        self._stall_seconds = stall_seconds

    async def next_chunk(self) -> bytes | None:
        """What comes next, perhaps nothing yet; None at the end. Raises UploadStalled, UploadTooLarge."""
        try:
            with anyio.fail_after(self._stall_seconds):
                chunk = await anext(self._stream, None)
        except TimeoutError as error:
            raise UploadStalled(
                f"No byte of the upload came for {self._stall_seconds:g} seconds; send it again."
            ) from error
        self._bytes_left -= len(chunk or b"")
        if self._bytes_left < 0:
            raise UploadTooLarge("The request is longer than the largest file that this server takes.")
        return chunk

    async def chunks(self) -> AsyncIterator[bytes]:
        """All of it. Raises as `next_chunk` does."""
        while (chunk := await self.next_chunk()) is not None:
            yield chunk
