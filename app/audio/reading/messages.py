"""What a reader process is asked, and what it says of the recording that it reads."""

from dataclasses import dataclass

from app.audio.channels import ChannelWindow
from app.audio.reading.cutting import Cutting
from app.audio.report import DecodeReport
from app.core.errors import ServiceError


@dataclass(frozen=True, slots=True)
class Slicing:
    """Asks for windows that are known: which follows, a tuple of OfferedWindow at a time."""

    cutting: Cutting


@dataclass(frozen=True, slots=True)
class Reading:
    """It goes on."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A window, and what was decoded until then."""

    window: ChannelWindow
    report: DecodeReport


@dataclass(frozen=True, slots=True)
class Ended:
    """There are no more windows."""

    report: DecodeReport


@dataclass(frozen=True, slots=True, eq=False)
class Refused:
    """The recording cannot be read."""

    error: ServiceError


@dataclass(frozen=True, slots=True)
class Broken:
    """The reader raised what it should not; `trace` is the traceback."""

    trace: str


Message = Reading | Cut | Ended | Refused | Broken
