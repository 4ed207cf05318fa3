"""The marker of a bucket's folder: whose it is."""

import logging

from pydantic import ValidationError

from app.storage.bucket.objects import Bucket
from app.storage.marker import MARKER_NAME, Marker

logger = logging.getLogger(__name__)


class BucketMarker:
    """See app.storage.base.ServiceMarker.

    A bucket does not tell whether another service still lives: its folder is never taken over by itself.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def read(self) -> Marker | None:
        """The marker; None where there is none that can be read. Raises StorageUnavailable."""
        content = self._bucket.read(MARKER_NAME, openly=True)
        try:
            return None if content is None else Marker.model_validate_json(content)
        except ValidationError as error:
            logger.warning("The marker %s in the bucket cannot be read: %s", MARKER_NAME, error)
            return None

    def write(self, marker: Marker, *, replace: bool) -> bool:
        """Write it; False where there is one that may not be replaced. Raises StorageUnavailable."""
        content = marker.model_dump_json().encode()
        if not replace:
            return self._bucket.create(MARKER_NAME, content)
        self._bucket.write(MARKER_NAME, content)
        return True

    def keep(self) -> None:
        """Nothing to do."""

    def leave(self) -> None:
        """Nothing to do."""

    def is_abandoned(self) -> bool:
        """Not to be told."""
        return False
