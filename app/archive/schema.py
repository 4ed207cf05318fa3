"""Brings the tables to what this version needs; any number of APIs may begin that at once."""

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from app.archive.database import WrongSchema, transaction

MIGRATIONS = Path(__file__).parent / "migrations"

NEWEST = "0007"
"""The last step in `migrations`."""

LOCK_NUMBER = 0x7472616E
"""Of the advisory lock in PostgreSQL; any number that no other program has."""


def upgrade(engine: Engine) -> None:
    """Run the steps that are missing. Raises SQLAlchemy's errors, WrongSchema."""
    with engine.connect() as connection:
        if not _is_current(connection):
            _run_steps(connection)


def _is_current(connection: Connection) -> bool:
    """As at every start but the first of a version."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    return NEWEST in connection.scalars(text("SELECT version_num FROM alembic_version"))


def _run_steps(connection: Connection) -> None:
    """In one transaction that all others wait for: after a kill there is either all of it or nothing."""
    from alembic import command  # 0.2 s, which other starts do not wait for
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction(connection):
        if connection.dialect.name != "sqlite":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK_NUMBER})")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise WrongSchema(str(error)) from error
