from app.engines.answers import Answer
from app.engines.gate import DIVISIBLE_SECONDS, TEMPERATURES, is_divided, mended
from tests.unit.engines.engines import request

GOOD = Answer((1,), " A sentence.", -0.3, 0.0)
LOOP = Answer((1,), " la" * 12, -0.2, 0.0)
OTHER_LOOP = Answer((1,), " lo" * 12, -0.1, 0.0)
UNLIKELY = Answer((1,), " Something else.", -1.4, 0.0)
CUT_SHORT = Answer((1,), " A sentence that", -0.3, 0.0, cut_short=True)
NOISE = Answer((1,), " Thank you.", -1.4, 0.9)


class _Decoder:
    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.temperatures: list[float] = []

    def __call__(self, temperature: float) -> Answer:
        self.temperatures.append(temperature)
        return self.answers.pop(0)


def test_a_good_answer_costs_nothing() -> None:
    assert mended(GOOD, 5, _Decoder()) == (GOOD, 0)


def test_a_doubtful_one_is_decoded_until_one_is_believed() -> None:
    decoder = _Decoder(LOOP, UNLIKELY, GOOD)

    assert mended(LOOP, 5, decoder) == (GOOD, 3)
    assert decoder.temperatures == list(TEMPERATURES[:3])


def test_noise_is_believed_only_on_full_context() -> None:
    assert mended(NOISE, 5, _Decoder(GOOD)) == (GOOD, 1)
    assert mended(NOISE, 5, _Decoder(NOISE)) == (NOISE, 1)


def test_where_none_is_believed_the_likeliest_that_does_not_loop_counts() -> None:
    decoder = _Decoder(LOOP, OTHER_LOOP, UNLIKELY, LOOP, LOOP, LOOP)

    assert mended(LOOP, 5, decoder) == (UNLIKELY, len(TEMPERATURES))


def test_an_answer_without_its_end_is_decoded_again_with_more_room() -> None:
    assert mended(CUT_SHORT, 5, _Decoder(GOOD)) == (GOOD, 1)


def test_no_temperature_gives_more_room() -> None:
    decoder = _Decoder(CUT_SHORT)

    assert mended(CUT_SHORT, 5, decoder) == (CUT_SHORT, 1)
    assert decoder.temperatures == [0.0]


def test_only_long_windows_without_an_end_are_divided() -> None:
    long, short = request(seconds=DIVISIBLE_SECONDS + 1), request(seconds=DIVISIBLE_SECONDS - 1)

    assert is_divided(long, CUT_SHORT)
    assert not is_divided(short, CUT_SHORT)
    assert not is_divided(long, GOOD)
