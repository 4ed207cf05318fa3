"""What a store says against a request, as errors of the service."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from app.core.errors import CapacityError, StorageFull, StorageMisconfigured, StorageUnavailable
from app.storage.bucket.connection import first_line
from app.storage.files import RETRY_AFTER_SECONDS

logger = logging.getLogger(__name__)

_CODE = re.compile(r"<Code>(\w+)</Code>")
_STATUS = re.compile(r"status code: (\d{3})")
_NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound"})
_REFUSED = frozenset({"401", "403"})
_FULL = frozenset({"507", "QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"})

FAILURES = (BaseError, OSError, TimeoutError, ValueError)
"""What obstore raises."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Errors of one bucket: `url` and `endpoint` name it, `credentials` what tells it who asks."""

    url: str
    endpoint: str | None
    credentials: str

    @contextmanager
    def told(self, operation: str, *, openly: bool = False) -> Iterator[None]:
        """Raise StorageFull, StorageMisconfigured or StorageUnavailable for what a store says in this block.

        Who reads the log is told the bucket, the operation and what to check; a client of the API only where
        that is meant to be read by operators (`openly`).
        """
        try:
            yield
        except FAILURES as error:
            kind, sentence = self.explained(operation, error)
            logger.error("%s", sentence)
            shown = sentence if openly else "The server's storage does not answer; please try again later."
            raise kind(shown, retry_after_seconds=RETRY_AFTER_SECONDS) from error

    def explained(self, operation: str, error: Exception) -> tuple[type[CapacityError], str]:
        """The kind of an error, and a sentence for the operator."""
        text = str(error)
        code, status = _CODE.search(text), _STATUS.search(text)
        told = {each[1] for each in (code, status) if each}
        reason = f"{status[1]} {code[1]}" if code and status else first_line(error)
        said = f"The bucket {self.url} cannot {operation}: {reason}."
        if told & _NO_BUCKET or "404" in told or isinstance(error, FileNotFoundError):
            return StorageMisconfigured, f"{said} There is no such bucket: check STORAGE_URL{self._where}."
        if told & _REFUSED or isinstance(error, (PermissionDeniedError, UnauthenticatedError)):
            return StorageMisconfigured, f"{said} Check {self.credentials}, and what they are allowed to do."
        if told & _FULL:
            return StorageFull, f"{said} It is full: make room, or raise its quota."
        return StorageUnavailable, f"{said} Check that the store can be reached from here{self._where}."

    @property
    def _where(self) -> str:
        return f" and STORAGE_ENDPOINT ({self.endpoint})" if self.endpoint else ""
