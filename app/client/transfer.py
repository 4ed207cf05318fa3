"""A long recording on its way to the service, in pieces, over a line that breaks (tus 1.0.0)."""

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

import httpx2

from app.client.calls import Call
from app.client.errors import ClientError, ProtocolBroken, ServiceProblem
from app.client.retries import RetryPolicy, worth_another_try

LONG_BYTES = 8 * 1024 * 1024
"""A recording of at least this length goes in pieces; a shorter one is soon sent again."""

PIECE_BYTES = 4 * 1024 * 1024

VERSION = {"Tus-Resumable": "1.0.0"}

_CONFLICTS = frozenset({"offset_conflict", "upload_locked"})

_ADDRESS = re.compile(r"(?:https?://[^/]+)?(/\S*/([0-9a-f]{32}))")


@dataclass(frozen=True, slots=True)
class Resume:
    """How an upload survives the program: where an earlier run began it, and who is told of a new one."""

    address: str | None = None
    on_begin: Callable[[str], None] | None = None


class Transfer:
    """What to ask next, and what its answer means. `done` when the service has all of it."""

    def __init__(self, name: str, file: BinaryIO, policy: RetryPolicy, resume: Resume) -> None:
        self._name = name
        self._file = file
        self._policy = policy
        self._resume = resume
        self._length = file.seek(0, os.SEEK_END)
        self._address = resume.address
        self._offset: int | None = None
        self._furthest = 0
        self._failures = 0
        self._taken = False
        self._unsupported = False

    @property
    def done(self) -> bool:
        """Whether there is nothing more to ask."""
        return self._unsupported or self._taken or self._offset == self._length

    def ended(self) -> str | None:
        """The id under which the service has the recording; None where it takes no pieces.

        Raises ProtocolBroken where the file is not what it was at the beginning.
        """
        if self._unsupported:
            return None
        if self._file.seek(0, os.SEEK_END) != self._length:
            raise _changed()
        return self._upload_id

    @property
    def _upload_id(self) -> str:
        match = _ADDRESS.fullmatch(self._address or "")
        if match is None:
            raise ProtocolBroken("The service gave no address for the upload.")
        return match[2]

    def call(self) -> Call:
        """The next request."""
        if self._address is None:
            return self._begin()
        path = (_ADDRESS.fullmatch(self._address) or ["", self._address])[1]
        if self._offset is None:
            return Call("HEAD", path, headers=VERSION)
        self._file.seek(self._offset)
        piece = self._file.read(min(PIECE_BYTES, self._length - self._offset))
        if not piece:
            raise _changed()
        headers = {
            **VERSION,
            "Upload-Offset": str(self._offset),
            "Content-Type": "application/offset+octet-stream",
        }
        return Call("PATCH", path, headers=headers, content=piece)

    def heard(self, response: httpx2.Response) -> None:
        """Take what the service answered. Raises ProtocolBroken where that is no answer of tus."""
        if self._address is None:
            self._address = response.headers.get("Location")
            self._offset = 0
            if self._resume.on_begin is not None:
                self._resume.on_begin(f"/uploads/{self._upload_id}")
            return
        offset = response.headers.get("Upload-Offset", "")
        if not offset.isdecimal() or int(offset) > self._length:
            raise ProtocolBroken("The service does not say how much of the upload it has.")
        self._offset = int(offset)
        if self._offset > self._furthest:
            self._furthest, self._failures = self._offset, 0

    def failed(self, error: ClientError) -> float:
        """What to do about an error: seconds until the next try. Raises it where none would help."""
        code = error.code if isinstance(error, ServiceProblem) else ""
        if self._address is None and isinstance(error, ServiceProblem) and error.status in (404, 405):
            self._unsupported = True  # an older service
            return 0
        if code == "upload_taken":
            self._taken = True
            return 0
        if code == "upload_not_found" or (self._offset is None and _is_not_found(error)):
            self._address = None  # it has expired
        elif code not in _CONFLICTS and not worth_another_try(error):
            raise error
        self._offset = None
        self._failures += 1
        if self._failures > self._policy.retries:
            raise error
        pause = self._policy.pause(self._failures)
        if self._policy.on_retry is not None:
            self._policy.on_retry(error, pause)
        return pause

    def _begin(self) -> Call:
        name = base64.b64encode(self._name.encode()).decode()
        headers = {**VERSION, "Upload-Length": str(self._length), "Upload-Metadata": f"filename {name}"}
        return Call("POST", "/uploads/", headers=headers)


def _changed() -> ProtocolBroken:
    return ProtocolBroken("The recording changed while it was being sent; send it again when it is complete.")


def _is_not_found(error: ClientError) -> bool:
    """An answer to HEAD has no body that could tell more."""
    return isinstance(error, ServiceProblem) and error.status == 404


def is_long(file: BinaryIO) -> bool:
    """Whether a recording goes in pieces; the file is at its beginning again."""
    length = file.seek(0, os.SEEK_END)
    file.seek(0)
    return length >= LONG_BYTES
