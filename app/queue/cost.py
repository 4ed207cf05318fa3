"""What a second of recording costs a worker, by model: what the work that is left is told from."""

from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.redis_errors import redis_or_not, redis_reachable

REMEMBERED_SECONDS = 4 * 3600.0
"""Of recordings, per model: what came before them fades."""


class Cost:
    """Seconds of a worker per second of recording, its time being shared out among the tasks in its hands.

    `app.queue.eta.RealTimeFactors` is how long a task takes beside others, which its caller waits; the same
    work, done one by one or eight at a time, differs there by a factor of eight, and not here.
    """

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._key = Keys.from_settings(settings).cost

    async def note(self, model: str, worker_seconds: float, audio_seconds: float) -> None:
        """Hear of one more task. A figure lost where two come at once does no harm, nor one that Redis
        refuses."""
        if audio_seconds <= 0:
            return
        async with redis_or_not(f"The cost of {model} is not noted"):
            worker, audio = _sums(cast(bytes | None, await self._client.hget(self._key, model)))
            worker, audio = worker + worker_seconds, audio + audio_seconds
            kept = min(1.0, REMEMBERED_SECONDS / audio)
            await self._client.hset(self._key, model, f"{worker * kept:.3f} {audio * kept:.3f}")

    async def by_model(self) -> dict[str, float]:
        """The figures there are. Raises QueueUnavailable."""
        async with redis_reachable():
            return costs_in(cast(dict[bytes, bytes], await self._client.hgetall(self._key)))


def costs_in(stored: dict[bytes, bytes]) -> dict[str, float]:
    """Cost by model, from what is stored."""
    sums = {model.decode(): _sums(text) for model, text in stored.items()}
    return {model: worker / audio for model, (worker, audio) in sums.items() if audio > 0}


def _sums(stored: bytes | None) -> tuple[float, float]:
    """Seconds of workers, and of recordings."""
    try:
        worker, audio = map(float, (stored or b"0 0").split())
    except ValueError:  # of another version
        return 0.0, 0.0
    return worker, audio
