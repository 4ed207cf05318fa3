"""The second engine: OpenAI's reference implementation, on torch. Its windows always have 30 s of context."""

import threading
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.asr.assembly import split_and_transcribe, window_transcript
from app.asr.base import EngineInfo, WindowRequest
from app.asr.coverage import WindowDraft, fewer_gaps, fill_gaps, needs_words
from app.asr.device_errors import is_out_of_memory, translated_errors
from app.asr.echo import without_echo
from app.asr.fallback import DecodingResult, decode_best_language, decode_with_fallback, must_split
from app.asr.frames import FULL_FRAMES, HOP_SAMPLES
from app.asr.hardware import Device, batch_size, model_threads
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages, likeliest
from app.asr.words import APPENDED, PREPENDED, to_words
from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable, OutOfDeviceMemory, ServiceError
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript
from app.weights.digest import digest_of, has_changed

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.decoding import DecodingResult as WhisperResult
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

FIRST_TOKENS = 224
"""Tokens of a first hypothesis: openai-whisper's own limit."""

MOST_TOKENS = 440
"""Tokens of a hypothesis that the first limit cut short: all of Whisper's text context but the marks."""

PATIENCE = 0.6
SAMPLES_TRIED = 5
"""As with faster-whisper."""


def is_installed() -> bool:
    """Whether openai-whisper can be imported here."""
    return find_spec("whisper") is not None and find_spec("torch") is not None


@dataclass(frozen=True, slots=True, eq=False)
class _DecodedWindow:
    """A window on its way through the engine; `states` are those of the encoder."""

    request: WindowRequest
    mel: "Tensor"
    states: "Tensor"
    languages: Languages

    @property
    def language(self) -> str:
        """The language that it is decoded in first."""
        return self.languages.candidates(self.request.expected)[0]


