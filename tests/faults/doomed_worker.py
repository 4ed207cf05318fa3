"""A worker that kills itself at a point of its first task: `python -m tests.faults.doomed_worker POINT`.

With a number of milliseconds for the point it dies so long after its engine has given the first transcript:
before that is kept or handed in, in the middle, or afterwards.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import Any

from app.core.config import Settings
from app.core.startup import start_watching
from app.queue.consumer import Consumer
from app.queue.scripts import Scripts
from app.worker import main as worker_main
from app.worker.settlement import Settlement


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


def _fatal_during(milliseconds: float) -> Callable[..., Callable[..., Awaitable[Any]]]:
    def fatal(function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def doomed(*args: Any, **kwargs: Any) -> Any:
            threading.Timer(milliseconds / 1000, _die).start()
            return await function(*args, **kwargs)

        return doomed

    return fatal


POINTS: dict[str, tuple[type, str, Callable[..., Any]]] = {
    "after BLMOVE": (Scripts, "claim", _fatal_before),
    "after claim": (Consumer, "claim", _fatal_after),
    "before complete": (Consumer, "complete", _fatal_before),
    "after complete": (Consumer, "complete", _fatal_after),
}


def main(point: str) -> None:
    """Run a worker that dies at `point`."""
    if point in POINTS:
        owner, name, fatal = POINTS[point]
    else:
        owner, name, fatal = Settlement, "_complete", _fatal_during(float(point))
    setattr(owner, name, fatal(getattr(owner, name)))
    settings = Settings()
    start_watching(settings, "worker")
    asyncio.run(worker_main.work(settings, {}))


if __name__ == "__main__":
    main(sys.argv[1])
