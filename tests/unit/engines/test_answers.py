import pytest

from app.engines.answers import Answer, Doubt

SPEECH = (
    " The quick brown fox jumps over a lazy dog while seven wizards quietly examine yellow boxes of jam and"
    " somebody near them hums an odd old tune about winter."
)


def _answer(text: str, *, logprob: float = -0.2, no_speech: float = 0.0) -> Answer:
    return Answer((1, 2), text, logprob, no_speech)


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (_answer(" A calm sentence about the weather of today."), None),
        (_answer(""), None),
        (_answer(" thanks for watching" * 12), Doubt.REPETITIVE),
        (_answer(" la la la la la la la la"), Doubt.REPETITIVE),
        (_answer("ご視聴ありがとうございました" * 3), Doubt.REPETITIVE),
        (_answer(" Mumble.", logprob=-1.2), Doubt.UNLIKELY),
        (_answer(SPEECH), Doubt.TOO_MUCH),
    ],
)
def test_doubtful_answers_are_told(answer: Answer, doubt: Doubt | None) -> None:
    assert answer.doubt(seconds=3) == doubt


def test_much_text_is_possible_in_much_time() -> None:
    assert _answer(SPEECH).doubt(seconds=8) is None


@pytest.mark.parametrize(
    ("no_speech", "logprob", "noise"), [(0.9, -1.5, True), (0.9, -0.5, False), (0.1, -1.5, False)]
)
def test_noise_is_what_is_neither_speech_nor_likely(no_speech: float, logprob: float, noise: bool) -> None:
    assert _answer(" Thank you.", logprob=logprob, no_speech=no_speech).is_noise is noise
