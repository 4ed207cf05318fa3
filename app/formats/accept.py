"""The HTTP Accept header, as RFC 9110 defines it (12.5.1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_QUALITY = re.compile(r"0\.?|0?\.\d+|1(\.0*)?", re.ASCII)
"""More than RFC 9110 allows: Java's own client sends `*/*; q=.2`."""


@dataclass(frozen=True, slots=True)
class MediaRange:
    """Media types that a client accepts, such as `text/*`, and how gladly: 0, not at all, to 1."""

    name: str
    quality: float

    def covers(self, media_type: str) -> bool:
        """Whether the type is one of the range."""
        kind, _, _ = media_type.partition("/")
        return self.name in (media_type, f"{kind}/*", "*/*")

    @property
    def precision(self) -> int:
        """How closely the range tells a type: `text/vtt` overrides `text/*`, and that `*/*`."""
        return 2 - self.name.count("*")


def ranges_of(accept: str) -> list[MediaRange]:
    """The ranges of a header; what is malformed in it is passed over."""
    ranges = []
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        quality = next((value.strip() for key, _, value in _pairs(parameters) if key.strip() == "q"), "1")
        if _QUALITY.fullmatch(quality):
            ranges.append(MediaRange(name, float(quality)))
    return ranges


def quality_of(media_type: str, ranges: Sequence[MediaRange]) -> float:
    """How gladly a type is accepted, by the closest range that covers it."""
    covering = [each for each in ranges if each.covers(media_type)]
    return max(covering, key=lambda each: (each.precision, each.quality)).quality if covering else 0.0


def _pairs(parameters: Sequence[str]) -> list[tuple[str, str, str]]:
    return [parameter.partition("=") for parameter in parameters]
