"""Loaded models: which engine runs one, and how many stay in memory.

ENGINE=faster-whisper and ENGINE=openai-whisper use that engine; weights are fetched or converted as needed.
ENGINE=auto goes by what lies in the cache: a CTranslate2 folder or a `.pt` file (converted once) gives
faster-whisper; openai-whisper, where installed, takes over a model that faster-whisper cannot get or load.
"""

import gc
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from app.core.config import Settings
from app.core.decorators import stage
from app.core.errors import ModelUnavailable
from app.engines import faster_whisper, openai_whisper
from app.engines.base import Engine
from app.weights.store import WeightStore

logger = logging.getLogger(__name__)


class LoadedEngine(Engine, Protocol):
    """An engine whose memory can be freed."""

    def close(self) -> None:
        """Free the memory; the engine must not be used afterwards."""


class ModelPool:
    """At most MODELS_IN_MEMORY loaded models; the one not used for longest goes first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
        self._engines: OrderedDict[str, LoadedEngine] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def loaded(self) -> tuple[str, ...]:
        """Models in memory, the one used last at the end."""
        return tuple(self._engines)

    @contextmanager
    def borrow(self, model: str) -> Iterator[Engine]:
        """A loaded model for the caller alone. Raises ModelUnavailable or EngineFailed.

        One model computes at a time: engines are not thread-safe, and each uses all the cores it may.
        """
        with self._lock:
            yield self._get(model)

    def _get(self, model: str) -> Engine:
        if model not in self._engines:
            while len(self._engines) >= self._settings.models_in_memory:  # before loading: both may not fit
                self._evict()
            self._engines[model] = self._load(model)
        self._engines.move_to_end(model)
        return self._engines[model]

    def _evict(self) -> None:
        model, engine = self._engines.popitem(last=False)
        engine.close()
        del engine
        gc.collect()
        logger.info("Model %s removed from memory", model)

    @stage("load model")
    def _load(self, model: str) -> LoadedEngine:
        if self._settings.engine == "openai-whisper":
            return self._load_openai(model)
        try:
            return faster_whisper.load(self._store.ensure_ct2(model), model, self._settings)
        except ModelUnavailable as error:
            if self._settings.engine != "auto" or not openai_whisper.is_installed():
                raise
            logger.warning("faster-whisper cannot run %s, trying openai-whisper: %s", model, error)
            return self._load_openai(model)

    def _load_openai(self, model: str) -> LoadedEngine:
        if not openai_whisper.is_installed():
            raise ModelUnavailable(
                "ENGINE=openai-whisper needs packages that are not installed; "
                "run: pip install -r requirements/openai-whisper.txt"
            )
        return openai_whisper.load(self._store.ensure_openai(model), model, self._settings)
