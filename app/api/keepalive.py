"""Streams that say something from time to time, or a proxy takes them for dead."""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from app.core.background import end

T = TypeVar("T")


async def with_pauses(items: AsyncIterator[T], pause_seconds: float) -> AsyncIterator[T | None]:
    """The items, and None whenever none came for so many seconds (0: never)."""
    while True:
        coming = asyncio.ensure_future(anext(items, _END))
        try:
            while not (await asyncio.wait([coming], timeout=pause_seconds or None))[0]:
                yield None
            item = coming.result()
        finally:
            if not coming.done():
                await end([coming])  # type: ignore[list-item]
        if item is _END:
            return
        yield item  # type: ignore[misc]


_END = object()
