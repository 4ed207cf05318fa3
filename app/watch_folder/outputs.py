"""Files beside a recording: whole or not there, and never in the place of what somebody else wrote."""

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.watch_folder.records import written_part

MOST_NAMES = 1000
"""Names that are tried for one file."""


class Outputs:
    """Writes the files of one folder; `scratch` is where they are written first, on the same disk."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch

    def write(
        self, recording: str, contents: Mapping[str, bytes], before: Mapping[str, str]
    ) -> dict[str, str]:
        """Write what belongs to a recording, by what follows its name: `txt` gives `talk.txt`.

        `before` are the files of an earlier version of it, which are replaced, or removed where none is
        wanted any more, unless they were changed since. Names and SHA-256 of the files. Raises OSError.
        """
        folder, written = (self._root / recording).parent, {}
        for suffix, content in contents.items():
            digest = hashlib.sha256(content).hexdigest()
            for name in _names(Path(recording).name, suffix):
                if self._put(folder / name, content, digest, before.get(name)):
                    written[name] = digest
                    break
            else:
                raise FileExistsError(f"No name is left for {suffix} of {recording!r}")
        for name in before.keys() - written.keys():
            if _digest(folder / name) == before[name]:
                (folder / name).unlink(missing_ok=True)
        return written

    def _put(self, target: Path, content: bytes, digest: str, before: str | None) -> bool:
        """Whether the file has that content now; not where it has another that we did not write."""
        present = _digest(target)
        if present == digest:
            return True
        if present is not None and present != before:
            return False
        part = written_part(target, content, self._scratch)
        try:
            if present is not None:
                part.replace(target)
                return True
            return _link(part, target)
        finally:
            part.unlink(missing_ok=True)


def _link(part: Path, target: Path) -> bool:
    """Give a file its name, unless somebody has taken that; where there are no links, the name is looked for
    just before."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:
        if os.path.lexists(target):
            return False
        part.replace(target)
    return True


def _names(recording: str, suffix: str) -> Iterator[str]:
    """`talk.txt`, else `talk.mp3.txt`, where another recording or somebody's notes have that, and so on."""
    yield f"{Path(recording).stem}.{suffix}"
    yield f"{recording}.{suffix}"
    yield from (f"{recording}.{number}.{suffix}" for number in range(2, MOST_NAMES))


def _digest(path: Path) -> str | None:
    """None where nothing is there; what cannot be read, such as a folder, is somebody else's."""
    if not os.path.lexists(path):
        return None
    with contextlib.suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""
