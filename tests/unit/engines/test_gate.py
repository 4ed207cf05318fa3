from dataclasses import replace

import pytest

from app.engines.answers import Answer
from app.engines.base import DecodeOptions
from app.engines.detection import Languages
from app.engines.gate import (
    DIVISIBLE_SECONDS,
    TEMPERATURES,
    Hearing,
    heard_in_likeliest,
    is_divided,
    mended,
)
from tests.unit.engines.engines import request

GOOD = Answer((1,), " A sentence.", -0.3, 0.0)
LOOP = Answer((1,), " la" * 12, -0.2, 0.0)
OTHER_LOOP = Answer((1,), " lo" * 12, -0.1, 0.0)
UNLIKELY = Answer((1,), " Something else.", -1.4, 0.0)
CUT_SHORT = Answer((1,), " A sentence that", -0.3, 0.0, cut_short=True)
NOISE = Answer((1,), " Thank you.", -1.4, 0.9)
UNSURE = Languages({"ar": 0.4, "en": 0.3})


def _in_english(answer: Answer) -> Hearing:
    return Hearing(answer, "en", Languages({"en": 0.9}))


class _Decoder:
    """Gives these answers in turn, all in English."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.temperatures: list[float] = []

    def __call__(self, last: Hearing, temperature: float) -> Hearing:
        self.temperatures.append(temperature)
        return _in_english(self.answers.pop(0))


def _mended(first: Answer, decoder: _Decoder) -> tuple[Answer, int]:
    hearing, retries = mended(_in_english(first), 5, decoder)
    return hearing.answer, retries


def test_a_good_answer_costs_nothing() -> None:
    assert _mended(GOOD, _Decoder()) == (GOOD, 0)


def test_a_doubtful_one_is_decoded_until_one_is_believed() -> None:
    decoder = _Decoder(LOOP, UNLIKELY, GOOD)

    assert _mended(LOOP, decoder) == (GOOD, 3)
    assert decoder.temperatures == list(TEMPERATURES[:3])


def test_noise_is_believed_only_on_full_context() -> None:
    assert _mended(NOISE, _Decoder(GOOD)) == (GOOD, 1)
    assert _mended(NOISE, _Decoder(NOISE)) == (NOISE, 1)


def test_where_none_is_believed_the_likeliest_that_does_not_loop_counts() -> None:
    decoder = _Decoder(LOOP, OTHER_LOOP, UNLIKELY, LOOP, LOOP, LOOP)

    assert _mended(LOOP, decoder) == (UNLIKELY, len(TEMPERATURES))


def test_what_was_heard_with_all_its_silence_counts_more_than_the_first_answer() -> None:
    less_likely = replace(UNLIKELY, avg_logprob=-1.5)

    assert _mended(UNLIKELY, _Decoder(less_likely, *[LOOP] * 5)) == (less_likely, len(TEMPERATURES))


def test_an_answer_keeps_its_language() -> None:
    first = Hearing(UNLIKELY, "ar", UNSURE)
    decoder = _Decoder(*[LOOP] * len(TEMPERATURES))

    assert mended(first, 5, decoder) == (first, len(TEMPERATURES)), "the others were in English"


def test_an_answer_without_its_end_is_decoded_again_with_more_room() -> None:
    assert _mended(CUT_SHORT, _Decoder(GOOD)) == (GOOD, 1)


def test_no_temperature_gives_more_room() -> None:
    decoder = _Decoder(CUT_SHORT)

    assert _mended(CUT_SHORT, decoder) == (CUT_SHORT, 1)
    assert decoder.temperatures == [0.0]


@pytest.mark.parametrize(
    ("expected", "translate", "heard"),
    [
        (None, False, Hearing(GOOD, "en", Languages({"en": 0.7}))),
        ("de", False, Hearing(UNLIKELY, "de", UNSURE)),
        (None, True, Hearing(UNLIKELY, "ar", UNSURE)),
    ],
)
def test_where_the_language_is_not_clear_the_text_tells(
    expected: str | None, translate: bool, heard: Hearing
) -> None:
    asked = replace(request(), expected=expected, options=DecodeOptions(translate=translate))

    assert (
        heard_in_likeliest(asked, UNSURE, {"ar": UNLIKELY, "de": UNLIKELY, "en": GOOD}.__getitem__) == heard
    )


def test_a_known_answer_is_not_asked_for_again() -> None:
    heard = heard_in_likeliest(request(), UNSURE, {"en": UNLIKELY}.__getitem__, GOOD)

    assert heard == Hearing(GOOD, "ar", Languages({"ar": 0.7}))


def test_only_long_windows_without_an_end_are_divided() -> None:
    long, short = request(seconds=DIVISIBLE_SECONDS + 1), request(seconds=DIVISIBLE_SECONDS - 1)

    assert is_divided(long, CUT_SHORT)
    assert not is_divided(short, CUT_SHORT)
    assert not is_divided(long, GOOD)
