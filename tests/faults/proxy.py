"""A TCP proxy before Redis that loses replies or goes silent on command."""

import asyncio
import contextlib


class FaultyProxy:
    """Forwards 127.0.0.1:port to Redis until it is told to misbehave."""

    def __init__(self, redis_port: int) -> None:
        self._redis_port = redis_port
        self._server: asyncio.Server | None = None
        self._drop_after: bytes | None = None
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.dropped = 0
        self.marked = asyncio.Event()

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "FaultyProxy":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def drop_reply_of(self, marker: bytes) -> None:
        """Cut the connection of the next command that contains `marker`, once Redis has executed it."""
        self._drop_after = marker

    def black_hole(self) -> None:
        """Keep connections open and pass nothing, either way."""
        self._open.clear()

    def heal(self) -> None:
        """Pass what was held back, and all that follows."""
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._relay(reader, writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", self._redis_port)
        cut = asyncio.Event()
        both = [
            asyncio.create_task(self._requests(reader, redis_writer, cut)),
            asyncio.create_task(self._replies(redis_reader, writer, cut)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            redis_writer.close()

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if self._drop_after is not None and self._drop_after in data:
                self._drop_after = None
                self.marked.set()
                cut.set()
            writer.write(data)
            await writer.drain()

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            await self._open.wait()
            if cut.is_set():
                self.dropped += 1
                return
            with contextlib.suppress(ConnectionError):
                writer.write(data)
                await writer.drain()
