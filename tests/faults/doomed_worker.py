"""A worker that kills itself at a point of its first task: `python -m tests.faults.doomed_worker POINT`."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from app.core.config import Settings
from app.queue.consumer import Consumer
from app.queue.scripts import Scripts
from app.worker import main as worker_main
from utils.logger import setup_logging

POINTS = ("after BLMOVE", "after claim", "before complete", "after complete")


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fatal_before(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def doomed(*args: Any, **kwargs: Any) -> Any:
        _die()
        return await function(*args, **kwargs)

    return doomed


def _fatal_after(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def doomed(*args: Any, **kwargs: Any) -> Any:
        answer = await function(*args, **kwargs)
        if answer is not None:
            _die()
        return answer

    return doomed


def main(point: str) -> None:
    """Run a worker that dies at `point`."""
    if point == "after BLMOVE":
        Scripts.claim = _fatal_before(Scripts.claim)  # type: ignore[method-assign]
    elif point == "after claim":
        Consumer.claim = _fatal_after(Consumer.claim)  # type: ignore[method-assign]
    elif point == "before complete":
        Consumer.complete = _fatal_before(Consumer.complete)  # type: ignore[method-assign]
    elif point == "after complete":
        Consumer.complete = _fatal_after(Consumer.complete)  # type: ignore[method-assign]
    else:
        raise SystemExit(f"points: {', '.join(POINTS)}")
    settings = Settings()
    setup_logging(level="INFO", directory=settings.log_dir, role="worker")
    asyncio.run(worker_main.work(settings))


if __name__ == "__main__":
    main(sys.argv[1])
