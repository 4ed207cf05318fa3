"""Storages for tests: UPLOAD_DIR, a folder by the client of buckets, and a bucket on a real S3 server."""

import os
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.core.config import Settings
from tests.support.places import ENDPOINT, KIND
from tests.support.s3_server import S3Server

StorageValues = Callable[[str], dict[str, object]]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One real server for the whole run, whose credentials all programs of the tests have from then on."""
    server = S3Server()
    server.start()
    os.environ.update(server.environment)
    yield server
    server.remove()


@pytest.fixture
def storage_values(request: pytest.FixtureRequest, tmp_path: Path) -> StorageValues:
    """Settings by which recordings lie in an empty place of a kind: `s3`, `file`, or nothing."""

    def values(kind: str) -> dict[str, object]:
        if kind == "s3":
            server: S3Server = request.getfixturevalue("s3_server")
            return {"storage_url": server.new_url(), "storage_endpoint": server.endpoint}
        if "://" in kind:
            return {"storage_url": f"{kind}/{uuid.uuid4().hex}", "storage_endpoint": ENDPOINT}
        return {"storage_url": f"file://{tmp_path}/bucket"} if kind == "file" else {}

    return values


@pytest.fixture(params=["file", "s3", *([KIND] if "://" in KIND else [])])
def bucket_settings(
    request: pytest.FixtureRequest, settings_for: Callable[..., Settings], storage_values: StorageValues
) -> Callable[..., Settings]:
    """Build settings of a service with an empty bucket; arguments override."""
    where = storage_values(request.param)
    return lambda **overrides: settings_for(**(where | overrides))


@pytest.fixture
def s3_settings(
    settings_for: Callable[..., Settings], storage_values: StorageValues
) -> Callable[..., Settings]:
    """The same on the S3 server alone."""
    where = storage_values("s3")
    return lambda **overrides: settings_for(**(where | overrides))


@pytest.fixture
def usual_storage(storage_values: StorageValues) -> dict[str, object]:
    """Settings of where recordings lie in tests that do not care: as TEST_STORAGE says."""
    return storage_values(KIND)
