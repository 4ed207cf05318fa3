"""The network that tells voices apart, loaded when it is first needed, and kept."""

import threading
from pathlib import Path

from app.core.decorators import timed_stage
from app.speakers.encoder import VoiceEncoder
from app.weights.speakers import ensure_speaker_weights


class VoiceModel:
    """May be asked from any thread; `downloads` False: only what lies in the cache is used."""

    def __init__(self, cache_dir: Path, *, downloads: bool) -> None:
        self._cache_dir = cache_dir
        self._downloads = downloads
        self._lock = threading.Lock()
        self._encoder: VoiceEncoder | None = None

    def get(self) -> VoiceEncoder:
        """The network in memory. Raises ModelUnavailable."""
        with self._lock:
            if self._encoder is None:
                self._encoder = self._load()
            return self._encoder

    @timed_stage("load voices")
    def _load(self) -> VoiceEncoder:
        return VoiceEncoder(ensure_speaker_weights(self._cache_dir, downloads=self._downloads))
