"""Connections to the database: how it is opened, and what its errors mean to the service."""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import SQLAlchemyError

from app.core.backoff import Backoff
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable

logger = logging.getLogger(__name__)

FILE_NAME = "archive.db"

CONNECTIONS = 8
"""Of one API at a time: each belongs to a thread that waits for the database."""

CONNECT_SECONDS = 5
"""How long a client waits at most for a server that does not answer at all."""

LOCK_SECONDS = 30.0
"""How long one process waits for another that writes into the SQLite file."""

RETRY_AFTER_SECONDS = 10

PRAGMAS = (
    "journal_mode=WAL",  # who reads does not wait for who writes
    "synchronous=FULL",  # what is committed survives a power cut: the copy on the disk goes afterwards
    "secure_delete=ON",  # what is deleted is overwritten
)

_talk = Backoff(logger, "Using the archive")
"""Hundreds of requests may meet the same failure: the log gets one line."""


def open_engine(settings: Settings) -> Engine:
    """The database that the settings name; nothing is opened yet. Every statement is its own transaction."""
    if settings.database_url is not None:
        return create_engine(
            _psycopg(make_url(settings.database_url.get_secret_value())),
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # errors go to the log, transcripts do not
            pool_size=CONNECTIONS,
            pool_pre_ping=True,  # a server that was restarted costs nobody an error
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
    return open_file(settings.data_dir / FILE_NAME)


def open_file(path: Path) -> Engine:
    """The SQLite archive in a file, which is made where there is none."""
    engine = create_engine(
        URL.create("sqlite", database=str(path.absolute())),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        pool_size=CONNECTIONS,
        connect_args={"timeout": LOCK_SECONDS},
    )
    event.listen(engine, "do_connect", lambda *_: _make_file(path))
    event.listen(engine, "connect", _prepare)
    return engine


def _psycopg(url: URL) -> URL:
    """`postgresql://` and `postgres://` mean the driver that is installed."""
    return url.set(drivername="postgresql+psycopg")


def _make_file(path: Path) -> None:
    """Transcripts are for nobody else on the machine; SQLite gives its further files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))


def _prepare(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction by hand, since the engine has none by itself: all of the block, or nothing, however the
    process ends. In SQLite no other process writes meanwhile."""
    is_sqlite = connection.dialect.name == "sqlite"
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_sqlite else "BEGIN")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")


class WrongSchema(Exception):
    """The tables are of another version, which this one cannot bring up to date: a newer one was here."""


@contextlib.contextmanager
def archive_reachable() -> Iterator[None]:
    """Raise ArchiveUnavailable where the database, its disk, its tables or a row is in trouble."""
    try:
        yield
    except (SQLAlchemyError, OSError, WrongSchema) as error:
        _talk.failed(error)
        raise ArchiveUnavailable(
            "The archive of transcripts cannot be used at the moment; please try again in a moment.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error
    _talk.succeeded()
