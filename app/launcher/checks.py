"""What must hold before anything is started; each failure is one sentence that says what to do."""

import errno
import fcntl
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from app.core.config import Settings

LOCK_WAIT_SECONDS = 45.0
"""How long the remains of a killed run may take to end (see guard.py)."""


class LaunchError(RuntimeError):
    """`make run` cannot go on; the message says what to do."""


def check_port(settings: Settings) -> None:
    """Raises LaunchError where the API could not listen on HOST and PORT."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise LaunchError(
            f"HOST is {settings.host}, which is no address of this machine: set HOST=127.0.0.1 or 0.0.0.0."
        ) from error
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            raise LaunchError(_bind_sentence(settings, error)) from error


def _bind_sentence(settings: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {settings.port} of {settings.host} is in use by another program: stop that one, "
            f"or choose another port, as in `make run PORT={settings.port + 1}`."
        )
    if error.errno == errno.EACCES:
        return f"Port {settings.port} is reserved for root: choose another, as in `make run PORT=8000`."
    return (
        f"HOST is {settings.host}, where this machine cannot listen ({error.strerror}): "
        "set HOST=127.0.0.1 or 0.0.0.0."
    )


def check_disk(settings: Settings) -> None:
    """Raises LaunchError where a folder cannot be written or its disk has less than MIN_FREE_DISK_MB."""
    for folder in (settings.upload_dir, settings.cache_dir, settings.data_dir, settings.log_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LaunchError(
                f"The folder {folder} cannot be made ({error.strerror}): free some space or check its owner."
            ) from error
        if not os.access(folder, os.W_OK | os.X_OK):
            raise LaunchError(f"The folder {folder} cannot be written: check its owner and its permissions.")
        free_mb = shutil.disk_usage(folder).free // 2**20
        if free_mb < settings.min_free_disk_mb:
            raise LaunchError(
                f"Only {free_mb} MiB are free on the disk of {folder}: free some space, "
                f"or set MIN_FREE_DISK_MB (now {settings.min_free_disk_mb}) lower."
            )


@contextmanager
def folder_lock(data_dir: Path, on_wait: Callable[[], None]) -> Iterator[int]:
    """Hold DATA_DIR for this run; yields the lock's descriptor. Raises LaunchError where another has it.

    Where the holder is dead, its guard is still ending what it left behind: that is waited for (`on_wait`).
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "run.lock").open("a+") as file:
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        waiting = False
        while not _try_lock(file):
            holder = _holder(file)
            if holder is None or _is_alive(holder) or time.monotonic() > deadline:
                raise LaunchError(
                    f"Another `make run` (pid {holder or 'unknown'}) uses the folder {data_dir}: stop it "
                    "with Ctrl-C, or give this one its own DATA_DIR, UPLOAD_DIR and PORT."
                )
            if not waiting:
                on_wait()
                waiting = True
            time.sleep(0.1)
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file.fileno()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(file: IO[str]) -> int | None:
    file.seek(0)
    text = file.read().strip()
    return int(text) if text.isdigit() else None


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
