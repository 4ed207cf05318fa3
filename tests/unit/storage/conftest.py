"""UPLOAD_DIR, and what keeps recordings in it."""

from pathlib import Path

import pytest

from app.core.config import Settings
from app.storage.local import LocalStorage


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    return LocalStorage(settings)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.upload_dir
