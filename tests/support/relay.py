"""A TCP relay before a server, for tests that interfere with what passes through it."""

import asyncio
from abc import ABC, abstractmethod
from typing import Self


class TcpRelay(ABC):
    """Serves on 127.0.0.1:`port`; what becomes of requests and replies is for the class that inherits."""

    def __init__(self, port_behind: int) -> None:
        self._port_behind = port_behind
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cut()

    async def cut(self) -> None:
        """End every connection, and take no new ones."""
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @abstractmethod
    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        """Pass one client's bytes on until they end; `mark` is what it tells `_replies` of them."""

    @abstractmethod
    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mark: asyncio.Event
    ) -> None:
        """Pass the bytes of the server to that client until they end."""

    @staticmethod
    @abstractmethod
    def _hang_up(writer: asyncio.StreamWriter) -> None:
        """End one side of a connection."""

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
            self._hang_up(writer)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", self._port_behind)
        mark = asyncio.Event()
        both = [
            asyncio.create_task(self._requests(reader, server_writer, mark)),
            asyncio.create_task(self._replies(server_reader, writer, mark)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self._hang_up(server_writer)
