"""Validation of what clients send. Every message names what is allowed."""

import math
import re
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import TypeVar

from app.core.errors import InvalidParameter, UnsupportedExtension

MAX_FILENAME_LENGTH = 255
SHOWN_LENGTH = 60
"""Length to which a client's own words are cut when they are quoted back."""

YES, NO = frozenset({"true", "1", "yes", "on"}), frozenset({"false", "0", "no", "off"})

Choice = TypeVar("Choice", bound=StrEnum)

_NUMBER = re.compile(r"\+?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def extension_of(filename: str, allowed: Collection[str]) -> str:
    """Extension of a client's file name, in small letters. Raises UnsupportedExtension.

    What is returned is one of `allowed`, so that it may become part of a path.
    """
    name = base_name(filename)
    _, dot, extension = name.rpartition(".")
    extension = extension.lower()
    if dot and extension in allowed:
        return extension
    choices = sorted(allowed)
    raise UnsupportedExtension(
        f"The file name {quoted(name)} does not end in one of: {', '.join(choices)}.", choices=choices
    )


def base_name(filename: str) -> str:
    """A client's file name without folders and control characters; for people to read, never a path."""
    name = re.split(r"[/\\]", filename)[-1]
    return "".join(char for char in name if char.isprintable())[-MAX_FILENAME_LENGTH:].strip()


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


def quoted(text: str) -> str:
    """A client's words, short and harmless enough to be shown in an error message."""
    return repr(text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…")
