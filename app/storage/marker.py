"""The marker in UPLOAD_DIR: which folder it is, and of which service.

An API writes it, and has Redis remember its id under the queue's name. A worker whose UPLOAD_DIR has another
marker, or none, is not at the API's folder; a service that finds the marker of another one leaves the folder
alone.
"""

import logging
import threading
import uuid
from collections.abc import Callable
from io import FileIO
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.file_locks import hold, is_held
from app.storage.files import write_durably

logger = logging.getLogger(__name__)

MARKER_NAME = ".service.json"


class Marker(BaseModel):
    """`store_id` is the folder's own; `queue` and the `addresses` of its Redis tell whose it is where that
    Redis has lost all it knew."""

    model_config = ConfigDict(frozen=True)

    store_id: str
    queue: str
    addresses: tuple[str, ...]

    @classmethod
    def new(cls, queue: str, address: str) -> "Marker":
        """Of a folder that has had none."""
        return cls(store_id=str(uuid.uuid4()), queue=queue, addresses=(address,))

    def is_of(self, queue: str, address: str) -> bool:
        """Whether it is of the service with that queue at that Redis."""
        return self.queue == queue and address in self.addresses

    def known_at(self, address: str) -> "Marker":
        """The same, for a Redis that is reached under a further address."""
        return self.model_copy(update={"addresses": (*self.addresses, address)})


class MarkerLock:
    """Tells other services on this folder that an API which has its marker is alive. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / MARKER_NAME
        self._file: FileIO | None = None
        self._has_left = False
        self._changing = threading.Lock()

    def keep(self) -> None:
        """Hold the marker that is there now; a file system without locks is left alone. Raises OSError."""
        with self._changing:
            self._let_go()
            if not self._has_left:
                self._file = FileIO(self._path)
                hold(self._file)

    def leave(self) -> None:
        """Hold it no more, whoever still means to `keep` it."""
        with self._changing:
            self._has_left = True
            self._let_go()

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_others(self) -> bool:
        """Whether another process holds it."""
        return self._file is None and is_held(self._path)


class LocalMarker:
    """The marker in a folder; see app.storage.base.ServiceMarker."""

    def __init__(self, folder: Path, is_idle: Callable[[], bool]) -> None:
        self._folder = folder
        self._is_idle = is_idle
        self._lock = MarkerLock(folder)

    def read(self) -> Marker | None:
        """The marker; None where there is none that can be read."""
        return read_marker(self._folder)

    def write(self, marker: Marker, *, replace: bool) -> bool:
        """See `write_marker`."""
        return write_marker(self._folder, marker, replace=replace)

    def keep(self) -> None:
        """Hold it. Raises OSError."""
        self._lock.keep()

    def leave(self) -> None:
        """Hold it no more."""
        self._lock.leave()

    def is_abandoned(self) -> bool:
        """Whether another service has left the folder as empty as a new one: then it may be taken."""
        return not self._lock.is_others() and self._is_idle()


def read_marker(folder: Path) -> Marker | None:
    """The marker of a folder; None where there is none that can be read."""
    try:
        return Marker.model_validate_json((folder / MARKER_NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValidationError) as error:
        logger.warning("The marker %s in UPLOAD_DIR cannot be read: %s", MARKER_NAME, error)
        return None


def write_marker(folder: Path, marker: Marker, *, replace: bool) -> bool:
    """Write it durably; False where there is one already that may not be replaced.

    Raises StorageFull, StorageUnavailable.
    """
    return write_durably(folder / MARKER_NAME, marker.model_dump_json().encode(), replace=replace)
