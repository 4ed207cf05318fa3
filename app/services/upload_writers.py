"""Requests that write uploads in this process: one at a time for each, the last that comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio

from app.core.errors import UploadLocked


@dataclass(frozen=True, slots=True)
class _Writer:
    """A request that writes an upload now."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)


class UploadWriters:
    """The requests that write, by the ids of their uploads."""

    def __init__(self) -> None:
        self._writers: dict[str, _Writer] = {}

    def has(self, upload_id: str) -> bool:
        """Whether the upload is written now."""
        return upload_id in self._writers

    async def cut_off(self, upload_id: str) -> None:
        """End the request that writes this upload now: its client has come back, the connection is dead."""
        while (writer := self._writers.get(upload_id)) is not None:
            writer.scope.cancel()
            await writer.ended.wait()

    @asynccontextmanager
    async def writing(self, upload_id: str) -> AsyncIterator[None]:
        """Write the upload in this block, instead of whoever did. Raises UploadLocked where another request
        goes on with it meanwhile."""
        await self.cut_off(upload_id)
        writer = self._writers[upload_id] = _Writer()
        try:
            with writer.scope:
                yield
        finally:
            del self._writers[upload_id]
            writer.ended.set()
        if writer.scope.cancelled_caught:
            raise UploadLocked("Another request goes on with this upload.")
