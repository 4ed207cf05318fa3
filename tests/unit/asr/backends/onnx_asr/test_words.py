import pytest

from app.asr.backends.onnx_asr.words import aligned_words, mean_logprob, probabilities_of, spelt_words


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ([" при", "вет", ",", " мир", "."], [" привет,", " мир."]),
        (["д", "а", " ", "н", "е", "т"], [" да", " нет"]),
        ([" ", "д", "а", " ", " ", "н", "у", " "], [" да", " ну"]),
        ([" Да", " ,", " —", " сказал", " он", " !"], [" Да,", " —", " сказал", " он!"]),
        ([" он", " «", "тут", "»", "?", "!"], [" он", " «тут»?!"]),
        (["5", "0", " %", " a", "<unk>", "b"], [" 50%", " a", " b"]),
        ([".", " a"], [" .", " a"]),
        ([" ", "<unk>"], []),
        ([], []),
    ],
)
def test_words_of_tokens(tokens: list[str], words: list[str]) -> None:
    assert [word.text for word in spelt_words(tokens)] == words


def aligned(tokens: list[str], times: list[float], seconds: float) -> list[tuple[str, float, float, float]]:
    probabilities = [0.5 + 0.1 * place for place in range(len(tokens))]
    return [
        (text, round(start, 3), round(end, 3), round(probability, 3))
        for text, start, end, probability in aligned_words(
            spelt_words(tokens), tokens, times, probabilities, seconds
        )
    ]


def test_words_last_until_their_last_letters_are_said() -> None:
    """What closes a sentence is written late, and is no sound."""
    found = aligned([" при", "вет", ",", " ", "м", "и", "р"], [0.4, 0.8, 1.6, 1.9, 2.0, 2.04, 2.08], 3.0)
    assert found == [(" привет,", 0.4, 1.01, 0.6), (" мир", 2.0, 2.15, 1.0)]


def test_words_end_before_the_next_and_within_the_sound() -> None:
    found = aligned([" очень", " да", " конечно"], [0.2, 0.3, 0.96], 1.0)
    assert [each[1:3] for each in found] == [(0.2, 0.3), (0.3, 0.44), (0.96, 1.0)]
    assert aligned([" a", " b"], [0.2, 1.2], 1.0)[1][1:3] == (1.0, 1.0)
    assert [each[1:3] for each in aligned([" a", " b"], [0.2, 0.2], 1.0)] == [(0.2, 0.2), (0.2, 0.27)]


def test_figures_of_tokens() -> None:
    assert probabilities_of([0.0, -0.693147, 0.2], 3) == pytest.approx([1.0, 0.5, 1.0])
    assert probabilities_of(None, 2) == probabilities_of([-3.0], 2) == [1.0, 1.0]
    assert mean_logprob([-1.0, -0.5]) == -0.75
    assert mean_logprob([]) == mean_logprob(None) == mean_logprob([7.0]) == 0.0
