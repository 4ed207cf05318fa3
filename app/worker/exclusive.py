"""Who may run beside whom: a task suspected of killing the engine process runs alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SharedExclusiveLock:
    """A lock that many may hold together (`shared`) or one alone (`exclusive`).

    Whoever waits for it alone goes before newcomers, so that a steady stream of tasks cannot keep it waiting.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._holders = 0
        self._is_exclusive = False
        self._waiting_exclusive = 0

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Hold it for the block, beside others."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._is_exclusive and not self._waiting_exclusive)
            self._holders += 1
        try:
            yield
        finally:
            await self._release(exclusive=False)

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Hold it for the block, alone."""
        await self._acquire_exclusive()
        try:
            yield
        finally:
            await self._release(exclusive=True)

    async def _acquire_exclusive(self) -> None:
        async with self._changed:
            self._waiting_exclusive += 1
            try:
                await self._changed.wait_for(lambda: not self._is_exclusive and not self._holders)
                self._is_exclusive = True
            finally:
                self._waiting_exclusive -= 1
                self._changed.notify_all()  # where it was cancelled: those who waited behind it go on

    async def _release(self, *, exclusive: bool) -> None:
        async with self._changed:
            if exclusive:
                self._is_exclusive = False
            else:
                self._holders -= 1
            self._changed.notify_all()
