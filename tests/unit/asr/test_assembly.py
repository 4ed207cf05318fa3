import numpy as np
import pytest

from app.asr.assembly import split_and_transcribe, window_transcript
from app.asr.base import DecodeOptions, WindowRequest
from app.asr.coverage import WindowDraft
from app.asr.fallback import DecodingResult
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.audio.samples import SAMPLE_RATE
from app.audio.windows import Window
from app.schemas.transcript import Span, Word
from app.schemas.window import WindowTranscript
from tests.unit.asr.engines import request, whole_window


def _draft(
    window: Window | WindowRequest, text: str, language: str, *words: tuple[str, float]
) -> WindowDraft:
    """A draft with words of a third of a second, which begin at these times; without any, none are known."""
    hypothesis = Hypothesis((1,) * len(text.split()), text, -0.3, 0.0)
    timed = tuple(Word(start=start, end=start + 0.3, word=word, probability=0.9) for word, start in words)
    asked = window if isinstance(window, WindowRequest) else WindowRequest(window, DecodeOptions())
    return WindowDraft(asked, DecodingResult(hypothesis, language, Languages({language: 0.9})), timed or None)


@pytest.mark.parametrize("language", [None, "en"])
def test_languages_are_told_where_none_was_given(language: str | None) -> None:
    transcript = window_transcript(_draft(request(language=language), " A sentence.", "en"), retries=0)

    assert transcript.language == "en"
    assert transcript.languages == ({} if language else {"en": 0.9})


def test_what_was_said_in_a_gap_is_put_in_its_place() -> None:
    samples = np.zeros(9 * SAMPLE_RATE, np.float32)
    spans = (100.0, 101.0), (103.0, 104.0), (105.0, 106.0)
    window = whole_window(samples, *spans, start=100.0)
    draft = _draft(window, " One three", "en", (" One", 100.2), (" three", 105.2))
    insert = _draft(window.part(2.5, 4.5), " zwei", "de", (" zwei", 103.2))

    transcript = window_transcript(draft, 1, [insert])

    assert transcript.text == " One zwei three"
    assert [(each.id, each.start, each.language) for each in transcript.segments] == [
        (0, 100.2, "en"),
        (1, 103.2, "de"),
        (2, 105.2, "en"),
    ]
    assert (transcript.speech, transcript.uncovered) == (3.0, ())


def test_speech_without_words_is_named() -> None:
    window = whole_window(np.zeros(9 * SAMPLE_RATE, np.float32), (0.0, 1.0), (3.0, 6.0))

    transcript = window_transcript(_draft(window, " One", "en", (" One", 0.6)), retries=1)

    assert transcript.uncovered == (Span(start=3, end=6),)


def test_noise_says_nothing() -> None:
    noise = DecodingResult(Hypothesis((1,), " Thank you.", -1.4, 0.9), "en", Languages({"en": 0.9}))

    transcript = window_transcript(WindowDraft(request(seconds=3.0), noise, None), 1)

    assert (transcript.text, transcript.noise) == ("", True)
    assert transcript.uncovered == (Span(start=0, end=3),)


def test_halves_are_joined() -> None:
    def transcribe(requests: list[WindowRequest]) -> list[WindowTranscript]:
        return [
            window_transcript(_draft(each, f" Half at {each.window.start:.0f}.", "en"), retries=1)
            for each in requests
        ]

    transcript = split_and_transcribe(request(seconds=10.0), "en", transcribe)

    assert transcript.text == " Half at 0. Half at 5."
    assert [segment.id for segment in transcript.segments] == [0, 1]
    assert (transcript.retries, transcript.speech, transcript.end) == (3, 10.0, 10.0)
