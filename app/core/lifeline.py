"""A process that ends with the one that started it, however that one ends.

The launcher gives its children a pipe for their standard input and writes nothing to it. When the launcher is
gone, killed together with its guard perhaps, the pipe ends: the kernel sees to that.
"""

import logging
import os
import signal
import sys
import threading
import time

logger = logging.getLogger(__name__)

VARIABLE = "LIFELINE"
"""Environment variable that says where the pipe is; only `stdin` is known."""

STDIN = "stdin"

END_SECONDS = 60.0
"""Time for an orderly end; then the process is killed."""


def end_with_parent() -> None:
    """End as by SIGTERM once the lifeline ends, where this process has been given one."""
    if os.environ.get(VARIABLE) == STDIN:
        threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    logger.warning("Whoever started this process is gone; it ends too")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
