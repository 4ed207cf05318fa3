"""Reading a recording for a request."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest

from app.core.errors import RecordingUnreachable, StorageUnavailable
from app.storage.base import UploadWriter
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


def digest_of(upload: UploadWriter) -> str:
    """SHA-256, in hexadecimal, of what becomes the recording: nobody can change that any more.

    Raises StorageUnavailable.
    """
    path = upload.recording()
    with readable(), path.open("rb", 0) as file:
        return file_digest(file, "sha256").hexdigest()
