"""Stages of a task, logged and traced: when one began, when it ended, how long it took, why it failed."""

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from app.core.errors import ServiceError
from app.core.tracing import traced

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger("app.stage")


def stage(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Log and trace the decorated function as stage `name`: start, end, seconds, failure."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            with timed_stage(name):
                return function(*args, **kwargs)

        return run

    return decorate


@contextmanager
def timed_stage(name: str) -> Iterator[None]:
    """The same for a block of code."""
    started = time.perf_counter()
    logger.debug("%s started", name, extra={"stage": name, "event": "start"})
    try:
        with traced(name):
            yield
    except Exception as error:
        seconds = round(time.perf_counter() - started, 3)
        code = error.code if isinstance(error, ServiceError) else type(error).__name__
        logger.warning(
            "%s failed after %.3f s: %s",
            name,
            seconds,
            error,
            extra={"stage": name, "event": "failure", "seconds": seconds, "error_code": code},
        )
        raise
    seconds = round(time.perf_counter() - started, 3)
    logger.info("%s done in %.3f s", name, seconds, extra={"stage": name, "event": "end", "seconds": seconds})
