"""How the engine process spends its time: heard from it, and added to the counters in Redis."""

from collections import defaultdict
from collections.abc import Mapping

from app.queue.counters import Counters


class StageTotals:
    """Seconds of stages (app.asr.stages) that are not in Redis yet."""

    def __init__(self, totals: Counters) -> None:
        self._totals = totals
        self._heard: defaultdict[str, float] = defaultdict(float)

    def hear(self, seconds: Mapping[str, float]) -> None:
        """The engine process has spent so many more."""
        for name, each in seconds.items():
            self._heard[name] += each

    async def tell(self) -> None:
        """Add them to those of all workers. What Redis does not take now is lost, as with other counters."""
        heard, self._heard = self._heard, defaultdict(float)
        if heard:
            await self._totals.add(**heard)
