"""Archives for tests: each such test runs with SQLite and with PostgreSQL."""

from collections.abc import Callable, Iterator

import pytest

from app.archive.archive import Archive
from app.core.config import Settings
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One real server for the whole run."""
    server = PostgresServer()
    server.start()
    yield server
    server.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def archive_settings(
    request: pytest.FixtureRequest, settings_for: Callable[..., Settings]
) -> Callable[..., Settings]:
    """Build settings of a service with an empty archive in one of the databases; arguments override."""
    where: dict[str, object] = {}
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        where["database_url"] = server.new_database()
    return lambda **overrides: settings_for(**(where | overrides))


@pytest.fixture
def archive(archive_settings: Callable[..., Settings]) -> Iterator[Archive]:
    """An empty archive without limits."""
    opened = Archive.from_settings(archive_settings())
    yield opened
    opened.close()
