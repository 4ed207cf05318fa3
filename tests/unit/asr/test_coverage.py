from collections.abc import Sequence

import numpy as np
import pytest

from app.asr.base import DecodeOptions, WindowRequest
from app.asr.coverage import (
    WindowDraft,
    fewer_gaps,
    fill_gaps,
    find_gaps,
    needs_words,
    uncovered,
)
from app.asr.fallback import DecodingResult
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.audio.samples import SAMPLE_RATE
from app.audio.windows import Window
from app.schemas.transcript import Span, Word
from tests.unit.asr.engines import whole_window

GOOD = Hypothesis((1,) * 8, " A sentence.", -0.3, 0.0)
UNLIKELY = Hypothesis((1,) * 8, " A sentence.", -1.4, 0.0)
NOISE = Hypothesis((1,), " Thank you.", -1.4, 0.9)


def _window(seconds: float, *speech: tuple[float, float], start: float = 100.0) -> Window:
    return whole_window(np.zeros(round(seconds * SAMPLE_RATE), np.float32), *speech, start=start)


def _words(*times: tuple[float, float], text: str = " word") -> tuple[Word, ...]:
    return tuple(Word(start=start, end=end, word=text, probability=0.9) for start, end in times)


def _spoken(start: float, end: float) -> tuple[Word, ...]:
    """A word each half second."""
    return _words(*((float(each), float(each) + 0.5) for each in np.arange(start, end, 0.5)))


def _draft(window: Window, hypothesis: Hypothesis, words: Sequence[Word] | None) -> WindowDraft:
    result = DecodingResult(hypothesis, "en", Languages({"en": 0.9}))
    request = WindowRequest(window, DecodeOptions())
    return WindowDraft(request, result, None if words is None else tuple(words))


def test_speech_between_words_is_a_gap() -> None:
    window = _window(12, (100, 103), (104, 107), (108, 112))

    assert find_gaps(window, [*_spoken(100, 103), *_spoken(108, 112)]) == (Span(start=104, end=107),)


def test_pauses_between_words_are_none() -> None:
    window = _window(12, (100, 103), (108, 112))

    assert find_gaps(window, [*_spoken(100, 103), *_spoken(108, 112)]) == ()


def test_a_gap_goes_on_over_pauses_in_which_nothing_is_written() -> None:
    window = _window(12, (100, 101), (103, 104), (105, 106), (107, 112))

    assert find_gaps(window, _spoken(109, 112)) == (Span(start=100, end=108.8),)


def test_a_hesitation_is_no_gap() -> None:
    window = _window(6, (100, 106))

    assert find_gaps(window, [*_spoken(100, 103), *_spoken(104, 106)]) == ()


def test_a_word_that_alignment_stretches_over_a_gap_does_not_cover_it() -> None:
    window = _window(10, (100, 110))
    words = [*_spoken(100, 103), *_words((103, 107)), *_spoken(107, 110)]

    [gap] = find_gaps(window, words)

    assert (gap.start, gap.end) == pytest.approx((103.2, 106.2))


def test_noise_is_one_gap_and_unaligned_words_are_believed() -> None:
    window = _window(5, (100.5, 104.5))

    assert _draft(window, NOISE, _spoken(100, 105)).gaps == (Span(start=100.5, end=104.5),)
    assert _draft(window, GOOD, None).gaps == ()


@pytest.mark.parametrize(
    ("probability", "end", "is_noise"), [(0.01, 101.0, True), (0.01, 105.0, False), (0.9, 101.0, False)]
)
def test_words_that_are_found_nowhere_are_noise(probability: float, end: float, is_noise: bool) -> None:
    """ "you" in a hum: unlikely, and hardly anything is covered."""
    words = [word.model_copy(update={"probability": probability}) for word in _spoken(100.5, end)]

    assert _draft(_window(5, (100.5, 104.5)), GOOD, words).is_noise is is_noise


