"""An empty bucket for each test: by a folder, and on a real S3 server."""

from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.storage.bucket.storage import BucketStorage


@pytest.fixture
def settings(bucket_settings: Callable[..., Settings]) -> Settings:
    """Settings of a service with a bucket."""
    return bucket_settings()


@pytest.fixture
def storage(settings: Settings) -> BucketStorage:
    """The bucket."""
    return BucketStorage(settings)
