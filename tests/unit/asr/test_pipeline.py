"""The pipeline: which stages a batch goes through, in which order, and what comes of it."""

import gc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from app.asr.backend import DecodingPass, Utterance
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.hypothesis import Hypothesis
from app.asr.pipeline import WhisperPipeline
from app.asr.stages import StageClock
from app.core.errors import DeviceLost, EngineFailed, OutOfDeviceMemory
from app.schemas.transcript import Span
from tests.unit.asr.engines import request
from tests.unit.asr.scripted_backend import Encoded, ScriptedBackend, Write, written

LOOP = Hypothesis((1,) * 20, " la" * 20, -0.1, 0.0)


def enough(window: WindowRequest) -> Hypothesis:
    """Words in all of the window, as many as speech has."""
    return written(*np.arange(0.0, window.window.seconds - 0.4, 0.25))


def good(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
    """What passes all checks at once."""
    return enough(utterance.request)


def pipeline(backend: ScriptedBackend, *, covers: bool = True) -> WhisperPipeline[Encoded]:
    return WhisperPipeline(backend, StageClock(), covers=covers)


def asked(number: int = 0, seconds: float = 5.0, **options: object) -> WindowRequest:
    return replace(request(number, seconds), options=DecodeOptions(**options))  # type: ignore[arg-type]


def test_a_batch_goes_through_the_stages_once() -> None:
    backend = ScriptedBackend(good)

    transcripts = pipeline(backend).transcribe([asked(0), asked(1)])

    assert backend.calls == [("encode", 0, 1), ("detect", 0, 1), ("decode", 0, 1)]
    assert [each.number for each in transcripts] == [0, 1]
    assert all(each.text.startswith(" w0 w2") for each in transcripts)
    assert [(each.retries, each.language, each.languages) for each in transcripts] == [
        (0, "en", {"en": 0.9})
    ] * 2


@pytest.mark.parametrize(
    ("device", "aligned"), [("cpu", [("align", 0), ("align", 1)]), ("cuda", [("align", 0, 1)])]
)
def test_words_are_aligned_if_they_are_wanted(device: str, aligned: list[tuple[object, ...]]) -> None:
    """Together on a device, one by one on a processor."""
    backend = ScriptedBackend(good, device)

    transcripts = pipeline(backend).transcribe(
        [asked(0, word_timestamps=True), asked(1, word_timestamps=True)]
    )

    assert backend.calls[3:] == aligned
    words = [word for each in transcripts for segment in each.segments for word in segment.words or ()]
    assert [word.start for word in words[:2]] == [0.0, 0.2]


def test_windows_in_different_languages_are_aligned_apart() -> None:
    backend = ScriptedBackend(good, "cuda")
    batch = [asked(number, language=name) for number, name in enumerate(("en", "de", "en"))]

    pipeline(backend).transcribe(
        [replace(each, options=replace(each.options, word_timestamps=True)) for each in batch]
    )

    assert backend.calls[2:] == [("align", 0, 2), ("align", 1)]


def test_only_windows_without_a_language_are_listened_to() -> None:
    backend = ScriptedBackend(good)

    given, detected = pipeline(backend).transcribe([asked(0, language="de"), asked(1)])

    assert backend.calls[1] == ("detect", 1)
    assert (given.language, given.languages) == ("de", {})
    assert (detected.language, detected.languages) == ("en", {"en": 0.9})


def test_a_model_of_english_alone_detects_nothing() -> None:
    backend = ScriptedBackend(good, is_multilingual=False)

    [transcript] = pipeline(backend).transcribe([asked()])

    assert backend.calls == [("encode", 0), ("decode", 0)]
    assert transcript.language == "en"


def test_a_language_that_makes_no_sense_gives_way_to_the_next() -> None:
    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        words = enough(utterance.request)
        return replace(words, avg_logprob=-1.4) if utterance.language == "ar" else words

    backend = ScriptedBackend(write, languages={"ar": 0.4, "en": 0.3, "cy": 0.04})

    [transcript] = pipeline(backend).transcribe([asked()])

    assert backend.calls[2:] == [("decode", 0), ("decode again", 0)]
    assert (transcript.language, transcript.languages) == ("en", {"en": 0.7})


def until(temperature: float, *numbers: int) -> Write:
    """Windows of these numbers loop until that temperature; the others are good at once."""

    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        is_bad = utterance.request.window.number in numbers and how.temperature < temperature
        return LOOP if is_bad else replace(enough(utterance.request), temperature=how.temperature)

    return write


def test_a_processor_decodes_doubtful_windows_again_one_by_one() -> None:
    backend = ScriptedBackend(until(0.4, 0, 2))

    transcripts = pipeline(backend).transcribe([asked(number) for number in range(3)])

    again = [
        [("encode fully", number), ("detect", number), ("decode again", number)]
        + [(f"sample at {temperature}", number) for temperature in (0.2, 0.4)]
        for number in (0, 2)
    ]
    assert backend.calls[3:] == [*again[0], *again[1]]
    assert [each.retries for each in transcripts] == [3, 0, 3]
    assert [each.segments[0].temperature for each in transcripts] == [0.4, 0.0, 0.4]


def test_a_device_decodes_doubtful_windows_again_together() -> None:
    write = until(0.4, 0, 2)

    def only_one_is_hard(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        is_easy = utterance.request.window.number == 0 and how.temperature > 0
        return enough(utterance.request) if is_easy else write(utterance, how, states)

    backend = ScriptedBackend(only_one_is_hard, "cuda")

    transcripts = pipeline(backend).transcribe([asked(number) for number in range(3)])

    assert backend.calls[3:] == [
        ("encode fully", 0, 2),
        ("detect", 0, 2),
        ("decode again", 0, 2),
        ("sample at 0.2", 0, 2),
        ("sample at 0.4", 2),
    ]
    assert [each.retries for each in transcripts] == [2, 0, 3]


def test_what_has_all_its_context_is_not_encoded_again() -> None:
    backend = ScriptedBackend(until(0.2, 0), has_full_context=True)

    [transcript] = pipeline(backend).transcribe([asked()])

    assert [call for call in backend.calls if call[0] in ("encode", "encode fully")] == [("encode", 0)]
    assert transcript.retries == 2


def test_where_nothing_passes_the_ladder_ends() -> None:
    backend = ScriptedBackend(until(9.9, 0))

    [transcript] = pipeline(backend).transcribe([asked()])

    assert backend.calls[-1] == ("sample at 1", 0)
    assert transcript.retries == 6
    assert transcript.text == " la", "a loop is said once"


def test_who_asks_for_samples_gets_them_from_the_start() -> None:
    backend = ScriptedBackend(good, languages={"ar": 0.4, "en": 0.3})

    [transcript] = pipeline(backend).transcribe([asked(temperature=0.4)])

    assert backend.calls == [("encode", 0), ("detect", 0), ("sample at 0.4", 0)]
    assert transcript.language == "ar"


def half(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
    """Nothing of the second half of ten seconds, unless times are written."""
    assert not (how.has_time_tokens and utterance.request.options.prompt), "it may be why words are missing"
    end = 10.0 if how.has_time_tokens else 5.0
    return written(*np.arange(0.0, end, 0.5))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_windows_with_speech_that_has_no_words_are_decoded_with_times(device: str) -> None:
    backend = ScriptedBackend(half, device)

    transcripts = pipeline(backend).transcribe([asked(number, 10.0, prompt="Dear all,") for number in (0, 1)])

    groups = [(0,), (1,)] if device == "cpu" else [(0, 1)]
    first = [("align", *group) for group in groups]
    again = [(call, *group) for group in groups for call in ("encode fully", "decode with times", "align")]
    assert backend.calls[3:] == [*first, *again]
    assert [(each.retries, each.uncovered) for each in transcripts] == [(1, ())] * 2
    assert all(each.text.endswith(" w95") for each in transcripts)


def test_coverage_may_be_left_out() -> None:
    [transcript] = pipeline(ScriptedBackend(half), covers=False).transcribe([asked(0, 10.0)])

    assert transcript.retries == 0
    assert transcript.uncovered == (Span(start=5.1, end=10.0),)


def test_what_times_do_not_find_is_decoded_by_itself() -> None:
    windows: list[tuple[float, float]] = []

    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        window = utterance.request.window
        windows.append((round(window.start, 1), round(window.end, 1)))
        return written(*np.arange(0.0, 5.0 if window.seconds > 6 else window.seconds - 0.4, 0.5))

    backend = ScriptedBackend(write)

    [transcript] = pipeline(backend).transcribe([asked(0, 10.0)])

    assert windows == [(0.0, 10.0), (0.0, 10.0), (4.9, 10.0)]
    assert transcript.uncovered == ()
    assert transcript.retries == 1
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    assert len(starts) > 1


def test_a_window_with_more_text_than_fits_is_split() -> None:
    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        found = enough(utterance.request)
        return replace(found, cut_short=utterance.request.window.seconds > 9)

    backend = ScriptedBackend(write)

    [transcript] = pipeline(backend).transcribe([asked(0, 10.0)])

    decoded = [call[0] for call in backend.calls if str(call[0]).startswith("decode")]
    assert decoded == ["decode", "decode again", "decode", "decode"], "whole, with more room, two halves"
    assert (transcript.start, transcript.end, transcript.retries) == (0.0, 10.0, 1)
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))


def test_what_repeats_its_prompt_is_decoded_without() -> None:
    said = enough(asked()).text.strip()

    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        words = enough(utterance.request)
        return words if utterance.request.options.prompt else replace(words, text=" Something else.")

    [transcript] = pipeline(ScriptedBackend(write)).transcribe([asked(prompt=f"{said} and more")])

    assert transcript.text == " Something else."


def failing(error: Exception) -> Write:
    def write(utterance: Utterance, how: DecodingPass, states: Encoded) -> Hypothesis:
        raise error

    return write


def test_memory_is_given_back_where_there_was_too_little() -> None:
    backend = ScriptedBackend(failing(RuntimeError("CUDA out of memory")), "cuda")

    with pytest.raises(OutOfDeviceMemory):
        pipeline(backend).transcribe([asked()])

    assert backend.calls[-2:] == [("probe",), ("free",)]


def encoded_alive() -> list[Encoded]:
    """`isinstance` would ask each object for its class, at which some of torch's warn."""
    return [each for each in gc.get_objects() if type(each) is Encoded]


def test_what_a_failed_batch_held_is_gone_when_memory_is_given_back() -> None:
    """The error's traceback has the calls that hold states: these would not be given back."""
    alive: list[Encoded] = []
    before = {id(each) for each in encoded_alive()}  # other tests' failures may hold some

    class Full(ScriptedBackend):
        def join(self, states: Sequence[Encoded]) -> Encoded:
            raise RuntimeError("CUDA out of memory")

        def free(self) -> None:
            alive.extend(each for each in encoded_alive() if id(each) not in before)
            self.calls.append(("free",))

    backend = Full(until(0.4, 0, 1), "cuda")
    with pytest.raises(OutOfDeviceMemory):
        pipeline(backend).transcribe([asked(0), asked(1)])

    assert backend.calls[-3:] == [("decode again", 0, 1), ("probe",), ("free",)]
    assert not alive


def test_a_device_that_fails_its_probe_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: ScriptedBackend) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(ScriptedBackend, "probe", fails)
    lost, processor = (
        pipeline(ScriptedBackend(failing(RuntimeError("some failure")), device)) for device in ("cuda", "cpu")
    )

    with pytest.raises(DeviceLost):
        lost.transcribe([asked()])
    with pytest.raises(EngineFailed) as failed:
        processor.transcribe([asked()])
    assert type(failed.value) is EngineFailed


def test_the_rest_is_the_backends() -> None:
    backend = ScriptedBackend(good, "cuda", decode_workers=3)
    engine = pipeline(backend)

    assert (engine.info, engine.decode_workers, engine.max_batch(asked())) == (backend.info, 3, 8)
    assert engine.group(asked(language="en")) == DecodeOptions(language="en")
    engine.close()
    assert backend.calls == [("close",)]
