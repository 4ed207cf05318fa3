"""Locks that tell other processes that a file is still being written.

No clock can tell that: it may be set forward in the middle of an upload, and machines that share a folder
have clocks of their own. The kernel ends a lock with the process that holds it, however that process ends.
"""

import contextlib
import fcntl
import os
from io import IOBase
from pathlib import Path


def hold(file: IOBase) -> None:
    """Lock an open file until it is closed. A file system without locks is left alone."""
    with contextlib.suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether somebody holds that file; one that is gone is held by nobody."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False
