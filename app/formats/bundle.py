"""A ZIP file that is sent while it is made: only the file in hand is in memory."""

import io
import time
import zipfile

EARLIEST, LATEST = 315_532_800.0, 4_354_819_200.0
"""Unix times that a ZIP file can tell: 1980 to 2107."""


class _Outlet(io.RawIOBase):
    """Holds what was written until it is taken. Nobody can seek in it: the sizes come after each file."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What has come since it was asked last."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class Bundle:
    """The standard library's ZipFile, whose bytes are handed out file by file."""

    def __init__(self) -> None:
        self._outlet = _Outlet()
        self._zip = zipfile.ZipFile(self._outlet, "w", zipfile.ZIP_DEFLATED)

    def add(self, name: str, content: bytes, at: float) -> bytes:
        """Put a file in that is of that Unix time; the bytes to send."""
        moment = time.gmtime(min(max(at, EARLIEST), LATEST))
        entry = zipfile.ZipInfo(name, moment[:6])
        entry.external_attr = 0o644 << 16
        self._zip.writestr(entry, content, zipfile.ZIP_DEFLATED)
        return self._outlet.taken()

    def end(self) -> bytes:
        """The list of all files; the last bytes."""
        self._zip.close()
        return self._outlet.taken()
