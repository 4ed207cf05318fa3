"""Quotas: how much the owner of an API key may have transcribed, as KEY_QUOTAS says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from app.core.api_keys import KEY_NAME

ANY_KEY = "*"
"""Stands for all keys that have no entry of their own."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Limits of one key; None: none. Days and months are those of the calendar, in UTC."""

    audio_hours_day: float | None = None
    audio_hours_month: float | None = None
    mebibytes_day: float | None = None
    mebibytes_month: float | None = None
    open_tasks: float | None = None


LIMITS = tuple(each.name for each in fields(Quota))


class Quotas:
    """The quotas of all keys."""

    def __init__(self, by_name: Mapping[str, Quota]) -> None:
        self._by_name = dict(by_name)

    @classmethod
    def parse(cls, entries: Iterable[str]) -> "Quotas":
        """From entries such as `alice:audio_hours_day=10:open_tasks=20`. Raises ValueError."""
        return cls(dict(map(_parsed, entries)))

    def of(self, name: str | None) -> Quota:
        """The quota of a key; who needs none has none."""
        if name is None:
            return Quota()
        return self._by_name.get(name) or self._by_name.get(ANY_KEY) or Quota()


def _parsed(entry: str) -> tuple[str, Quota]:
    name, *limits = entry.split(":")
    if name != ANY_KEY and not KEY_NAME.fullmatch(name):
        raise ValueError(f"{entry!r} does not begin with the name of a key, or `*`")
    found: dict[str, float] = {}
    for limit in limits:
        what, _, amount = limit.partition("=")
        if what not in LIMITS:
            raise ValueError(f"{limit!r} is not one of: {', '.join(f'{each}=NUMBER' for each in LIMITS)}")
        found[what] = float(amount)
        if not 0 <= found[what] < float("inf"):
            raise ValueError(f"{limit!r} is no amount from 0")
    if not found:
        raise ValueError(f"{entry!r} names no limit, such as `{name}:audio_hours_day=10`")
    return name, Quota(**found)
