"""Processes whose clocks are wrong: libfaketime shifts what they take for the time."""

import importlib.util
import platform
from pathlib import Path

WRONG_BY_SECONDS = 50

DEBIAN = Path("/usr/lib")


def shifted(by: int | Path) -> dict[str, str]:
    """Environment of a process whose clock is off by so many seconds, or by what a file says at the moment.

    As on a host with a wrong clock, what the file system stamps on files stays right, and so do durations.
    """
    offset = {"FAKETIME": f"{by:+d}"} if isinstance(by, int) else {"FAKETIME_TIMESTAMP_FILE": str(by)}
    return {
        "LD_PRELOAD": str(_library()),
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_NO_CACHE": "1",
        "NO_FAKE_STAT": "1",
        **offset,
    }


def _library() -> Path:
    """That of the Python package, which is for Linux on x86-64, else Debian's."""
    package = importlib.util.find_spec("libfaketime")
    if package is not None and package.origin is not None and platform.machine() == "x86_64":
        return Path(package.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"
    for path in DEBIAN.glob("*/faketime/libfaketime.so.1"):
        return path
    raise RuntimeError("These tests need libfaketime: on Debian, `sudo apt-get install faketime`.")
