"""Progress of whatever fills a folder: a bar on a terminal, else log lines."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOG_SECONDS = 5.0
BAR_SECONDS = 0.2

logger = logging.getLogger(__name__)


@contextmanager
def watching(folder: Path, title: str, total_bytes: int | None) -> Iterator[None]:
    """Show how far `folder` has grown while the block runs."""
    stopped = threading.Event()
    show = _show_bar if sys.stderr.isatty() else _log_lines
    watcher = threading.Thread(target=show, args=(folder, title, total_bytes, stopped), daemon=True)
    logger.info("%s …", title)
    watcher.start()
    try:
        yield
    finally:
        stopped.set()
        watcher.join()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; files may come and go meanwhile."""
    total = 0
    for file in (path, *path.rglob("*")):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def _show_bar(folder: Path, title: str, total_bytes: int | None, stopped: threading.Event) -> None:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total_bytes)
        while not stopped.wait(BAR_SECONDS):
            progress.update(task, completed=size_of(folder))
        progress.update(task, completed=size_of(folder))


def _log_lines(folder: Path, title: str, total_bytes: int | None, stopped: threading.Event) -> None:
    while not stopped.wait(LOG_SECONDS):
        done = size_of(folder) / 1e6
        if total_bytes:
            logger.info("%s: %.0f of %.0f MB", title, done, total_bytes / 1e6)
        else:
            logger.info("%s: %.0f MB", title, done)
