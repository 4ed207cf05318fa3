"""The default engine: faster-whisper on CTranslate2, on a CPU or an NVIDIA GPU."""

from app.engines.faster_whisper.engine import FasterWhisperEngine
from app.engines.faster_whisper.loading import load

__all__ = ["FasterWhisperEngine", "load"]