class OpenAIWhisperEngine:
    """One loaded torch model. torch uses all its threads for one batch: one decode worker is enough."""

    decode_workers = 1

    def __init__(self, runtime: "Whisper", info: EngineInfo, batch_size: int) -> None:
        self._runtime = runtime
        self.info = info
        self._batch_size = batch_size
        self._one_batch = threading.RLock()  # a divided window asks again, from within

    def max_batch(self, _: WindowRequest) -> int:
        """As many of any length: all have 30 s."""
        return self._batch_size

    def group(self, request: WindowRequest) -> Hashable:
        """Windows of one language and prompt: openai-whisper decodes with one set of options."""
        return request.options

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """Nothing: torch computes the features of a batch together."""
        return request

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch. One at a time: openai-whisper hooks caches into the model."""
        with translated_errors(probe=self._probe if self.info.device == "cuda" else None), self._one_batch:
            heard = self._listen(batch)
            hypotheses = self._first_hypotheses(heard)
            transcripts = [
                self._transcript(each, hypothesis) for each, hypothesis in zip(heard, hypotheses, strict=True)
            ]
        return [
            without_echo(request, transcript, self.transcribe)
            for request, transcript in zip(batch, transcripts, strict=True)
        ]

    def close(self) -> None:
        """Free the model's memory."""
        import torch

        del self._runtime
        if self.info.device == "cuda":
            torch.cuda.empty_cache()

    def _probe(self) -> None:
        """Encode silence, and wait for the result."""
        import torch

        parameter = next(self._runtime.parameters())
        mel = torch.zeros(1, self._runtime.dims.n_mels, FULL_FRAMES).to(parameter.device, parameter.dtype)
        with torch.no_grad():
            self._runtime.embed_audio(mel).cpu()

    def _mel(self, request: WindowRequest) -> "Tensor":
        """Features of the window and of the silence after it, shape (mels, 3000)."""
        import whisper

        samples = whisper.pad_or_trim(request.window.samples)
        mel: Tensor = whisper.log_mel_spectrogram(samples, self._runtime.dims.n_mels)
        return mel.to(self._runtime.device)

    def _listen(self, batch: Sequence[WindowRequest]) -> list[_DecodedWindow]:
        """All windows through the encoder, together, and their languages."""
        import torch

        mels = torch.stack([self._mel(request) for request in batch])
        is_half = self.info.compute_type == "float16"
        with torch.no_grad():
            states: Tensor = self._runtime.embed_audio(mels.half() if is_half else mels)
        languages = self._languages(batch, states)
        return [_DecodedWindow(*each) for each in zip(batch, mels, states, languages, strict=True)]

    def _languages(self, batch: Sequence[WindowRequest], states: "Tensor") -> list[Languages]:
        """Languages of the windows: given, or detected."""
        if batch[0].options.language is not None:
            return [Languages({batch[0].options.language: 1.0})] * len(batch)
        if not self._runtime.is_multilingual:
            return [Languages({"en": 1.0})] * len(batch)
        _, found = self._runtime.detect_language(states)
        return [likeliest(each, batch[0].options.languages) for each in found]

    def _first_hypotheses(self, heard: Sequence[_DecodedWindow]) -> list[Hypothesis]:
        """The first hypothesis of each window, those of one language together."""
        places = defaultdict(list)
        for place, each in enumerate(heard):
            places[each.language].append(place)
        hypotheses: dict[int, Hypothesis] = {}
        for language, group in places.items():
            windows = [heard[place] for place in group]
            temperature = windows[0].request.options.temperature
            decoded = self._decode(windows, language, temperature, FIRST_TOKENS)
            hypotheses.update(zip(group, decoded, strict=True))
        return [hypotheses[place] for place in range(len(heard))]

    def _transcript(self, heard: _DecodedWindow, hypothesis: Hypothesis) -> WindowTranscript:
        request = heard.request
        result, retries = self._with_fallback(heard, hypothesis)
        if must_split(request, result.hypothesis):
            return split_and_transcribe(request, result.language, self.transcribe)
        wanted = needs_words(request, result.hypothesis)
        draft = WindowDraft(request, result, self._words(heard, result) if wanted else None)
        if not draft.has_gaps:
            return window_transcript(draft, retries)
        draft = fewer_gaps(draft, self._with_times(heard, result))
        draft, inserts = fill_gaps(draft, self._draft)
        return window_transcript(draft, retries + 1, inserts)

    def _with_fallback(self, heard: _DecodedWindow, hypothesis: Hypothesis) -> tuple[DecodingResult, int]:
        """A window's result that passes the quality checks, given its first hypothesis, and the retries."""
        request = heard.request
        if request.options.temperature:
            first = DecodingResult(hypothesis, heard.language, heard.languages)
        else:
            first = self._searched(heard, FIRST_TOKENS, hypothesis)

        def again(last: DecodingResult, temperature: float) -> DecodingResult:
            if not temperature:
                return self._searched(heard, MOST_TOKENS)
            [hypothesis] = self._decode([heard], last.language, temperature, MOST_TOKENS)
            return replace(last, hypothesis=hypothesis)

        return decode_with_fallback(first, request.window.seconds, again)

    def _with_times(self, heard: _DecodedWindow, result: DecodingResult) -> WindowDraft:
        """A window decoded with time tokens, and without a prompt, which may be why words are missing."""
        options = heard.request.options.unprompted()
        bare = replace(heard, request=replace(heard.request, options=options))
        [hypothesis] = self._decode([bare], result.language, 0.0, MOST_TOKENS, time_tokens=True)
        again = replace(result, hypothesis=hypothesis)
        return WindowDraft(heard.request, again, self._words(heard, again))

    def _draft(self, request: WindowRequest) -> WindowDraft:
        """A part of a window, decoded by itself, with its words."""
        [heard] = self._listen([request])
        result, _ = self._with_fallback(heard, self._first_hypotheses([heard])[0])
        return WindowDraft(request, result, self._words(heard, result))

    def _searched(
        self, heard: _DecodedWindow, tokens: int, first: Hypothesis | None = None
    ) -> DecodingResult:
        """A window's likeliest hypothesis by beam search; `first` is that in its likeliest language."""

        def decode(language: str) -> Hypothesis:
            return self._decode([heard], language, 0.0, tokens)[0]

        return decode_best_language(heard.request, heard.languages, decode, first)

    def _decode(
        self,
        heard: Sequence[_DecodedWindow],
        language: str,
        temperature: float,
        tokens: int,
        *,
        time_tokens: bool = False,
    ) -> list[Hypothesis]:
        """Hypotheses for some windows in one language, within so many tokens."""
        import torch
        import whisper

        options = heard[0].request.options
        prompt = " ".join(filter(None, (options.hotwords, options.prompt))) or None
        tokens = FIRST_TOKENS if prompt else tokens  # a prompt may take the other half of the context

        how: dict[str, Any] = {"temperature": temperature, "best_of": SAMPLES_TRIED}
        if not temperature:
            how = {"beam_size": options.beam_size, "patience": 1.0 if time_tokens else PATIENCE}
        results = whisper.decode(
            self._runtime,
            torch.stack([each.states for each in heard]),
            whisper.DecodingOptions(
                task="translate" if options.translate else "transcribe",
                language=language,
                prompt=prompt,
                sample_len=tokens,
                without_timestamps=not time_tokens,
                fp16=self.info.compute_type == "float16",
                **how,
            ),
        )
        first_time = self._tokenizer(language, translate=False).timestamp_begin
        return [_hypothesis(result, tokens, first_time) for result in results]

    def _words(self, heard: _DecodedWindow, result: DecodingResult) -> tuple[Word, ...]:
        """The words of a window and their times."""
        request = heard.request
        from whisper.timing import find_alignment, merge_punctuations

        tokenizer = self._tokenizer(result.language, translate=request.options.translate)
        frames = len(request.window.samples) // HOP_SAMPLES
        aligned = find_alignment(self._runtime, tokenizer, list(result.hypothesis.tokens), heard.mel, frames)
        merge_punctuations(aligned, PREPENDED, APPENDED)
        return to_words(
            request.window, [(each.word, each.start, each.end, each.probability) for each in aligned]
        )

    def _tokenizer(self, language: str, *, translate: bool) -> "Tokenizer":
        from whisper.tokenizer import get_tokenizer

        return get_tokenizer(
            self._runtime.is_multilingual,
            num_languages=self._runtime.num_languages,
            language=language,
            task="translate" if translate else "transcribe",
        )


