"""The client of the bucket that STORAGE_URL names, by obstore."""

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import obstore.store
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from app.core.config import Settings
from app.core.errors import StorageMisconfigured

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig, S3Config

CONNECT_SECONDS = 5.0
MOST_RETRIES = 5

CREDENTIALS = {
    "s3": "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION",
    "az": "AZURE_STORAGE_ACCOUNT_NAME, AZURE_STORAGE_ACCOUNT_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "file": "the permissions of the folder",
}
"""What tells the store who the service is, by the scheme of STORAGE_URL."""


def scheme_of(settings: Settings) -> str:
    """`s3`, `az`, `gs` or `file`."""
    return urlsplit(settings.storage_url or "").scheme


def connect(settings: Settings, *, endpoint: str | None = None) -> ObjectStore:
    """A client of the bucket, which asks nothing of it yet; at `endpoint`, else at STORAGE_ENDPOINT.

    Raises StorageMisconfigured.
    """
    url, endpoint = settings.storage_url or "", endpoint or settings.storage_endpoint
    try:
        if scheme_of(settings) == "file":
            return obstore.store.from_url(url, mkdir=True)
        config: S3Config = {"endpoint": endpoint} if endpoint else {}
        return obstore.store.from_url(
            url,
            config=config,
            client_options=_client_options(settings, endpoint),
            retry_config=_retries(settings),
        )
    except (BaseError, ValueError, OSError) as error:
        raise StorageMisconfigured(
            f"The bucket {url} cannot be used: {first_line(error)}. Check STORAGE_URL, STORAGE_ENDPOINT and "
            f"{CREDENTIALS.get(scheme_of(settings), 'the credentials')}."
        ) from error


def first_line(error: Exception) -> str:
    """What an error of obstore says, without its source in Rust."""
    return str(error).strip().split("\n", 1)[0].rstrip(".: ")


def _client_options(settings: Settings, endpoint: str | None) -> "ClientConfig":
    return {
        "timeout": timedelta(seconds=settings.storage_timeout_seconds),
        "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, settings.storage_timeout_seconds)),
        "allow_http": (endpoint or "").startswith("http://"),
    }


def _retries(settings: Settings) -> "RetryConfig":
    return {
        "max_retries": MOST_RETRIES,
        "retry_timeout": timedelta(seconds=settings.storage_timeout_seconds),
    }
