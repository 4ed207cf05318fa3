"""Who may run beside whom: a task suspected of killing the engine process runs alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SoloGate:
    """Many may pass together, or one alone.

    Whoever wants to be alone goes before newcomers, so that a steady stream of tasks cannot keep it waiting.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._together = 0
        self._alone = False
        self._waiting_alone = 0

    @asynccontextmanager
    async def enter(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait for a place, hold it for the block."""
        if alone:
            await self._enter_alone()
        else:
            await self._enter_together()
        try:
            yield
        finally:
            await self._leave(alone=alone)

    async def _enter_together(self) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
            self._together += 1

    async def _enter_alone(self) -> None:
        async with self._changed:
            self._waiting_alone += 1
            try:
                await self._changed.wait_for(lambda: not self._alone and not self._together)
                self._alone = True
            finally:
                self._waiting_alone -= 1

    async def _leave(self, *, alone: bool) -> None:
        async with self._changed:
            if alone:
                self._alone = False
            else:
                self._together -= 1
            self._changed.notify_all()
