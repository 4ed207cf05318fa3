"""Stages of a task, logged and traced: when one began, when it ended, how long it took, why it failed."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import ServiceError
from app.core.tracing import traced

logger = logging.getLogger("app.stage")


@contextmanager
def timed_stage(name: str) -> Iterator[None]:
    """Log and trace a block of code, or a function that it decorates, as stage `name`: start, end, seconds,
    failure."""
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
