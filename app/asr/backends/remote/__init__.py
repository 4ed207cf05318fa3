"""ENGINE=remote: windows are transcribed by a server that speaks OpenAI's audio API (vLLM, Speaches, another
instance of this service). Queue, windows, resumption and formats stay here."""

from app.asr.backends.remote.engine import RemoteEngine, load

__all__ = ["RemoteEngine", "load"]
