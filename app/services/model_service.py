"""What people choose a model by: how good, how large, how fast here, and whether it is there."""

import logging

from anyio import to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.eta import RealTimeFactors
from app.queue.redis_errors import redis_or_not
from app.schemas.model import ModelFacts
from app.weights.catalog import available_models, can_translate, canonical_name, languages_of
from app.weights.facts import accuracy_of, cached_mb, download_mb


class ModelService:
    """The use case of a choice among models."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._settings = settings
        self._real_time_factors = RealTimeFactors(client, settings)

    async def facts(self) -> dict[str, ModelFacts]:
        """All models by their canonical names. Where Redis is away, nothing is known of their speed."""
        pace: dict[str, float] = {}
        async with redis_or_not("The speed of models is not told", logging.DEBUG):
            pace = await self._real_time_factors.by_model()
        return await to_thread.run_sync(self._facts, pace)

    def _facts(self, pace: dict[str, float]) -> dict[str, ModelFacts]:
        settings = self._settings
        # Weights of a model on another server, or in a folder that only workers see, are not known here.
        is_seen = settings.engine != "remote" and settings.cache_dir.is_dir()
        default = canonical_name(settings.default_model)
        found: dict[str, ModelFacts] = {}
        for name in available_models(settings.cache_dir):
            size = cached_mb(name, settings.cache_dir) if is_seen else None
            found[name] = ModelFacts(
                default=name == default,
                present=size is not None if is_seen else None,
                accuracy=accuracy_of(name),
                size_mb=size or download_mb(name),
                real_time_factor=pace.get(name),
                languages=languages_of(name),
                translates=can_translate(name),
            )
        return found
