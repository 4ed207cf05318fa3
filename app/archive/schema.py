"""Brings the tables to what this version needs; any number of APIs may begin that at once."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine

MIGRATIONS = Path(__file__).parent / "migrations"

LOCK_NUMBER = 0x7472616E
"""Of the advisory lock in PostgreSQL; any number that no other program has."""


def upgrade(engine: Engine) -> None:
    """Run the steps that are missing, in one transaction that all others wait for: after a kill there is
    either all of it or nothing. Raises SQLAlchemy's errors."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.connect() as connection, _alone(connection):
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextlib.contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """A transaction by hand, since the engine has none by itself; nobody else is in one of these."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
    try:
        yield
    except BaseException:
        connection.exec_driver_sql("ROLLBACK")
        raise
    connection.exec_driver_sql("COMMIT")