def _hypothesis(result: "WhisperResult", room: int, first_time: int) -> Hypothesis:
    return Hypothesis(
        tokens=tuple(token for token in result.tokens if token < first_time),
        text=result.text,
        avg_logprob=result.avg_logprob,
        no_speech_prob=result.no_speech_prob,
        temperature=result.temperature,
        cut_short=len(result.tokens) >= room,
    )


def load(file: Path, model: str, settings: Settings) -> OpenAIWhisperEngine:
    """Load the checkpoint `file`. Raises ModelUnavailable or ModelOutOfMemory."""
    import torch
    import whisper

    device = Device.choose(settings.device, torch.cuda.device_count())
    torch.set_num_threads(model_threads(settings.cpu_threads))
    torch.manual_seed(0)
    try:
        runtime = whisper.load_model(str(file), device=str(device))
    except Exception as error:
        raise _told(error, file, model, device) from error
    info = EngineInfo(
        engine="openai-whisper",
        model=model,
        device=device.kind,
        compute_type="float16" if device.kind == "cuda" else "float32",
        encoder_context="full",
        digest=digest_of(file),
        versions={name: metadata.version(name) for name in ("openai-whisper", "torch")},
    )
    return OpenAIWhisperEngine(runtime, info, settings.batch_size or batch_size(device.kind))


def _told(error: Exception, file: Path, model: str, device: Device) -> ServiceError:
    """The error of loading as one of the service; torch's words go unquoted: they recommend an unsafe way."""
    if is_out_of_memory(error):
        failure = OutOfDeviceMemory if device.kind == "cuda" else ModelOutOfMemory
        return failure(f"There is not enough memory for the model {model!r}.")
    if has_changed(file):
        return ModelUnavailable(
            f"The weights of {model!r} are damaged: their sum is not that with which they were fetched. "
            f"Remove {file.name!r} from the model cache to fetch them again."
        )
    return ModelUnavailable(f"The weights of {model!r} cannot be loaded ({type(error).__name__}).")
