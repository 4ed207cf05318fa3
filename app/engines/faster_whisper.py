"""The default engine: faster-whisper on CTranslate2, on a CPU or an NVIDIA GPU."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from app.audio.samples import Samples
from app.core.config import Settings
from app.core.errors import EngineFailed, ModelUnavailable
from app.engines.base import DecodeOptions, Recognition
from app.engines.hardware import choose_compute_type, model_threads
from app.schemas.transcript import Segment, Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.transcribe import Segment as RuntimeSegment


class FasterWhisperEngine:
    """One CTranslate2 model, loaded."""

    name = "faster-whisper"

    def __init__(self, runtime: "WhisperModel", model: str, device: str, compute_type: str) -> None:
        self._runtime = runtime
        self.model = model
        self.device = device
        self.compute_type = compute_type

    def recognise(self, samples: Samples, options: DecodeOptions) -> Recognition:
        """Begin to transcribe; silence and noise are taken out first (Silero), so they give no text."""
        from faster_whisper.vad import get_speech_timestamps

        if not get_speech_timestamps(samples):
            return Recognition(None, None, iter(()))
        try:
            segments, info = self._runtime.transcribe(
                samples, beam_size=options.beam_size, language=options.language, vad_filter=True
            )
        except (RuntimeError, MemoryError, ValueError) as error:
            raise EngineFailed(f"The model failed while transcribing: {error}") from error
        return Recognition(info.language, info.language_probability, _segments(segments))

    def close(self) -> None:
        """Free the model's memory."""
        self._runtime.model.unload_model()


def load(folder: Path, model: str, settings: Settings) -> FasterWhisperEngine:
    """Load the model in `folder`. Raises ModelUnavailable or EngineFailed."""
    import ctranslate2
    from faster_whisper import WhisperModel

    device = _device(settings.device, ctranslate2.get_cuda_device_count())
    supported = ctranslate2.get_supported_compute_types(device)
    compute_type = choose_compute_type(settings.compute_type, device, supported)
    try:
        runtime = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=model_threads(settings.cpu_threads),
            local_files_only=True,
        )
    except MemoryError as error:
        raise EngineFailed(f"There is not enough memory for the model {model!r}: {error}") from error
    except Exception as error:
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({error}); remove the folder {folder.name!r} "
            "from the model cache to fetch them again."
        ) from error
    return FasterWhisperEngine(runtime, model, device, compute_type)


def _device(wanted: str, gpus: int) -> str:
    if wanted == "cuda" and not gpus:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but no NVIDIA GPU can be used here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if gpus else "cpu"


def _segments(segments: "Iterable[RuntimeSegment]") -> Iterator[Segment]:
    try:
        for number, segment in enumerate(segments):
            yield _segment(number, segment)
    except (RuntimeError, MemoryError) as error:
        raise EngineFailed(f"The model failed while transcribing: {error}") from error


def _segment(number: int, segment: "RuntimeSegment") -> Segment:
    words = segment.words and tuple(
        Word(start=word.start, end=word.end, word=word.word, probability=word.probability)
        for word in segment.words
    )
    return Segment(
        id=number,
        start=round(segment.start, 3),
        end=round(segment.end, 3),
        text=segment.text,
        avg_logprob=segment.avg_logprob,
        no_speech_prob=segment.no_speech_prob,
        compression_ratio=segment.compression_ratio,
        temperature=segment.temperature,
        words=words or None,
    )
