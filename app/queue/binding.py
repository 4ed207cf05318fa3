"""Which upload folder is the queue's: Redis keeps the folder's id under the queue's name."""

from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.outcomes import BindOutcome
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import registered

API_SECONDS = 60.0
"""An API that was silent this long no longer keeps another from binding the queue to another folder."""


class Binding:
    """The queue's folder. Every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._bind = registered(client, "bind")["bind"]

    async def bind(self, store_id: str, before: str | None, *, may_be_ours: bool) -> BindOutcome:
        """Bind the queue to a folder, in the name of a living API that had bound it to `before`."""
        async with redis_reachable():
            answer = await self._bind(
                keys=[self._keys.store, self._keys.store_alive],
                args=[store_id, before or "", int(may_be_ours), int(API_SECONDS * 1000)],
            )
        return BindOutcome(answer.decode())

    async def known(self) -> str | None:
        """The id of the queue's folder; None where no API has told."""
        async with redis_reachable():
            stored = cast(bytes | None, await self._client.get(self._keys.store))
        return stored.decode() if stored else None

    async def leave(self) -> None:
        """This API ends: another may bind the queue to another folder at once."""
        async with redis_reachable():
            await self._client.delete(self._keys.store_alive)
