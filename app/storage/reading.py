"""Reading a recording for a request."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import RecordingUnreachable, StorageUnavailable
from app.storage.files import RETRY_AFTER_SECONDS


@contextmanager
def readable() -> Iterator[None]:
    """Raise StorageUnavailable where the recording that is read in this block cannot be reached."""
    try:
        yield
    except (RecordingUnreachable, FileNotFoundError) as error:
        raise StorageUnavailable(
            "The server's storage does not give the recording; please try again later.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error
