"""The engine whose model runs on a server.

What other engines do with a model in memory is done with requests: a window whose text fails the quality
checks is sent again at higher temperatures, unless the server has fallen back by itself. Speech without words
is named, not decoded again, and a window is decoded in the language of its recording.
"""

from collections.abc import Hashable, Sequence

from app.asr.backends.remote.server import Detail, RemoteRequest, TranscriptionServer
from app.asr.backends.remote.transcript import RemoteResult, remote_result, remote_transcript
from app.asr.backends.remote.wav import wav_file
from app.asr.base import EngineInfo, WindowRequest
from app.asr.echo import without_echo
from app.asr.fallback import DecodingResult, decode_with_fallback
from app.asr.language import LANGUAGES_KEPT, UNDETERMINED
from app.core.config import Settings
from app.core.errors import ModelUnavailable
from app.schemas.window import WindowTranscript


class RemoteEngine:
    """One model of one server. Each batch is one window: the server makes its own batches of them."""

    def __init__(self, server: TranscriptionServer, info: EngineInfo, settings: Settings) -> None:
        self._server = server
        self.info = info
        self.decode_workers = settings.remote_concurrency
        self._sample_format = settings.remote_sample_format
        self._fields = {"model": settings.remote_model or info.model, **settings.remote_form_fields}

    def max_batch(self, _: WindowRequest) -> int:
        """One: every window is a request of its own."""
        return 1

    def group(self, _: WindowRequest) -> Hashable:
        """No two windows share a batch."""
        return None

    def prepare(self, request: WindowRequest) -> WindowRequest:
        """Nothing: the server is sent the sound."""
        return request

    def transcribe(self, batch: Sequence[WindowRequest]) -> list[WindowTranscript]:
        """Have the windows transcribed by the server.

        Raises EngineFailed where it is away or fails, ModelUnavailable or EngineRefused where it refuses.
        """
        return [self._transcribe(request) for request in batch]

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def _transcribe(self, request: WindowRequest) -> WindowTranscript:
        result, retries = self._with_fallback(request, wav_file(request.window.samples, self._sample_format))
        transcript = remote_transcript(request, result, retries)
        return without_echo(request, transcript, self.transcribe)

    def _with_fallback(self, request: WindowRequest, wav: bytes) -> tuple[RemoteResult, int]:
        """The first answer that passes the quality checks, and the number of retries."""
        temperature = request.options.temperature
        results = [self._in_likeliest_language(request, wav)]
        if results[0].response.temperature > temperature:
            return results[0], 0  # the server has tried all that there is

        def again(last: DecodingResult, warmer: float) -> DecodingResult:
            if warmer > temperature:
                results.append(self._ask(request, wav, _known(last.language), warmer))
            return results[-1].decoding

        best, _ = decode_with_fallback(results[0].decoding, request.window.seconds, again)
        return next(each for each in results if each.decoding is best), len(results) - 1

    def _in_likeliest_language(self, request: WindowRequest, wav: bytes) -> RemoteResult:
        """The answer in the language that is given or expected, else in the one that the server detects.

        Servers detect among all languages: where it must be one of a few, the window is sent once for each
        and the answer with the likeliest text counts.
        """
        options = request.options
        result = self._ask(request, wav, options.language or _known(request.expected), options.temperature)
        if not options.languages or result.decoding.language in options.languages:
            return result
        among = options.languages[:LANGUAGES_KEPT]
        results = [self._ask(request, wav, language, options.temperature) for language in among]
        return max(results, key=lambda each: each.response.avg_logprob)

    def _ask(
        self, request: WindowRequest, wav: bytes, language: str | None, temperature: float
    ) -> RemoteResult:
        options = request.options
        fields = {**self._fields, "temperature": f"{temperature:g}"}
        if language is not None and not options.translate:  # OpenAI's translations take no language
            fields["language"] = language
        prompt = " ".join(filter(None, (options.hotwords, options.prompt)))
        if prompt:
            fields["prompt"] = prompt
        detail = Detail.WORDS if options.word_timestamps else Detail.SEGMENTS
        response = self._server.transcribe(RemoteRequest(wav, fields, options.translate), detail)
        return remote_result(response, language, temperature)


def _known(language: str | None) -> str | None:
    """A language that a server can be told."""
    return None if language == UNDETERMINED else language


def load(model: str, settings: Settings) -> RemoteEngine:
    """The engine for a model; the server is first asked when there is a window. Raises ModelUnavailable."""
    try:
        server = TranscriptionServer(settings)
    except ValueError as error:
        raise ModelUnavailable(f"REMOTE_URL or REMOTE_API_KEY is wrong: {error}") from error
    served = settings.remote_model or model
    info = EngineInfo(
        engine="remote",
        model=model,
        device="remote",
        compute_type="remote",
        encoder_context="full",
        # the server's weights have no sum here: its model's name, and what else changes its answers
        digest="?".join(filter(None, (served, settings.remote_fields))),
        versions={},
    )
    return RemoteEngine(server, info, settings)
