"""Whether this process has been told to end: what waits for something else then waits no longer."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """False, until the process is told to end.

    A server finishes its requests before it lets the application end; those that last as long as somebody
    listens must therefore know of the signal themselves.
    """

    def __init__(self) -> None:
        self._told = False

    def __bool__(self) -> bool:
        return self._told

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Hear the signals that the server has handlers for, which still get them.

        In another thread than the main one there are none to hear: who runs a server there sets its limits.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {number: signal.getsignal(number) for number in SIGNALS}

        def hear(number: int, frame: FrameType | None) -> None:
            self._told = True
            handler = handlers[signal.Signals(number)]
            if callable(handler):
                handler(number, frame)

        for number, handler in handlers.items():
            if callable(handler):
                signal.signal(number, hear)
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
