"""When recordings come: `closed=8`, `poisson=0.5`, `burst=20/10`; each for one worker."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np


class WrongArrivals(Exception):
    """The text names no way of arriving; the message is one sentence."""


class Kind(StrEnum):
    """How recordings come."""

    CLOSED = "closed"
    POISSON = "poisson"
    BURST = "burst"


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`number` is that of clients who send again when they were answered (closed), of recordings a second
    (poisson), or of recordings that come at once (burst), `every` so many seconds."""

    kind: Kind
    number: float
    every: float = 0.0

    def times(self, scale: int, seconds: float, random: np.random.Generator) -> list[float]:
        """Seconds from the start at which recordings come, for `scale` workers; closed clients have none."""
        if self.kind is Kind.POISSON:
            rate = self.number * scale
            count = int(random.poisson(rate * seconds))
            return sorted(float(time) for time in random.uniform(0, seconds, count))
        if self.kind is Kind.BURST:
            starts = np.arange(0, seconds, self.every)
            return [float(start) for start in starts for _ in range(round(self.number) * scale)]
        return []

    def clients(self, scale: int) -> int:
        """Closed clients for `scale` workers."""
        return round(self.number) * scale if self.kind is Kind.CLOSED else 0

    def __str__(self) -> str:
        each = {
            Kind.CLOSED: f"{self.number:g} clients who send again when they were answered",
            Kind.POISSON: f"{self.number:g} recordings a second, at random",
            Kind.BURST: f"{self.number:g} recordings at once, every {self.every:g} s",
        }
        return f"{each[self.kind]}, for each worker"


def read_arrivals(text: str) -> Arrivals:
    """What `burst=20/10` names. Raises WrongArrivals."""
    name, _, numbers = text.partition("=")
    number, _, every = numbers.partition("/")
    try:
        found = Arrivals(Kind(name), float(number), float(every or 0))
    except ValueError:
        raise WrongArrivals(_sentence(text)) from None
    is_burst = found.kind is Kind.BURST
    if not found.number > 0 or is_burst != (found.every > 0) or (not is_burst and every):
        raise WrongArrivals(_sentence(text))
    return found


def _sentence(text: str) -> str:
    return f"{text!r} names no arrivals: write closed=CLIENTS, poisson=PER_SECOND or burst=COUNT/SECONDS."
