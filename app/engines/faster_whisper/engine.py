"""One CTranslate2 model: windows through encoder, decoder and the gate that no doubtful answer passes."""

import threading
import time
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.config import Settings
from app.core.errors import EngineFailed, ModelUnavailable, OutOfDeviceMemory
from app.engines.answers import Answer
from app.engines.base import EngineInfo, WindowRequest
from app.engines.detection import Languages
from app.engines.faster_whisper.aligner import Aligner, Alignment
from app.engines.faster_whisper.decoder import Decoder
from app.engines.faster_whisper.encoder import Encoder
from app.engines.faster_whisper.suffix import suffix_of
from app.engines.faster_whisper.tuning import Tuning
from app.engines.frames import STATES_PER_SECOND, States
from app.engines.gate import Hearing, divided, heard_in_likeliest, is_divided, mended, transcript_of
from app.engines.hardware import BatchLimits, batch_limits, choose_compute_type, choose_lanes
from app.engines.seats import KEPT_LANES
from app.engines.segments import needs_words
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript
from app.weights.digest import digest_of

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


UNLOAD_TRIES, UNLOAD_PAUSE_SECONDS = 100, 0.01


@dataclass(slots=True)
class _Heard:
    """A window on its way through the engine."""

    request: WindowRequest
    states: States
    hearing: Hearing
    retries: int = 0

    @property
    def is_divided(self) -> bool:
        """Whether its halves are asked."""
        return is_divided(self.request, self.hearing.answer)

    @property
    def needs_words(self) -> bool:
        """Whether the times of its words must be found."""
        wanted = self.request.options.word_timestamps or needs_words(
            self.request.window, self.hearing.answer.text
        )
        return wanted and not self.is_divided


