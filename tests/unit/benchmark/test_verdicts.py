"""What the report says in words is what a stranger needs to choose."""

from dataclasses import replace

import pytest

from benchmark.evaluation import Evaluation, evaluate
from benchmark.results import Measurement, Variant, VariantScore
from benchmark.scoring import score
from benchmark.verdicts import settings_lines, verdicts

from .figures import transcription

SAID = "the cat sat on the mat and the dog lay under the table"


def _score(
    model: str, *, wrong: int, seconds: float, compute_type: str | None = None, recordings: int = 12
) -> VariantScore:
    """Of so many recordings, with one word heard wrongly in some, at this speed."""
    texts = [SAID.replace("cat", "rat")] * wrong + [SAID] * (recordings - wrong)
    done = tuple(transcription(f"{number}.wav", text, seconds) for number, text in enumerate(texts))
    variant = Variant(model, "faster-whisper", compute_type)
    measurement = Measurement(variant, done, device="cpu", compute_type="int8", peak_memory_mb=321.0)
    return score(measurement, dict.fromkeys((each.name for each in done), SAID), None)


def _said(*scores: VariantScore) -> str:
    return "\n".join(verdicts(evaluate((), scores, (), None)))


def test_of_those_that_are_as_good_the_fastest_is_recommended_with_its_cost_and_settings() -> None:
    scores = (
        _score("small", wrong=1, seconds=2.0),
        _score("base", wrong=1, seconds=1.0, compute_type="int8"),
        _score("medium", wrong=1, seconds=4.0),
        _score("tiny", wrong=12, seconds=0.5),
    )
    said = _said(*scores)

    assert said.startswith("Take base · faster-whisper · int8: ")
    assert (
        "With base · faster-whisper · int8, an hour of audio takes 6.0 minutes on this machine, and" in said
    )
    assert "321 MiB of memory" in said
    assert settings_lines(evaluate((), scores, (), None)) == [
        "DEFAULT_MODEL=base",
        "ENGINE=faster-whisper",
        "COMPUTE_TYPE=int8",
    ]
    assert "156 words only, of 12 different texts" in said


def test_what_chance_cannot_tell_apart_is_not_taken_for_equal() -> None:
    """Three of twelve: neither worse beyond chance, nor known to be as good."""
    said = _said(_score("small", wrong=0, seconds=4.0), _score("base", wrong=3, seconds=2.0))

    assert said.startswith("Take small · faster-whisper: it has the fewest words wrong.")
    assert "do not prove that it is better than: base · faster-whisper (1.9 %)." in said
    assert "Faster, and perhaps as good: base · faster-whisper (5.0 ×)." in said


def test_what_is_very_much_faster_and_not_proved_worse_is_named_at_once() -> None:
    said = _said(_score("small", wrong=0, seconds=30.0), _score("base", wrong=3, seconds=1.0))

    assert said.startswith("Take small · faster-whisper: it has the fewest words wrong; but base ")
    assert "base · faster-whisper is 30 times as fast, and may be as good." in said.splitlines()[0]


def test_a_point_is_given_up_for_speed() -> None:
    """One word of 1,300, which may be as many as three."""
    exact = _score("small", wrong=0, seconds=4.0, recordings=100)
    near = _score("base", wrong=1, seconds=2.0, recordings=100)

    said = _said(exact, near)
    assert said.startswith("Take base · faster-whisper: it is the fastest of those that have at most 1 point")
    assert "words only" not in said


def test_what_is_better_beyond_chance_is_recommended_however_slow() -> None:
    said = _said(_score("small", wrong=0, seconds=4.0), _score("tiny", wrong=12, seconds=1.0))
    assert said.startswith("Take small · faster-whisper: all others have more words wrong")


def test_nothing_is_recommended_where_there_is_no_choice() -> None:
    said = _said(_score("base", wrong=1, seconds=2.0))
    assert said.startswith("Only base · faster-whisper was measured.")
    assert "--model" in said


@pytest.mark.parametrize("engine", ["service", "service (faster-whisper)"])
def test_a_service_is_set_up_already(engine: str) -> None:
    measured = _score("base", wrong=1, seconds=2.0).measurement
    own = replace(measured, variant=Variant("base", engine))
    names = [each.name for each in own.transcriptions]
    assert settings_lines(evaluate((), [score(own, dict.fromkeys(names, SAID), None)], (), None)) == []


def test_without_figures_nothing_is_said() -> None:
    assert not list(verdicts(Evaluation(())))
    assert not settings_lines(Evaluation(()))


def test_of_one_text_the_fastest_is_not_taken_for_as_good() -> None:
    """With another text it may have more words wrong: how many, one does not tell."""
    exact, quick = (
        _score(model, wrong=wrong, seconds=seconds, recordings=1)
        for model, wrong, seconds in (("small", 0, 3.0), ("base", 1, 1.0))
    )
    said = _said(exact, quick)

    assert said.startswith("Take small · faster-whisper: it has the fewest words wrong.")
    assert "is likely" not in said


def test_a_model_is_not_judged_by_languages_that_it_does_not_know() -> None:
    every, english = _score("base", wrong=0, seconds=1.0), _score("tiny.en", wrong=6, seconds=1.0)
    spoken = {f"{number}.wav": "ru" if number < 4 else "en" for number in range(12)}
    said = "\n".join(verdicts(replace(evaluate((), [every, english], (), None), languages=spoken)))

    assert "tiny.en was not trained on Russian (4 of the 12 recordings): " in said
    assert "base was not" not in said


@pytest.mark.parametrize(
    ("models", "named"),
    [
        (("base", "tiny"), "small (488 MB), medium (1538 MB), large-v3-turbo (1618 MB)"),
        (("base", "small"), "medium (1538 MB), large-v3-turbo (1618 MB)"),
        (("large-v2", "tiny"), None),
        (("base", "one-of-mine"), None),
    ],
)
def test_more_accurate_models_are_named(models: tuple[str, ...], named: str | None) -> None:
    said = _said(*(_score(model, wrong=1, seconds=1.0) for model in models))

    assert (named is None) == ("By published figures" not in said)
    assert named is None or f"more accurate, and slower: {named}." in said
