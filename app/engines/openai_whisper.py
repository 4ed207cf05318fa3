"""The second engine: OpenAI's reference implementation, on torch. Its windows always have 30 s of context."""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.config import Settings
from app.core.errors import EngineFailed, ModelOutOfMemory, ModelUnavailable, OutOfDeviceMemory
from app.engines.answers import Answer
from app.engines.assembly import divided, transcript_of
from app.engines.base import EngineInfo, WindowRequest
from app.engines.coverage import Draft, fewer_gaps, fill_gaps, needs_words
from app.engines.detection import Languages, likeliest
from app.engines.echo import without_echo
from app.engines.frames import HOP_SAMPLES
from app.engines.gate import Hearing, heard_in_likeliest, is_divided, mended
from app.engines.hardware import batch_size, is_out_of_memory, model_threads
from app.engines.words import APPENDED, PREPENDED, to_words
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript
from app.weights.digest import digest_of

if TYPE_CHECKING:
    from torch import Tensor
    from whisper.decoding import DecodingResult
    from whisper.model import Whisper
    from whisper.tokenizer import Tokenizer

FIRST_TOKENS = 224
"""Tokens of a first answer: openai-whisper's own limit."""

MOST_TOKENS = 440
"""Tokens of an answer that the first limit cut short: all of Whisper's text context but the marks."""

PATIENCE = 0.6
SAMPLES_TRIED = 5
"""As with faster-whisper."""


def is_installed() -> bool:
    """Whether openai-whisper can be imported here."""
    return find_spec("whisper") is not None and find_spec("torch") is not None


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
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
    """One torch model, loaded. torch uses all its threads for one batch, so that there is one lane."""

    lanes = 1

    def __init__(self, runtime: "Whisper", info: EngineInfo, batch_size: int) -> None:
        self._runtime = runtime
        self.info = info
        self._batch_size = batch_size
        self._one_batch = threading.RLock()  # a divided window asks again, from within

    def most_together(self, _: WindowRequest) -> int:
        """As many of any length: all have 30 s."""
        return self._batch_size

    def group(self, request: WindowRequest) -> Hashable:
        """Windows of one language and prompt: openai-whisper decodes with one set of options."""
        return request.options

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Transcribe the windows of one batch. One at a time: openai-whisper hooks caches into the model."""
        with _translated_errors(), self._one_batch:
            heard = self._listen(batch)
            answers = self._first_answers(heard)
            transcripts = [
                self._transcript(each, answer) for each, answer in zip(heard, answers, strict=True)
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

    def _mel(self, request: WindowRequest) -> "Tensor":
        """Features of the window and of the silence after it, shape (mels, 3000)."""
        import whisper

        samples = whisper.pad_or_trim(request.window.samples)
        mel: Tensor = whisper.log_mel_spectrogram(samples, self._runtime.dims.n_mels)
        return mel.to(self._runtime.device)

    def _listen(self, batch: Sequence[WindowRequest]) -> list[_Heard]:
        """All windows through the encoder, together, and their languages."""
        import torch

        mels = torch.stack([self._mel(request) for request in batch])
        is_half = self.info.compute_type == "float16"
        with torch.no_grad():
            states: Tensor = self._runtime.embed_audio(mels.half() if is_half else mels)
        languages = self._languages(batch, states)
        return [_Heard(*each) for each in zip(batch, mels, states, languages, strict=True)]

    def _languages(self, batch: Sequence[WindowRequest], states: "Tensor") -> list[Languages]:
        """Languages of the windows: given, or heard."""
        if batch[0].options.language is not None:
            return [Languages({batch[0].options.language: 1.0})] * len(batch)
        if not self._runtime.is_multilingual:
            return [Languages({"en": 1.0})] * len(batch)
        _, found = self._runtime.detect_language(states)
        return [likeliest(each, batch[0].options.languages) for each in found]

    def _first_answers(self, heard: Sequence[_Heard]) -> list[Answer]:
        """Answers of all windows, those of one language together."""
        places = defaultdict(list)
        for place, each in enumerate(heard):
            places[each.language].append(place)
        answers: dict[int, Answer] = {}
        for language, group in places.items():
            windows = [heard[place] for place in group]
            temperature = windows[0].request.options.temperature
            decoded = self._decode(windows, language, temperature, FIRST_TOKENS)
            answers.update(zip(group, decoded, strict=True))
        return [answers[place] for place in range(len(heard))]

    def _transcript(self, heard: _Heard, answer: Answer) -> WindowTranscript:
        request = heard.request
        hearing, retries = self._believed(heard, answer)
        if is_divided(request, hearing.answer):
            return divided(request, hearing.language, self.transcribe)
        wanted = needs_words(request, hearing.answer)
        draft = Draft(request, hearing, self._words(heard, hearing) if wanted else None)
        if hearing.answer.is_noise or not draft.gaps:
            return transcript_of(draft, retries)
        draft = fewer_gaps(draft, self._with_times(heard, hearing))
        draft, inserts = fill_gaps(draft, self._draft)
        return transcript_of(draft, retries + 1, inserts)

    def _believed(self, heard: _Heard, answer: Answer) -> tuple[Hearing, int]:
        """What is to be believed of a window, given its first answer, and how many times it took more."""
        request = heard.request
        if request.options.temperature:
            first = Hearing(answer, heard.language, heard.languages)
        else:
            first = self._searched(heard, FIRST_TOKENS, answer)

        def again(last: Hearing, temperature: float) -> Hearing:
            if not temperature:
                return self._searched(heard, MOST_TOKENS)
            [answer] = self._decode([heard], last.language, temperature, MOST_TOKENS)
            return replace(last, answer=answer)

        return mended(first, request.window.seconds, again)

    def _with_times(self, heard: _Heard, hearing: Hearing) -> Draft:
        """A window decoded with time tokens, and without a prompt, which may be why words are missing."""
        options = heard.request.options.unprompted()
        bare = replace(heard, request=replace(heard.request, options=options))
        [answer] = self._decode([bare], hearing.language, 0.0, MOST_TOKENS, time_tokens=True)
        again = replace(hearing, answer=answer)
        return Draft(heard.request, again, self._words(heard, again))

    def _draft(self, request: WindowRequest) -> Draft:
        """A part of a window, decoded by itself, with its words."""
        [heard] = self._listen([request])
        hearing, _ = self._believed(heard, self._first_answers([heard])[0])
        return Draft(request, hearing, self._words(heard, hearing))

    def _searched(self, heard: _Heard, tokens: int, first: Answer | None = None) -> Hearing:
        """A window's likeliest answer by beam search; `first` is that in its likeliest language."""

        def decode(language: str) -> Answer:
            return self._decode([heard], language, 0.0, tokens)[0]

        return heard_in_likeliest(heard.request, heard.languages, decode, first)

    def _decode(
        self,
        heard: Sequence[_Heard],
        language: str,
        temperature: float,
        tokens: int,
        *,
        time_tokens: bool = False,
    ) -> list[Answer]:
        """Answers to some windows in one language, within so many tokens."""
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
        return [_answer(result, tokens, first_time) for result in results]

    def _words(self, heard: _Heard, hearing: Hearing) -> tuple[Word, ...]:
        """The words of a window and their times."""
        request = heard.request
        from whisper.timing import find_alignment, merge_punctuations

        tokenizer = self._tokenizer(hearing.language, translate=request.options.translate)
        frames = len(request.window.samples) // HOP_SAMPLES
        aligned = find_alignment(self._runtime, tokenizer, list(hearing.answer.tokens), heard.mel, frames)
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


