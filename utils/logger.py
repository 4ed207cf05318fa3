"""Log set-up: lines for people on stdout, JSON lines for a log shipper in `service.log`.

Imports nothing of `app`, so that every program of the service can use it. The id of the task at hand is a
context variable: whoever works on a task wraps the work in `task_context(task_id)`, and every line logged
inside, by any library, carries the id.
"""

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from concurrent_log_handler import ConcurrentRotatingFileHandler
from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

_task_id: ContextVar[str | None] = ContextVar("task_id", default=None)

CONSOLE_FORMAT = "%(asctime)s %(levelname)-7s %(process_role)s %(name)s%(task_suffix)s: %(message)s"
JSON_FIELDS = (
    "%(asctime)s %(levelname)s %(name)s %(host)s %(process)d %(process_role)s %(task_id)s %(message)s"
)


class ContextFilter(logging.Filter):
    """Puts the task id, the host and the process's role (api, worker, engine …) on every record."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        self._host = socket.gethostname()

    def filter(self, record: logging.LogRecord) -> bool:
        task_id = getattr(record, "task_id", None) or _task_id.get()
        record.task_id = task_id
        record.task_suffix = f" [{task_id}]" if task_id else ""
        record.process_role = self._role
        record.host = self._host
        return True


class ConsoleFormatter(logging.Formatter):
    """Lines for a terminal, in which nothing that a client sent (a path, a file name) is obeyed.

    What is not printable is written as an escape, `\\x1b`: it could move the cursor, hide text, or begin
    a line that nobody logged. A traceback keeps its own lines.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        return printable(super().formatMessage(record).rstrip("\n"))

    def formatException(self, ei: Any) -> str:
        return "\n".join(printable(line) for line in super().formatException(ei).split("\n"))


def printable(text: str) -> str:
    """`text` with an escape in place of each character that a terminal does not just show."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


@contextmanager
def task_context(task_id: str) -> Iterator[None]:
    """Every line logged inside carries `task_id`."""
    token = _task_id.set(task_id)
    try:
        yield
    finally:
        _task_id.reset(token)


def setup_logging(
    *, level: str, directory: Path, role: str, max_bytes: int = 20 * 1024 * 1024, backups: int = 5
) -> None:
    """Send all logging to stdout and to `directory/service.log`; replaces whatever was set up before.

    Several processes may share the file: the handler locks it while it writes and rotates. Where the folder
    cannot be written the service goes on with stdout alone and says so.
    """
    context = ContextFilter(role)
    console = logging.StreamHandler(sys.stdout)
    console.setFormatter(ConsoleFormatter(CONSOLE_FORMAT))
    handlers: list[logging.Handler] = [console]
    problem: OSError | None = None
    try:
        handlers.append(_file_handler(directory, max_bytes, backups))
    except OSError as error:
        problem = error
    for handler in handlers:
        handler.addFilter(context)
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.setLevel(level)
    for handler in handlers:
        root.addHandler(handler)
    _route_library_loggers()
    if problem is not None:
        logging.getLogger(__name__).warning(
            "No log file in %s (%s); logging to stdout only", directory, problem
        )


def _file_handler(directory: Path, max_bytes: int, backups: int) -> logging.Handler:
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "service.log"
    path.open("a").close()  # the handler opens lazily: find out now whether it may write
    handler = ConcurrentRotatingFileHandler(
        str(path), maxBytes=max_bytes, backupCount=backups, encoding="utf-8"
    )
    handler.setFormatter(
        JsonFormatter(
            JSON_FIELDS,
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            reserved_attrs=[*RESERVED_ATTRS, "task_suffix"],
        )
    )
    return handler


def _route_library_loggers() -> None:
    """uvicorn brings its own handlers; its lines belong into ours. Chatty libraries speak from WARNING on."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in (
        "httpx",
        "httpcore",
        "httpcore2",
        "huggingface_hub",
        "faster_whisper",
        "filelock",
        "urllib3",
        "alembic.runtime.plugins",
    ):
        logging.getLogger(name).setLevel(logging.WARNING)
