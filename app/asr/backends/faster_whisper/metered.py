"""CTranslate2's Whisper model, whose calls are counted as work of the device."""

from typing import TYPE_CHECKING, Any

from app.asr.stages import PipelineStage, StageClock

if TYPE_CHECKING:
    from ctranslate2 import StorageView
    from ctranslate2.models import Whisper, WhisperGenerationResult


class MeteredWhisper:
    """The model as faster-whisper and this engine use it; what is not a call on the device is passed on."""

    def __init__(self, model: "Whisper", stages: StageClock) -> None:
        self._model = model
        self._stages = stages

    def encode(self, features: "StorageView", *, to_cpu: bool = False) -> "StorageView":
        """See ctranslate2.models.Whisper."""
        with self._stages.at(PipelineStage.ENCODE):
            return self._model.encode(features, to_cpu=to_cpu)

    def detect_language(self, states: "StorageView") -> list[list[tuple[str, float]]]:
        """See ctranslate2.models.Whisper."""
        with self._stages.at(PipelineStage.DETECT):
            found: list[list[tuple[str, float]]] = self._model.detect_language(states)
            return found

    def generate(self, *arguments: Any, **options: Any) -> "list[WhisperGenerationResult]":
        """See ctranslate2.models.Whisper."""
        with self._stages.at(PipelineStage.DECODE):
            results: list[WhisperGenerationResult] = self._model.generate(*arguments, **options)
            return results

    def align(self, *arguments: Any, **options: Any) -> Any:
        """See ctranslate2.models.Whisper."""
        with self._stages.at(PipelineStage.ALIGN):
            return self._model.align(*arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)
