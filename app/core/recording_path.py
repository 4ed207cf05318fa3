"""Where a recording lies: a file of this machine, or an object in a bucket."""

import io
from typing import Literal, Protocol


class RecordingPath(Protocol):
    """What is read of a recording; a `pathlib.Path` is one. It can be pickled: other processes read, too."""

    @property
    def name(self) -> str:
        """Its last part."""

    @property
    def suffix(self) -> str:
        """The extension with its dot; empty where there is none."""

    def open(self, mode: Literal["rb"], buffering: Literal[0]) -> io.RawIOBase:
        """Its bytes, seekable.

        Raises FileNotFoundError where it is gone. Reading raises RecordingUnreachable where a store does not
        answer: that is never taken for the end of the file.
        """


class SeekableBytes(Protocol):
    """As much of a file as the readers of headers need."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """See io.IOBase."""

    def read(self, size: int = -1, /) -> bytes | None:
        """See io.RawIOBase; fewer bytes than asked for only at the end."""
