"""Is a worker of this machine or container alive? `python -m app.worker.health` exits with 0 if so.

A worker touches its pulse file whenever Redis has renewed its lease; a file older than a lease is no pulse.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from app.core.config import Settings

PREFIX, SUFFIX = "transcriber-worker-", ".pulse"


class Pulse:
    """The pulse file of one worker process."""

    def __init__(self, directory: Path | None = None) -> None:
        folder = directory or Path(tempfile.gettempdir())
        self._path = folder / f"{PREFIX}{os.getpid()}{SUFFIX}"

    def beat(self) -> None:
        """The lease has just been renewed."""
        self._path.touch()

    def end(self) -> None:
        """The worker ends."""
        self._path.unlink(missing_ok=True)


def seconds_since_last_beat(directory: Path | None = None) -> float | None:
    """Age of the youngest pulse; None where there is none."""
    folder = directory or Path(tempfile.gettempdir())
    beats = [path.stat().st_mtime for path in folder.glob(f"{PREFIX}*{SUFFIX}")]
    return time.time() - max(beats) if beats else None


def main() -> int:
    """Exit status: 0 alive, 1 not."""
    age = seconds_since_last_beat()
    return 0 if age is not None and age < Settings().lease_seconds else 1


if __name__ == "__main__":
    sys.exit(main())
