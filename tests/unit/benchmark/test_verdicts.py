"""What the report says in words is what a stranger needs to choose."""

from dataclasses import replace

import pytest

from benchmark.evaluation import Evaluation, evaluate
from benchmark.results import Measurement, Variant, VariantScore
from benchmark.scoring import score
from benchmark.verdicts import verdicts

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
    said = _said(
        _score("small", wrong=1, seconds=2.0),
        _score("base", wrong=1, seconds=1.0, compute_type="int8"),
        _score("medium", wrong=1, seconds=4.0),
        _score("tiny", wrong=12, seconds=0.5),
    )

    assert said.startswith("Take base · faster-whisper · int8: ")
    assert (
        "With base · faster-whisper · int8, an hour of audio takes 6.0 minutes on this machine, and" in said
    )
    assert "321 MiB of memory" in said
    assert "DEFAULT_MODEL=base, ENGINE=faster-whisper, COMPUTE_TYPE=int8." in said
    assert "156 words only, of 12 different texts" in said


def test_what_chance_cannot_tell_apart_is_not_taken_for_equal() -> None:
    """Three of twelve: neither worse beyond chance, nor known to be as good."""
    said = _said(_score("small", wrong=0, seconds=4.0), _score("base", wrong=3, seconds=2.0))

    assert said.startswith("Take small · faster-whisper: it has the fewest words wrong.")
    assert "cannot tell it from: base · faster-whisper." in said
    assert "Faster, and perhaps as good: base · faster-whisper (5.0 ×)." in said


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
    assert ".env" not in _said(score(own, dict.fromkeys(names, SAID), None))


def test_without_figures_nothing_is_said() -> None:
    assert not list(verdicts(Evaluation(())))
