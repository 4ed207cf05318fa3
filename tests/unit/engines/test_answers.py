import pytest

from app.engines.answers import Answer, Doubt, Loop, find_loop, without_loops

SPEECH = (
    " The quick brown fox jumps over a lazy dog while seven wizards quietly examine yellow boxes of jam and"
    " somebody near them hums an odd old tune about winter."
)


def _answer(text: str, *, logprob: float = -0.2, no_speech: float = 0.0) -> Answer:
    return Answer((1, 2), text, logprob, no_speech)


@pytest.mark.parametrize(
    ("text", "loop"),
    [
        (" Ah! Ah! Ah! Ah! Ah! Ah! Ah! Ah! Ah! then", Loop(0, 1, 9)),
        (" Now hold on, hold out. Hold on, hold out. Hold on, hold out. End.", Loop(1, 4, 3)),
        (" Нет, нет! нет, НЕТ нет. нет нет, нет", Loop(0, 1, 8)),
        (" He said ― ― ― ― ― ― ― ― ― ―", Loop(2, 1, 10)),
    ],
)
def test_loops_are_found(text: str, loop: Loop) -> None:
    assert find_loop(text) == loop


@pytest.mark.parametrize(
    "text", ["", " no no no no", " да да да да да", " one two three four five six seven eight nine ten"]
)
def test_what_people_say_is_no_loop(text: str) -> None:
    assert find_loop(text) is None
    assert without_loops(text) == text


def test_a_loop_is_said_once() -> None:
    text = " Well, hold on, hold out. Hold on, hold out. Hold on, hold out. Go go go go go go go go home."

    assert without_loops(text) == " Well, hold on, hold out. Go home."


@pytest.mark.parametrize(
    ("answer", "doubt"),
    [
        (_answer(" A calm sentence about the weather of today."), None),
        (_answer(""), None),
        (_answer(" thanks for watching" * 12), Doubt.REPETITIVE),
        (_answer(" la la la la la la la la"), Doubt.REPETITIVE),
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
