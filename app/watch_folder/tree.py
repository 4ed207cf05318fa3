"""What lies in the folder, and since when it has not changed.

The folder is looked through again and again, since nothing else works on network shares: a kernel tells
(inotify) of its own machine's changes only, and a library such as watchfiles then polls, too. Which files
are still being copied is told by two looks in any case.
"""

import logging
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.core.validation import RECORDING_EXTENSIONS

logger = logging.getLogger(__name__)

STATE_FOLDER = ".transcriber"

DEEPEST = 32
"""Folders below each other; a tree that is deeper contains itself, by a mount."""


@dataclass(frozen=True, slots=True)
class Version:
    """What tells a recording from what lay there before under its name."""

    size: int
    mtime_ns: int


def version_of(path: str) -> Version | None:
    """The version of a file, None where it is gone or no plain file: a link is none."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    return Version(found.st_size, found.st_mtime_ns) if stat.S_ISREG(found.st_mode) else None


class Tree:
    """The recordings below a folder, by their paths relative to it; names that are no text hold surrogates.

    Hidden files and folders are left alone, and so are links, which may lead anywhere.
    """

    def __init__(self, root: str, extensions: Collection[str] | None, most: int) -> None:
        self._root = root
        self._extensions = frozenset(extensions or RECORDING_EXTENSIONS)
        self._most = most
        self._is_told = False

    def recordings(self) -> dict[str, Version]:
        """All that are not empty. Raises OSError where the folder itself cannot be read."""
        found: dict[str, Version] = {}
        looked_at = 0
        for entry in self._entries():
            looked_at += 1
            if looked_at > self._most:
                self._tell()
                break
            if not self._is_recording(entry.name):
                continue
            version = version_of(entry.path)
            if version is not None and version.size:
                found[os.path.relpath(entry.path, self._root)] = version
        return found

    def _entries(self) -> Iterator["os.DirEntry[str]"]:
        """Files of the tree, folder by folder in the order of their names."""
        waiting = [(self._root, 0)]
        while waiting:
            folder, depth = waiting.pop()
            try:
                with os.scandir(folder) as listing:
                    entries = sorted(listing, key=lambda each: each.name, reverse=True)
            except OSError as error:
                if folder == self._root:
                    raise
                logger.warning("The folder %r cannot be read: %s", folder, error.strerror)
                continue
            for entry in reversed(entries):
                if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                    yield entry
            waiting += [
                (entry.path, depth + 1)
                for entry in entries
                if depth < DEEPEST and not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
            ]

    def _is_recording(self, name: str) -> bool:
        stem, _, extension = name.rpartition(".")
        return bool(stem) and extension.lower() in self._extensions

    def _tell(self) -> None:
        if not self._is_told:
            logger.warning(
                "WATCH_DIR has more than %d files (WATCH_MAX_FILES); what lies beyond is not looked at",
                self._most,
            )
        self._is_told = True


class Settling:
    """Which recordings have not changed for some time.

    Only times between looks of this process are measured: the clocks of the machines that share the folder,
    and that of the folder itself, may differ by any amount.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[str, tuple[Version, float]] = {}

    def settled(self, found: dict[str, Version], now: float) -> list[str]:
        """Paths of those that have been as they are for so many seconds at the time `now`."""
        known = self._since
        self._since = {
            path: known[path] if path in known and known[path][0] == version else (version, now)
            for path, version in found.items()
        }
        return [path for path, (_, since) in self._since.items() if now - since >= self._seconds]
