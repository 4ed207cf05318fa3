"""The default engine: faster-whisper on CTranslate2, on a CPU or an NVIDIA GPU."""

from app.engines.faster_whisper.engine import FasterWhisperEngine, load

__all__ = ["FasterWhisperEngine", "load"]
