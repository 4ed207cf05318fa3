import pytest

from app.asr.hypothesis import Hypothesis, RejectReason

SPEECH = (
    " The quick brown fox jumps over a lazy dog while seven wizards quietly examine yellow boxes of jam and"
    " somebody near them hums an odd old tune about winter."
)


def _answer(text: str, *, logprob: float = -0.2, no_speech: float = 0.0) -> Hypothesis:
    return Hypothesis((1, 2), text, logprob, no_speech)


@pytest.mark.parametrize(
    ("hypothesis", "reason"),
    [
        (_answer(" A calm sentence about the weather of today."), None),
        (_answer(""), None),
        (_answer(" thanks for watching" * 12), RejectReason.REPETITIVE),
        (_answer(" la la la la la la la la"), RejectReason.REPETITIVE),
        (_answer("ご視聴ありがとうございました" * 3), RejectReason.REPETITIVE),
        (_answer(" Mumble.", logprob=-1.2), RejectReason.UNLIKELY),
        (_answer(SPEECH), RejectReason.TOO_MUCH),
    ],
)
def test_doubtful_answers_are_told(hypothesis: Hypothesis, reason: RejectReason | None) -> None:
    assert hypothesis.reject_reason(seconds=3) == reason


def test_much_text_is_possible_in_much_time() -> None:
    assert _answer(SPEECH).reject_reason(seconds=8) is None


@pytest.mark.parametrize(
    ("no_speech", "logprob", "noise"), [(0.9, -1.5, True), (0.9, -0.5, False), (0.1, -1.5, False)]
)
def test_noise_is_what_is_neither_speech_nor_likely(no_speech: float, logprob: float, noise: bool) -> None:
    assert _answer(" Thank you.", logprob=logprob, no_speech=no_speech).is_noise is noise
