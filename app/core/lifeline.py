"""A process that ends with the one that started it, however that one ends.

The launcher gives its children a pipe for their standard input and writes nothing to it. When the launcher is
gone, killed together with its guard perhaps, the pipe ends: the kernel sees to that. Processes that have
nothing to tidy up ask the kernel to be killed with their parent.
"""

import ctypes
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

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def end_with_parent() -> None:
    """End as by SIGTERM once the lifeline ends, where this process has been given one."""
    if os.environ.get(VARIABLE) == STDIN:
        threading.Thread(target=_watch, name="lifeline", daemon=True).start()


def die_with_parent() -> None:
    """Have the kernel kill this process with its parent, even while it is stuck in native code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    logger.warning("Whoever started this process is gone; it ends too")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(END_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
