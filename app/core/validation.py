"""Validation of what clients send. Every message names what is allowed."""

import math
import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from ipaddress import ip_address
from typing import TypeVar

from app.core.errors import InvalidParameter, UnsupportedExtension

MAX_FILENAME_LENGTH = 255
SHOWN_LENGTH = 60
"""Length to which a client's own words are cut when they are quoted back."""

YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})

Choice = TypeVar("Choice", bound=StrEnum)

NO_EXTENSION = "audio"
"""Extension under which a recording is stored whose own name gives none."""

RECORDING_EXTENSIONS = frozenset(
    {
        *("3g2", "3gp", "aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "awb"),
        *("caf", "dss", "dts", "flac", "flv", "g722", "gsm", "m2ts", "m4a", "m4b", "m4r", "m4v", "mka"),
        *("mkv", "mov", "mp1", "mp2", "mp3", "mp4", "mpeg", "mpg", "mpga", "mts", "oga", "ogg", "ogv"),
        *("opus", "qta", "spx", "ts", "tta", "vob", "w64", "wav", "weba", "webm", "wma", "wmv", "wv"),
    }
)
"""What the names of recordings usually end with: how they are told from other files in a folder."""

_EXTENSION = re.compile(r"(?!part$)[a-z0-9_]{1,16}")
"""`part` marks uploads that are not complete (app.storage.local)."""

_QUERY = re.compile(r"[?#]")
_SHOWN_QUERY = re.compile(r"(\.[A-Za-z0-9]{1,8})[?#][^\s=]*=.*")
_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def extension_of(filename: str, allowed: Collection[str] | None) -> str:
    """Extension of a client's file name, in small letters; it may become part of a path.

    Without `allowed` the content decides what a file is: any name will do, and one without a usable extension
    gives NO_EXTENSION. A query (`talk.mp3?token=1`, cut from an address) is passed over.

    Raises UnsupportedExtension where `allowed` does not hold it.
    """
    found = [_last_part(name) for name in (filename, _QUERY.split(filename)[0])]
    if allowed is None:
        return next((each for each in found if _EXTENSION.fullmatch(each)), NO_EXTENSION)
    for extension in found:
        if extension in allowed:
            return extension
    choices = sorted(allowed)
    raise UnsupportedExtension(
        f"The file name {quoted(base_name(filename))} does not end in one of: {', '.join(choices)}; "
        "ALLOWED_EXTENSIONS limits what this server takes.",
        choices=choices,
    )


def _last_part(filename: str) -> str:
    """What follows the last dot of a file name, in small letters; empty where there is no dot."""
    _, dot, extension = base_name(filename).lower().rpartition(".")
    return extension if dot else ""


def base_name(filename: str) -> str:
    """A client's file name without folders and control characters; for people to read, never a path."""
    name = re.split(r"[/\\]", filename)[-1]
    return "".join(char for char in name if char.isprintable())[-MAX_FILENAME_LENGTH:].strip()


def shown_name(filename: str) -> str:
    """A client's file name as people and logs see it: of `talk.mp3?token=1` the query may be a secret."""
    return base_name(_SHOWN_QUERY.sub(r"\1", filename))


def parse_trim(text: str) -> float:
    """Seconds that a client asked for in `trim`. Raises InvalidParameter."""
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if math.isfinite(number) and number > 0:
        return number
    raise InvalidParameter(
        f"`trim` must be a number of seconds greater than 0, such as 30 or 2.5; it was {quoted(text)}.",
        parameter="trim",
    )


def parse_number(name: str, text: str, *, least: float, most: float) -> float:
    """A number within bounds that a client asked for. Raises InvalidParameter."""
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if least <= number <= most:
        return number
    raise InvalidParameter(
        f"`{name}` must be a number from {least:g} to {most:g}; it was {quoted(text)}.", parameter=name
    )


def parse_choice(name: str, text: str | None, kind: type[Choice], default: Choice) -> Choice:
    """One of the words that a parameter may be; `default` where it is not given. Raises InvalidParameter."""
    if text is None:
        return default
    try:
        return kind(text.strip().lower())
    except ValueError:
        choices = [str(each) for each in kind]
        raise InvalidParameter(
            f"`{name}` must be one of: {', '.join(choices)}; it was {quoted(text)}.",
            parameter=name,
            choices=choices,
        ) from None


def parse_flag(name: str, text: str) -> bool:
    """Yes or no that a client asked for. Raises InvalidParameter."""
    word = text.strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise InvalidParameter(f"`{name}` must be true or false; it was {quoted(text)}.", parameter=name)


def number_within(value: object, least: float, most: float) -> float | None:
    """A number that somebody else's program wrote, if it is one from `least` to `most`, else None.

    NaN, infinities, texts, truth values and integers beyond all floats are none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        return None
    return float(value)


def single_value(name: str, values: Sequence[str]) -> str | None:
    """The value of a parameter given several times (in the query and in the form) or left empty.

    Raises InvalidParameter where two values differ.
    """
    given = sorted({value.strip() for value in values} - {""})
    if len(given) > 1:
        raise InvalidParameter(
            f"`{name}` was given as {quoted(given[0])} and as {quoted(given[1])}; give it once.",
            parameter=name,
        )
    return given[0] if given else None


def host_matches(host: str, entry: str) -> bool:
    """Whether a host's name is that of a list's entry; one that begins with a dot stands for all below it."""
    entry = entry.lower().strip("[]").removesuffix(".")
    return host.endswith(entry) if entry.startswith(".") else host == entry


def is_loopback(host: str) -> bool:
    """Whether an address, or `address:port` as docker compose has it, is this machine's own."""
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def quoted(text: str) -> str:
    """A client's words, short and harmless enough to be shown in an error message."""
    return repr(text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…")
