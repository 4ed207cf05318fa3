"""A recording in a bucket as a seekable file: read in blocks, which are kept for a while and read ahead."""

import io
import logging
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

import obstore
from obstore.store import ObjectStore

from app.core.errors import RecordingUnreachable
from app.storage.bucket.problems import FAILURES

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

logger = logging.getLogger(__name__)

BLOCK_BYTES = 2 * 1024 * 1024
"""Bytes of one request; FFmpeg asks for 32 KiB at a time."""

BLOCKS_AHEAD = 2
"""Blocks that are asked for before they are needed, while a file is read forwards."""

BLOCKS_KEPT = 4
"""Blocks in memory for each open file: one behind, one in use, those ahead."""


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """An object and its bytes; see app.core.recording_path.RecordingPath.

    It is pickled with its client, but without credentials that the environment gives.
    """

    store: ObjectStore
    key: str
    size: int

    @property
    def name(self) -> str:
        """The last part of its key."""
        return PurePosixPath(self.key).name

    @property
    def suffix(self) -> str:
        """The extension with its dot."""
        return PurePosixPath(self.key).suffix

    def open(self, mode: Literal["rb"] = "rb", buffering: Literal[0] = 0) -> "ObjectFile":  # noqa: ARG002
        """Its bytes. An object that is gone shows when it is read."""
        return ObjectFile(self)


class ObjectFile(io.RawIOBase):
    """The bytes of an object.

    Reading raises FileNotFoundError where it is gone, RecordingUnreachable where the store fails.
    """

    def __init__(self, path: ObjectPath) -> None:
        super().__init__()
        self._path = path
        self._place = 0
        self._last = -2  # headers are looked at here and there: that is not reading forwards yet
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._pool = ThreadPoolExecutor(BLOCKS_AHEAD, thread_name_prefix="read-ahead")

    def readable(self) -> bool:
        """See io.IOBase."""
        return True

    def seekable(self) -> bool:
        """See io.IOBase."""
        return True

    def tell(self) -> int:
        """See io.IOBase."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See io.IOBase. Raises OSError for a place before the beginning."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._path.size}[whence]
        if base + offset < 0:
            raise OSError("a place before the beginning of the file")
        self._place = base + offset
        return self._place

    def read(self, size: int | None = -1, /) -> bytes:
        """As many bytes as asked for, fewer at the end only."""
        room = max(0, self._path.size - self._place)
        wanted = room if size is None or size < 0 else min(size, room)
        pieces = []
        while wanted:
            number, start = divmod(self._place, BLOCK_BYTES)
            piece = self._block(number)[start : start + wanted]
            pieces.append(piece)
            wanted -= len(piece)
            self._place += len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """See io.RawIOBase."""
        with memoryview(buffer) as view:
            content = self.read(len(view))
            view[: len(content)] = content
        return len(content)

    def readall(self) -> bytes:
        """All that follows."""
        return self.read()

    def close(self) -> None:
        """Read no further."""
        if not self.closed:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._blocks.clear()
        super().close()

    def _block(self, number: int) -> bytes:
        """A block, and those ahead on their way where the file is read forwards."""
        block = self._asked(number)
        if number == self._last + 1:
            last = (self._path.size - 1) // BLOCK_BYTES
            for ahead in range(number + 1, min(number + BLOCKS_AHEAD, last) + 1):
                self._asked(ahead)
        self._last = number
        while len(self._blocks) > BLOCKS_KEPT:
            self._blocks.popitem(last=False)[1].cancel()
        try:
            return block.result()
        except FileNotFoundError:
            raise
        except FAILURES as error:
            self._blocks.pop(number, None)
            logger.warning("The recording %s cannot be read from the bucket: %s", self._path.key, error)
            raise RecordingUnreachable(
                "The recording cannot be read from the server's storage at the moment."
            ) from error

    def _asked(self, number: int) -> "Future[bytes]":
        if number not in self._blocks:
            self._blocks[number] = self._pool.submit(self._fetched, number)
        self._blocks.move_to_end(number)
        return self._blocks[number]

    def _fetched(self, number: int) -> bytes:
        """A block as the store has it; as `bytes`, since PyAV refuses obstore's own kind."""
        start = number * BLOCK_BYTES
        end = min(start + BLOCK_BYTES, self._path.size)
        content = bytes(obstore.get_range(self._path.store, self._path.key, start=start, end=end))
        if len(content) != end - start:
            raise OSError(f"the store gave {len(content)} of {end - start} bytes")
        return content
