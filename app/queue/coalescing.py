"""Questions that come at the same time are asked together."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Coalescer(Generic[K, V]):
    """Asks for many keys at once: those that come while an answer is on its way wait for the next question.

    Many clients that poll so cost Redis and the event loop little more than one.
    """

    def __init__(self, ask: Callable[[Sequence[K]], Awaitable[Sequence[V]]], most: int = 100) -> None:
        self._ask = ask
        self._most = most
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def get(self, key: K) -> V:
        """The answer for one key. Raises what asking raises."""
        if key not in self._waiting:
            self._waiting[key] = asyncio.get_running_loop().create_future()
        answer = self._waiting[key]
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
        return await asyncio.shield(answer)  # another may wait for it too

    async def _run(self) -> None:
        while self._waiting:
            keys = list(self._waiting)[: self._most]
            batch = {key: self._waiting.pop(key) for key in keys}
            try:
                answers = await self._ask(keys)
            except Exception as error:
                for future in batch.values():
                    future.set_exception(error)
                    future.exception()  # a client that went away does not fetch it
                continue
            for future, answer in zip(batch.values(), answers, strict=True):
                future.set_result(answer)
