"""Fetch a recording from an address that a client named, into a file. For a plain thread."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from urllib.parse import unquote

import httpcore2
import httpx2

from app.core.errors import FetchFailed, FetchRefused, StorageFull, UnsafeAddress
from app.core.file_locks import hold
from app.core.speed import ANY_SPEED, SlowestSpeed
from app.core.validation import base_name, quoted
from app.net.address_policy import AddressPolicy, Resolver, parse_url, system_resolver
from app.net.backend import CONNECT_SECONDS, GuardedBackend
from app.net.deadline import Deadline
from app.net.wire import PASSING_REFUSALS, headers_for, target_of, tls_context, translated

MAX_REDIRECTS = 5

SPACE_CHECK_BYTES = 64 * 1024 * 1024
"""Bytes that are written between two looks at what is free."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Most bytes, most seconds for all of it, most seconds without a byte, the slowest speed that is waited
    for, and the bytes that must stay free on the disk."""

    max_bytes: int
    seconds: float
    idle_seconds: float
    slowest: SlowestSpeed = ANY_SPEED
    min_free_bytes: int = 0


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """What was fetched. `name` is the server's word: to be read and for its extension, never a path."""

    name: str | None
    size: int
    content_type: str | None


def fetch(
    url: str,
    path: Path,
    limits: FetchLimits,
    policy: AddressPolicy,
    should_stop: Callable[[], bool],
    *,
    resolver: Resolver = system_resolver,
) -> FetchedFile:
    """Write what lies at `url` to `path`, durably; nothing is left there if that fails.

    Raises UnsafeAddress, FetchFailed (may be tried again), FetchRefused (may not), TaskCancelled when
    `should_stop` says so, StorageFull where the disk has no room, and OSError where it fails. A look-up of a
    name cannot be cut short; the operating system bounds it.
    """
    target = parse_url(url, policy)
    backend = GuardedBackend(policy, resolver, Deadline(limits.seconds, should_stop, limits.slowest))
    with httpcore2.ConnectionPool(ssl_context=tls_context(), network_backend=backend) as pool:
        for _ in range(MAX_REDIRECTS + 1):
            with translated(target), _get(pool, target, limits.idle_seconds) as answer:
                headers = httpx2.Headers(answer.headers)
                if answer.status not in _REDIRECTS or "location" not in headers:
                    return _keep(answer, headers, target, path, limits)
            target = following(target, headers["location"], policy)
    raise FetchRefused(f"The address leads on and on; at most {MAX_REDIRECTS} redirects are followed.")


def following(current: httpx2.URL, location: str, policy: AddressPolicy) -> httpx2.URL:
    """Where a redirect leads to. Raises UnsafeAddress, and FetchRefused from https to http."""
    try:
        joined = str(current.join(location))
    except httpx2.InvalidURL as error:
        raise UnsafeAddress(
            f"The address redirects to one that cannot be read: {quoted(str(error))}."
        ) from error
    target = parse_url(joined, policy)
    if current.scheme == "https" and target.scheme == "http":
        raise FetchRefused("The address redirects from https to http; such a redirect is not followed.")
    return target


def suggested_filename(headers: httpx2.Headers, url: httpx2.URL) -> str | None:
    """Name of the file: as Content-Disposition gives it, or else the last part of the path."""
    message = Message()
    message["Content-Disposition"] = headers.get("content-disposition", "")
    last_part = unquote(url.raw_path.decode("ascii").partition("?")[0].rpartition("/")[2])
    return base_name(message.get_filename() or "") or base_name(last_part) or None


def _get(
    pool: httpcore2.ConnectionPool, url: httpx2.URL, idle_seconds: float
) -> AbstractContextManager[httpcore2.Response]:
    # Not compressed: recordings are already, and a small answer could unpack to more than memory holds.
    headers = headers_for(url, {"Accept": "*/*", "Accept-Encoding": "identity"})
    timeouts = {"connect": min(CONNECT_SECONDS, idle_seconds), "read": idle_seconds, "write": idle_seconds}
    return pool.stream("GET", target_of(url), headers=headers, extensions={"timeout": timeouts})


def _keep(
    answer: httpcore2.Response, headers: httpx2.Headers, url: httpx2.URL, path: Path, limits: FetchLimits
) -> FetchedFile:
    _check_status(answer.status)
    coding = headers.get("content-encoding", "identity").lower()
    if coding != "identity":
        raise FetchRefused(
            f"The server compressed the recording ({quoted(coding)}) though none was asked for."
        )
    declared = headers.get("content-length", "")
    length = int(declared) if declared.isdecimal() else 0
    if length > limits.max_bytes:
        raise _too_large(limits.max_bytes)
    _check_space(path, length, limits)
    size = _write(answer.iter_stream(), path, limits)
    return FetchedFile(suggested_filename(headers, url), size, headers.get("content-type"))


def _check_status(status: int) -> None:
    if 200 <= status < 300:
        return
    if status >= 500 or status in PASSING_REFUSALS:
        raise FetchFailed(f"The server answered with status {status}; it may have the recording later.")
    raise FetchRefused(f"The server answered with status {status} instead of the recording.")


def _write(chunks: Iterator[bytes], path: Path, limits: FetchLimits) -> int:
    """Size of what is written; a Content-Length may be absent, so the bytes are counted."""
    size, next_check = 0, SPACE_CHECK_BYTES
    try:
        with path.open("wb") as file:
            hold(file)
            for chunk in chunks:
                size += len(chunk)
                if size > limits.max_bytes:
                    raise _too_large(limits.max_bytes)
                file.write(chunk)
                if size >= next_check:
                    _check_space(path, 0, limits)
                    next_check += SPACE_CHECK_BYTES
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            raise _no_room() from error
        raise
    return size


def _check_space(path: Path, needed: int, limits: FetchLimits) -> None:
    """Raises StorageFull where so many more bytes would leave less free than must stay."""
    if shutil.disk_usage(path.parent).free - needed < limits.min_free_bytes:
        raise _no_room()


def _no_room() -> StorageFull:
    return StorageFull("There is too little free disk space for the recording; see MIN_FREE_DISK_MB.")


def _too_large(max_bytes: int) -> FetchRefused:
    return FetchRefused(f"The recording is larger than the {max_bytes} bytes that are allowed.")
