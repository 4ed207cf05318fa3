from dataclasses import replace

import pytest

from app.asr.base import DecodeOptions
from app.asr.fallback import (
    DIVISIBLE_SECONDS,
    TEMPERATURES,
    DecodingResult,
    decode_best_language,
    decode_with_fallback,
    must_split,
)
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from tests.unit.asr.engines import request

GOOD = Hypothesis((1,), " A sentence.", -0.3, 0.0)
LOOP = Hypothesis((1,), " la" * 12, -0.2, 0.0)
OTHER_LOOP = Hypothesis((1,), " lo" * 12, -0.1, 0.0)
UNLIKELY = Hypothesis((1,), " Something else.", -1.4, 0.0)
CUT_SHORT = Hypothesis((1,), " A sentence that", -0.3, 0.0, cut_short=True)
NOISE = Hypothesis((1,), " Thank you.", -1.4, 0.9)
UNSURE = Languages({"ar": 0.4, "en": 0.3})


def _in_english(hypothesis: Hypothesis) -> DecodingResult:
    return DecodingResult(hypothesis, "en", Languages({"en": 0.9}))


class _Decoder:
    """Gives these hypotheses in turn, all in English."""

    def __init__(self, *hypotheses: Hypothesis) -> None:
        self.hypotheses = list(hypotheses)
        self.temperatures: list[float] = []

    def __call__(self, last: DecodingResult, temperature: float) -> DecodingResult:
        self.temperatures.append(temperature)
        return _in_english(self.hypotheses.pop(0))


def _with_fallback(first: Hypothesis, decoder: _Decoder) -> tuple[Hypothesis, int]:
    result, retries = decode_with_fallback(_in_english(first), 5, decoder)
    return result.hypothesis, retries


def test_a_good_answer_costs_nothing() -> None:
    assert _with_fallback(GOOD, _Decoder()) == (GOOD, 0)


def test_a_rejected_hypothesis_is_decoded_until_one_passes() -> None:
    decoder = _Decoder(LOOP, UNLIKELY, GOOD)

    assert _with_fallback(LOOP, decoder) == (GOOD, 3)
    assert decoder.temperatures == list(TEMPERATURES[:3])


def test_noise_counts_only_on_full_context() -> None:
    assert _with_fallback(NOISE, _Decoder(GOOD)) == (GOOD, 1)
    assert _with_fallback(NOISE, _Decoder(NOISE)) == (NOISE, 1)


def test_where_none_passes_the_likeliest_that_does_not_loop_counts() -> None:
    decoder = _Decoder(LOOP, OTHER_LOOP, UNLIKELY, LOOP, LOOP, LOOP)

    assert _with_fallback(LOOP, decoder) == (UNLIKELY, len(TEMPERATURES))


def test_what_was_heard_with_all_its_silence_counts_more_than_the_first_answer() -> None:
    less_likely = replace(UNLIKELY, avg_logprob=-1.5)

    assert _with_fallback(UNLIKELY, _Decoder(less_likely, *[LOOP] * 5)) == (less_likely, len(TEMPERATURES))


def test_an_answer_keeps_its_language() -> None:
    first = DecodingResult(UNLIKELY, "ar", UNSURE)
    decoder = _Decoder(*[LOOP] * len(TEMPERATURES))

    assert decode_with_fallback(first, 5, decoder) == (first, len(TEMPERATURES)), "the others were in English"


def test_an_answer_without_its_end_is_decoded_again_with_more_room() -> None:
    assert _with_fallback(CUT_SHORT, _Decoder(GOOD)) == (GOOD, 1)


def test_no_temperature_gives_more_room() -> None:
    decoder = _Decoder(CUT_SHORT)

    assert _with_fallback(CUT_SHORT, decoder) == (CUT_SHORT, 1)
    assert decoder.temperatures == [0.0]


@pytest.mark.parametrize(
    ("expected", "translate", "heard"),
    [
        (None, False, DecodingResult(GOOD, "en", Languages({"en": 0.7}))),
        ("de", False, DecodingResult(UNLIKELY, "de", UNSURE)),
        (None, True, DecodingResult(UNLIKELY, "ar", UNSURE)),
    ],
)
def test_where_the_language_is_not_clear_the_text_tells(
    expected: str | None, translate: bool, heard: DecodingResult
) -> None:
    asked = replace(request(), expected=expected, options=DecodeOptions(translate=translate))

    assert (
        decode_best_language(asked, UNSURE, {"ar": UNLIKELY, "de": UNLIKELY, "en": GOOD}.__getitem__) == heard
    )


def test_a_known_answer_is_not_asked_for_again() -> None:
    heard = decode_best_language(request(), UNSURE, {"en": UNLIKELY}.__getitem__, GOOD)

    assert heard == DecodingResult(GOOD, "ar", Languages({"ar": 0.7}))


def test_only_long_windows_without_an_end_are_divided() -> None:
    long, short = request(seconds=DIVISIBLE_SECONDS + 1), request(seconds=DIVISIBLE_SECONDS - 1)

    assert must_split(long, CUT_SHORT)
    assert not must_split(short, CUT_SHORT)
    assert not must_split(long, GOOD)
