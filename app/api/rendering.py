"""Answers that take long to make: what is said in ten hours, laid out as subtitles or written as JSON."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar

import anyio
from anyio import to_thread

from app.schemas.corrections import Corrections

LONG_TEXT, MANY_SEGMENTS = 5000, 100
"""Characters, and segments, of a transcript that takes over 10 ms: some 6 minutes of speech."""

P = ParamSpec("P")
T = TypeVar("T")


class Renderer:
    """Makes answers, those of long transcripts in a thread: on the event loop they would keep all waiting.

    One at a time, since one interpreter computes one thing at a time; short ones do not wait for long ones.
    """

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(1)

    async def run(
        self, result: Mapping[str, Any] | None, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `make` returns or raises; `result` is the transcript that it works on, if there is one."""
        return await self.run_corrected(result, None, make, *args, **kwargs)

    async def run_corrected(
        self,
        result: Mapping[str, Any] | None,
        corrections: Corrections | None,
        make: Callable[P, T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same, where `make` puts what people have corrected into the transcript."""
        if _is_long(result) or _is_much(corrections):
            return await self.run_apart(make, *args, **kwargs)
        return make(*args, **kwargs)

    async def run_apart(self, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, for what takes long whatever the transcript."""
        return await to_thread.run_sync(partial(make, *args, **kwargs), limiter=self._limiter)


def _is_long(result: Mapping[str, Any] | None) -> bool:
    if result is None:
        return False
    text, segments = result.get("text"), result.get("segments")
    return (isinstance(text, str) and len(text) > LONG_TEXT) or (
        isinstance(segments, list) and len(segments) > MANY_SEGMENTS
    )


def _is_much(corrections: Corrections | None) -> bool:
    """Whether people wrote as much as a long transcript has: into three lines there go 60,000 characters."""
    return corrections is not None and corrections.letters > LONG_TEXT
