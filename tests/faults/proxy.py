"""A TCP proxy before Redis that loses replies or goes silent on command."""

import asyncio
import contextlib

from tests.support.relay import TcpRelay


class FaultyProxy(TcpRelay):
    """Forwards 127.0.0.1:port to Redis until it is told to misbehave."""

    def __init__(self, redis_port: int) -> None:
        super().__init__(redis_port)
        self._drop_after: bytes | None = None
        self._stop_at: bytes | None = None
        self._open = asyncio.Event()
        self._open.set()
        self.dropped = 0
        self.marked = asyncio.Event()

    def drop_reply_of(self, marker: bytes) -> None:
        """Cut the connection of the next command that contains `marker`, once Redis has executed it."""
        self._drop_after = marker

    def stop_at(self, marker: str) -> None:
        """Go silent at the next request that contains `marker`, before the server has it."""
        self._stop_at = marker.encode()

    def black_hole(self) -> None:
        """Keep connections open and pass nothing, either way."""
        self._open.clear()

    def heal(self) -> None:
        """Pass what was held back, and all that follows."""
        self._open.set()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if self._stop_at is not None and self._stop_at in data:
                self._stop_at = None
                self.marked.set()
                self.black_hole()
            await self._open.wait()
            if self._drop_after is not None and self._drop_after in data:
                self._drop_after = None
                self.marked.set()
                mark.set()
            writer.write(data)
            await writer.drain()

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if mark.is_set():
                self.dropped += 1
                return
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()

    @staticmethod
    def _hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()
