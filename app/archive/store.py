"""How the modules of the archive reach its database."""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects import postgresql, sqlite

from app.archive.database import archive_reachable, transaction
from app.archive.schema import upgrade
from app.core.errors import ArchiveUnavailable

CLOSE_SECONDS = 10.0
"""Longest wait for those who use a connection that is to be closed."""


class Store:
    """One database, whose tables are made at its first use. Every method raises ArchiveUnavailable.
    Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._preparing = threading.Lock()
        self._is_ready = False
        self._leaving = threading.Condition()
        self._users = 0
        self._is_closed = False

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a file."""
        return self._engine.dialect.name == "sqlite"

    def prepare(self) -> None:
        """Make the tables, or bring them up to date, once."""
        with self._used(), self._preparing:
            if not self._is_ready:
                with archive_reachable():
                    upgrade(self._engine)
                self._is_ready = True

    def close(self) -> None:
        """Close all connections; who still uses one has CLOSE_SECONDS to come to an end."""
        with self._leaving:
            self._is_closed = True
            self._leaving.wait_for(lambda: not self._users, CLOSE_SECONDS)
        self._engine.dispose()

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        """Somebody is at it: a call that was cancelled goes on in its thread, or begins after the end."""
        with self._leaving:
            if self._is_closed:
                raise ArchiveUnavailable("The archive is closed: the service ends.")
            self._users += 1
        try:
            yield
        finally:
            with self._leaving:
                self._users -= 1
                self._leaving.notify_all()

    def rows(self, query: Any) -> list[Any]:
        """What a query finds."""
        with self.connection() as connection:
            return list(connection.execute(query))

    def write(self, statement: Any) -> int:
        """A transaction of one statement; how many rows it changed."""
        with self.connection() as connection:
            return changed(connection, statement)

    @contextlib.contextmanager
    def connection(self) -> Iterator[Connection]:
        """Each statement is a transaction."""
        self.prepare()
        with self._used(), archive_reachable(), self._engine.connect() as connection:
            yield connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All statements are one transaction."""
        with self.connection() as connection, transaction(connection):
            yield connection


def changed(connection: Connection, statement: Any) -> int:
    """How many rows a statement changes."""
    options = {"preserve_rowcount": True}  # which drivers else give up for what INSERT returns
    return int(connection.execute(statement, execution_options=options).rowcount)


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that knows ON CONFLICT, which each of the databases writes in its own class."""
    module: Any = sqlite if connection.dialect.name == "sqlite" else postgresql
    return module.insert(table)