class FasterWhisperEngine:
    """One CTranslate2 model, loaded. Thread-safe."""

    def __init__(
        self, runtime: "WhisperModel", info: EngineInfo, tuning: Tuning, lanes: int, limits: BatchLimits
    ) -> None:
        self._runtime = runtime
        self.info = info
        self.lanes = lanes
        self._limits = limits
        self._encoder = Encoder(runtime, tuning, suffix_of(info.digest) if tuning.suffix else None)
        self._decoder = Decoder(runtime, tuning)
        # what needs most memory is not done in all lanes at a time: peaks do not add up
        some_lanes = max(1, lanes // 2)
        self._mending = threading.Semaphore(some_lanes)
        self._aligner = Aligner(
            *(runtime, self._decoder),
            together=info.device != "cpu",
            at_a_time=threading.Semaphore(some_lanes),
        )

    def group(self, request: WindowRequest) -> Hashable:
        """Windows that the decoder is shown at the same length, with prompts of the same length."""
        options = request.options
        prompt = len(self._decoder.prompt(options, options.language or "en"))
        how = options.beam_size, options.temperature
        return self._encoder.states_for(request.window.seconds), prompt, how

    def most_together(self, request: WindowRequest) -> int:
        """By the sound that the decoder is shown: its memory grows with that, and its speed does not."""
        shown = self._encoder.states_for(request.window.seconds) / STATES_PER_SECOND
        return max(1, int(min(self._limits.windows, self._limits.seconds // shown)))

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch."""
        with _translated_errors():
            heard = self._listen(batch)
            for each in heard:
                self._mend(each)
            words = self._words(heard)
        return [self._transcript(each, found) for each, found in zip(heard, words, strict=True)]

    def close(self) -> None:
        """Free the model's memory."""
        model = self._runtime.model
        for _ in range(UNLOAD_TRIES):  # CTranslate2 tries its lock once only, and may miss it
            model.unload_model()
            if not model.model_is_loaded:
                return
            time.sleep(UNLOAD_PAUSE_SECONDS)

    def _listen(self, batch: Sequence[WindowRequest]) -> list[_Heard]:
        """First answers, all windows together."""
        windows = [request.window for request in batch]
        states = self._encoder.encode(
            [window.samples for window in windows], self._encoder.states_for(max(w.seconds for w in windows))
        )
        languages = self._languages(batch, states)
        spoken = [
            found.candidates(request.expected)[0] for request, found in zip(batch, languages, strict=True)
        ]
        prompts = [
            self._decoder.prompt(request.options, language)
            for request, language in zip(batch, spoken, strict=True)
        ]
        answers = self._decoder.first(states, prompts, batch[0].options, states.shape[1] / STATES_PER_SECOND)
        heard = []
        for place, (request, found) in enumerate(zip(batch, languages, strict=True)):
            alone = states[place : place + 1]
            if request.options.temperature:
                hearing = Hearing(answers[place], spoken[place], found)
            else:
                hearing = self._searched(request, alone, found, answers[place])
            heard.append(_Heard(request, alone, hearing))
        return heard

    def _languages(self, batch: Sequence[WindowRequest], states: States) -> list[Languages]:
        """Languages of the windows: given, or heard."""
        unknown = [place for place, request in enumerate(batch) if request.options.language is None]
        heard = iter(self._decoder.detect(states[unknown]))
        return [
            Languages({request.options.language: 1.0}) if request.options.language else next(heard)
            for request in batch
        ]

    def _mend(self, heard: _Heard) -> None:
        """Decode a doubtful window again."""
        window, options = heard.request.window, heard.request.options

        def again(last: Hearing, temperature: float) -> Hearing:
            with self._mending:
                if temperature:
                    prompt = self._decoder.prompt(options, last.language)
                    answer = self._decoder.sample(heard.states, prompt, temperature, window.seconds)
                    return replace(last, answer=answer)
                heard.states = self._encoder.encode_fully([window.samples])
                [languages] = self._languages([heard.request], heard.states)
                return self._searched(heard.request, heard.states, languages)

        heard.hearing, heard.retries = mended(heard.hearing, window.seconds, again)

    def _searched(
        self, request: WindowRequest, states: States, languages: Languages, first: Answer | None = None
    ) -> Hearing:
        """A window's likeliest answer by beam search; `first` is that in its likeliest language."""
        options = request.options

        def decode(language: str) -> Answer:
            prompt = self._decoder.prompt(options, language)
            return self._decoder.search(states, prompt, options.beam_size, request.window.seconds)

        return heard_in_likeliest(request, languages, decode, first)

    def _words(self, heard: Sequence[_Heard]) -> list[tuple[Word, ...] | None]:
        """Words and their times, of the windows that need them."""
        requests = [
            Alignment(each.request, each.states, each.hearing.language, each.hearing.answer.tokens)
            if each.needs_words
            else None
            for each in heard
        ]
        words = iter(self._aligner.align([request for request in requests if request is not None]))
        return [None if request is None else next(words) for request in requests]

    def _transcript(self, heard: _Heard, words: tuple[Word, ...] | None) -> WindowTranscript:
        if heard.is_divided:
            return divided(heard.request, heard.hearing.language, self.transcribe)
        return transcript_of(heard.request, heard.hearing, words, heard.retries)


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError, ValueError) as error:
        too_small = isinstance(error, MemoryError) or "out of memory" in str(error)
        failure = OutOfDeviceMemory if too_small else EngineFailed
        raise failure(f"The model failed while transcribing: {error}") from error


def load(folder: Path, model: str, settings: Settings, tuning: Tuning | None = None) -> FasterWhisperEngine:
    """Load the model in `folder`. Raises ModelUnavailable or EngineFailed."""
    import ctranslate2
    from faster_whisper import WhisperModel

    device = _device(settings.device, ctranslate2.get_cuda_device_count())
    supported = ctranslate2.get_supported_compute_types(device)
    compute_type = choose_compute_type(settings.compute_type, device, supported)
    lanes = choose_lanes(settings.cpu_threads, device)
    try:
        runtime = WhisperModel(
            str(folder),
            device=device,
            compute_type=compute_type,
            cpu_threads=lanes.threads,
            num_workers=lanes.count + KEPT_LANES,
            local_files_only=True,
        )
    except MemoryError as error:
        raise EngineFailed(f"There is not enough memory for the model {model!r}: {error}") from error
    except Exception as error:
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({error}); remove the folder {folder.name!r} "
            "from the model cache to fetch them again."
        ) from error
    ctranslate2.set_random_seed(0)
    versions = {name: metadata.version(name) for name in ("faster-whisper", "ctranslate2")}
    tuning = tuning or Tuning(trims=_trims(settings.encoder_context, device))
    info = EngineInfo(
        engine="faster-whisper",
        model=model,
        device=device,
        compute_type=compute_type,
        encoder_context="short" if tuning.trims else "full",
        digest=digest_of(folder / "model.bin"),
        versions=versions,
    )
    return FasterWhisperEngine(runtime, info, tuning, lanes.count, batch_limits(settings.batch_size, device))


def _trims(wanted: str, device: str) -> bool:
    """A GPU has the encoder's work for nothing."""
    return wanted == "short" or (wanted == "auto" and device == "cpu")


def _device(wanted: str, gpus: int) -> str:
    if wanted == "cuda" and not gpus:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but no NVIDIA GPU can be used here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if gpus else "cpu"