def _answer(result: "DecodingResult", room: int, first_time: int) -> Answer:
    return Answer(
        tokens=tuple(token for token in result.tokens if token < first_time),
        text=result.text,
        avg_logprob=result.avg_logprob,
        no_speech_prob=result.no_speech_prob,
        temperature=result.temperature,
        cut_short=len(result.tokens) >= room,
    )


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError, ValueError) as error:
        failure = OutOfDeviceMemory if is_out_of_memory(error) else EngineFailed
        raise failure(f"The model failed while transcribing: {error}") from error


def load(file: Path, model: str, settings: Settings) -> OpenAIWhisperEngine:
    """Load the checkpoint `file`. Raises ModelUnavailable or ModelOutOfMemory."""
    import torch
    import whisper

    device = _device(settings.device, torch.cuda.is_available())
    torch.set_num_threads(model_threads(settings.cpu_threads))
    torch.manual_seed(0)
    try:
        runtime = whisper.load_model(str(file), device=device)
    except Exception as error:  # torch's words go unquoted: they recommend an unsafe way of loading
        if is_out_of_memory(error):
            raise ModelOutOfMemory(f"There is not enough memory for the model {model!r}.") from error
        raise ModelUnavailable(
            f"The weights of {model!r} cannot be loaded ({type(error).__name__}); "
            f"remove {file.name!r} from the model cache to fetch them again."
        ) from error
    info = EngineInfo(
        engine="openai-whisper",
        model=model,
        device=device,
        compute_type="float16" if device == "cuda" else "float32",
        encoder_context="full",
        digest=digest_of(file),
        versions={name: metadata.version(name) for name in ("openai-whisper", "torch")},
    )
    return OpenAIWhisperEngine(runtime, info, settings.batch_size or batch_size(device))


def _device(wanted: str, has_gpu: bool) -> str:
    if wanted == "cuda" and not has_gpu:
        raise ModelUnavailable(
            "DEVICE=cuda is set, but torch finds no NVIDIA GPU here; set DEVICE to auto or cpu."
        )
    return wanted if wanted != "auto" else "cuda" if has_gpu else "cpu"
