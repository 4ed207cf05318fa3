"""Names of files that any system takes: Windows is the one that takes the fewest."""

import re
import unicodedata
from collections.abc import Sequence

from app.formats.about import NO_TITLE

LONGEST, LONGEST_BYTES = 120, 200
"""Characters and bytes of a name without its number and extension: file systems take 255 of either."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff]')
_REVERSING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Such as makes `gpj.exe` look like `exe.jpg`."""

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)


def safe_stem(title: str) -> str:
    """A file name without extension that is as near to the title as it can be."""
    name = _FORBIDDEN.sub("_", _REVERSING.sub("", unicodedata.normalize("NFC", title)))
    name = " ".join(name.split())[:LONGEST]
    name = name.encode()[:LONGEST_BYTES].decode(errors="ignore")
    name = name.strip(" .") or NO_TITLE
    return f"_{name}" if _RESERVED.fullmatch(name) else name


class UniqueNames:
    """Gives every recording of a folder names that no other has there, in whatever case."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, title: str, extensions: Sequence[str]) -> list[str]:
        """A name with each extension, with one number for all where they need one: `talk (2).srt`."""
        stem = safe_stem(title)
        number = 1
        while True:
            numbered = stem if number == 1 else f"{stem} ({number})"
            names = [f"{numbered}.{extension}" for extension in extensions]
            if self._taken.isdisjoint(map(str.casefold, names)):
                self._taken.update(map(str.casefold, names))
                return names
            number += 1
