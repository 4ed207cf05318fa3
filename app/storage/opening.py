"""The storage that the settings name."""

from app.core.config import Settings
from app.core.errors import StorageMisconfigured, StorageUnavailable
from app.storage.base import Storage
from app.storage.bucket.storage import BucketStorage
from app.storage.local import LocalStorage


def open_storage(settings: Settings) -> Storage:
    """A bucket where STORAGE_URL names one, else UPLOAD_DIR. Raises StorageMisconfigured."""
    return LocalStorage(settings) if settings.storage_url is None else BucketStorage(settings)


def check_storage(settings: Settings) -> None:
    """Raise SystemExit with a sentence where the bucket does not exist or does not admit the service.

    One that does not answer may come later, as Redis may.
    """
    try:
        open_storage(settings).check()
    except StorageMisconfigured as error:
        raise SystemExit(error.detail) from None
    except StorageUnavailable:
        return  # told in the log, and by /health/ready
