"""The default backend: faster-whisper on CTranslate2, on a CPU or an NVIDIA GPU."""

from app.asr.backends.faster_whisper.backend import FasterWhisperBackend
from app.asr.backends.faster_whisper.loading import load

__all__ = ["FasterWhisperBackend", "load"]
