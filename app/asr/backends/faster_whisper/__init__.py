"""The default engine: faster-whisper on CTranslate2, on a CPU or an NVIDIA GPU."""

from app.asr.backends.faster_whisper.engine import FasterWhisperEngine
from app.asr.backends.faster_whisper.loading import load

__all__ = ["FasterWhisperEngine", "load"]