def test_words_are_aligned_where_they_are_few_for_the_speech() -> None:
    window = _window(5, (100.5, 104.5))

    twelve, eleven = (
        Hypothesis((1,) * 12, " Twelve tokens.", -0.3, 0.0),
        Hypothesis((1,) * 11, " Eleven.", -0.3, 0.0),
    )
    assert not needs_words(WindowRequest(window, DecodeOptions()), twelve)
    assert needs_words(WindowRequest(window, DecodeOptions()), eleven)
    assert needs_words(WindowRequest(window, DecodeOptions(word_timestamps=True)), twelve)
    short = WindowRequest(_window(5, (100.0, 100.7)), DecodeOptions())
    assert not needs_words(short, Hypothesis((1,), " Yes.", -0.3, 0.0))


def test_the_draft_with_smaller_gaps_counts() -> None:
    window = _window(10, (100, 110))
    less, more = _draft(window, GOOD, _spoken(100, 104)), _draft(window, GOOD, _spoken(100, 108))

    assert fewer_gaps(less, more) is more
    assert fewer_gaps(more, less) is more
    assert fewer_gaps(less, _draft(window, UNLIKELY, _spoken(100, 110))) is less


class _Decoder:
    """Answers the same whatever it hears, a word each half second of that share; notes what it was asked."""

    def __init__(self, hypothesis: Hypothesis, share: float = 1.0, probability: float = 0.9) -> None:
        self.windows: list[Window] = []
        self._answer = hypothesis
        self._share = share
        self._probability = probability

    def __call__(self, request: WindowRequest) -> WindowDraft:
        self.windows.append(request.window)
        assert request.expected == "en"
        start, end = request.window.start, request.window.end
        words = _spoken(start, start + self._share * (end - start))
        return _draft(
            request.window,
            self._answer,
            [word.model_copy(update={"probability": self._probability}) for word in words],
        )


def test_a_gap_is_decoded_by_itself_with_the_silence_around_it() -> None:
    window = _window(20, (100, 104), (106, 110), (110.3, 120))
    draft = _draft(window, GOOD, [*_spoken(100, 104), *_spoken(110.3, 120)])
    decoder = _Decoder(GOOD)

    filled, [insert] = fill_gaps(draft, decoder)

    assert [(each.start, each.end) for each in decoder.windows] == [pytest.approx((105.4, 110.3))]
    assert decoder.windows[0].voiced == ((106, 110),)
    assert uncovered(draft, []) == (Span(start=106, end=110),)
    assert uncovered(filled, [insert]) == ()


def test_words_that_were_stretched_over_a_gap_are_put_right() -> None:
    window = _window(10, (100, 110))
    draft = _draft(window, GOOD, [*_spoken(100, 103), *_words((103, 107)), *_spoken(107, 110)])

    filled, _ = fill_gaps(draft, _Decoder(GOOD))

    assert filled.words is not None
    assert filled.words[6].start == pytest.approx(106.4)
    assert [word.start for word in filled.words] == sorted(word.start for word in filled.words)


@pytest.mark.parametrize(
    "decoder",
    [
        _Decoder(NOISE),
        _Decoder(UNLIKELY),
        _Decoder(Hypothesis((), "", -0.1, 0.0), share=0.0),
        _Decoder(GOOD, share=0.2),
        _Decoder(GOOD, probability=0.01),
    ],
)
def test_what_is_not_to_be_believed_stays_a_gap(decoder: _Decoder) -> None:
    window = _window(20, (100, 104), (106, 110), (112, 120))
    draft = _draft(window, GOOD, [*_spoken(100, 104), *_spoken(112, 120)])

    filled, inserts = fill_gaps(draft, decoder)

    assert (filled, inserts) == (draft, [])
    assert uncovered(filled, inserts) == (Span(start=106, end=110),)


def test_a_window_without_any_word_is_not_decoded_again() -> None:
    window = _window(5, (100.4, 104.6))
    decoder = _Decoder(GOOD)

    assert fill_gaps(_draft(window, Hypothesis((), "", -0.1, 0.0), ()), decoder)[1] == []
    assert decoder.windows == []


def test_an_insert_that_misses_half_of_its_gap_leaves_the_rest_uncovered() -> None:
    window = _window(20, (100, 104), (106, 110), (112, 120))
    draft = _draft(window, GOOD, [*_spoken(100, 104), *_spoken(112, 120)])
    half = _draft(window.part(5.4, 10.6), GOOD, _spoken(106, 108))

    assert uncovered(draft, [half]) == (Span(start=108.2, end=110),)
