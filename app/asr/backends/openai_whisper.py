"""The second backend: OpenAI's reference implementation, on torch. It always encodes 30 s of context."""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.asr.backend import Alignment, DecodingPass, Utterance
from app.asr.base import EngineInfo, WindowRequest
from app.asr.device_errors import is_out_of_memory
from app.asr.frames import FULL_FRAMES, HOP_SAMPLES
from app.asr.hardware import Device, batch_size, model_threads
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages, likeliest
from app.asr.pipeline import WhisperPipeline
from app.asr.stages import PipelineStage, StageClock
from app.asr.words import APPENDED, PREPENDED, Aligned
from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable, OutOfDeviceMemory, ServiceError
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
class MelStates:
    """Windows as the encoder has left them, and the features that words are aligned with: openai-whisper
    encodes these once more.

    `encoded` has shape (windows, 1500, model dimension), `mels` (windows, mels, 3000).
    """

    encoded: "Tensor"
    mels: "Tensor"

    def __getitem__(self, places: slice | list[int], /) -> "MelStates":
        return MelStates(self.encoded[places], self.mels[places])


class OpenAIWhisperBackend:
    """One loaded torch model. torch uses all its threads for one batch: one decode worker is enough.

    One call at a time: openai-whisper hooks caches into the model.
    """

    decode_workers = 1
    has_full_context = True

    def __init__(self, runtime: "Whisper", info: EngineInfo, batch_size: int, stages: StageClock) -> None:
        self._runtime = runtime
        self.info = info
        self.is_multilingual: bool = runtime.is_multilingual
        self._batch_size = batch_size
        self._stages = stages
        self._one_call = threading.Lock()

    def max_batch(self, _: WindowRequest) -> int:
        """As many of any length: all have 30 s."""
        return self._batch_size

    def group(self, request: WindowRequest) -> Hashable:
        """Windows of one language and prompt: openai-whisper decodes with one set of options."""
        return request.options

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """Nothing: torch computes the features of a batch together."""
        return request

    def encode(self, requests: Sequence[WindowRequest], *, full_context: bool) -> MelStates:  # noqa: ARG002
        """See Backend."""
        import torch

        with self._stages.at(PipelineStage.FEATURES):
            mels = torch.stack([self._mel(request) for request in requests])
        is_half = self.info.compute_type == "float16"
        with self._call(PipelineStage.ENCODE), torch.no_grad():
            return MelStates(self._runtime.embed_audio(mels.half() if is_half else mels), mels)

    def join(self, states: Sequence[MelStates]) -> MelStates:
        """See Backend."""
        import torch

        return MelStates(
            torch.cat([each.encoded for each in states]), torch.cat([each.mels for each in states])
        )

    def detect(self, states: MelStates, among: Sequence[Sequence[str]]) -> list[Languages]:
        """See Backend."""
        with self._call(PipelineStage.DETECT):
            _, found = self._runtime.detect_language(states.encoded)
        return [likeliest(each, names) for each, names in zip(found, among, strict=True)]

    def decode(
        self, states: MelStates, utterances: Sequence[Utterance], how: DecodingPass
    ) -> list[Hypothesis]:
        """See Backend. Greedily, those in one language together; with a beam or samples, one by one: of these
        openai-whisper takes several of one window, or of several windows one."""
        is_greedy = not how.temperature and utterances[0].request.options.beam_size == 1
        alike: dict[Hashable, list[int]] = defaultdict(list)
        for place, each in enumerate(utterances):
            alike[each.language if is_greedy else place].append(place)
        found: dict[int, Hypothesis] = {}
        for group in alike.values():
            found.update(zip(group, self._decode(states[group], utterances[group[0]], how), strict=True))
        return [found[place] for place in range(len(utterances))]

    def align(self, alignments: Sequence[Alignment[MelStates]]) -> list[list[Aligned]]:
        """See Backend. One by one: openai-whisper takes one at a time."""
        return [self._align(each) for each in alignments]

    def probe(self) -> None:
        """Encode silence."""
        import torch

        parameter = next(self._runtime.parameters())
        mel = torch.zeros(1, self._runtime.dims.n_mels, FULL_FRAMES).to(parameter.device, parameter.dtype)
        with self._one_call, torch.no_grad():
            self._runtime.embed_audio(mel).cpu()

    def free(self) -> None:
        """See Backend."""
        import torch

        if self.info.device == "cuda":
            torch.cuda.empty_cache()

    def close(self) -> None:
        """Free the model's memory."""
        del self._runtime
        self.free()

    @contextmanager
    def _call(self, stage: PipelineStage) -> Iterator[None]:
        """A call of the model, once no other is made."""
        with self._one_call, self._stages.at(stage):
            yield

    def _mel(self, request: WindowRequest) -> "Tensor":
        """Features of the window and of the silence after it, shape (mels, 3000)."""
        import whisper

        samples = whisper.pad_or_trim(request.window.samples)
        mel: Tensor = whisper.log_mel_spectrogram(samples, self._runtime.dims.n_mels)
        return mel.to(self._runtime.device)

    def _decode(self, states: MelStates, utterance: Utterance, how: DecodingPass) -> list[Hypothesis]:
        """Hypotheses for some windows in the language and with the options of one of them."""
        import whisper

        options, language = utterance.request.options, utterance.language
        prompt = " ".join(filter(None, (options.hotwords, options.prompt))) or None
        # a prompt may take the other half of the context
        tokens = MOST_TOKENS if how.has_full_room and prompt is None else FIRST_TOKENS
        search: dict[str, Any] = {"best_of": SAMPLES_TRIED}
        if not how.temperature:
            patience = 1.0 if how.has_time_tokens else PATIENCE
            search = {"beam_size": options.beam_size, "patience": patience}
        wanted = whisper.DecodingOptions(
            task="translate" if options.translate else "transcribe",
            language=language,
            prompt=prompt,
            temperature=how.temperature,
            sample_len=tokens,
            without_timestamps=not how.has_time_tokens,
            fp16=self.info.compute_type == "float16",
            **search,
        )
        with self._call(PipelineStage.DECODE):
            results = whisper.decode(self._runtime, states.encoded, wanted)
        first_time = self._tokenizer(language, translate=False).timestamp_begin
        return [_hypothesis(result, tokens, first_time) for result in results]

    def _align(self, alignment: Alignment[MelStates]) -> list[Aligned]:
        from whisper.timing import find_alignment, merge_punctuations

        request = alignment.request
        tokenizer = self._tokenizer(alignment.language, translate=request.options.translate)
        frames = len(request.window.samples) // HOP_SAMPLES
        mel, tokens = alignment.states.mels[0], list(alignment.tokens)
        with self._call(PipelineStage.ALIGN):
            words = find_alignment(self._runtime, tokenizer, tokens, mel, frames)
        merge_punctuations(words, PREPENDED, APPENDED)
        return [(each.word, each.start, each.end, each.probability) for each in words]

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


def load(
    file: Path, model: str, settings: Settings, stages: StageClock | None = None
) -> WhisperPipeline[MelStates]:
    """Load the checkpoint `file`; `stages` count its work. Raises ModelUnavailable or ModelOutOfMemory."""
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
    stages = stages or StageClock()
    windows = settings.batch_size or batch_size(device.kind)
    return WhisperPipeline(OpenAIWhisperBackend(runtime, info, windows, stages), stages)


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
