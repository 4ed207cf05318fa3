"""What the report says in words is what a stranger needs to choose."""

from dataclasses import replace

import pytest

from benchmark.evaluation import Evaluation, evaluate
from benchmark.results import Measurement, Variant, VariantScore
from benchmark.scoring import score
from benchmark.verdicts import verdicts

from .figures import transcription

SAID = "the cat sat on the mat and the dog lay under the table"


def _score(model: str, *, wrong: int, seconds: float, compute_type: str | None = None) -> VariantScore:
    """Of twelve recordings, with one word heard wrongly in so many, at this speed."""
    texts = [SAID.replace("cat", "rat")] * wrong + [SAID] * (12 - wrong)
    done = tuple(transcription(f"{number}.wav", text, seconds) for number, text in enumerate(texts))
    variant = Variant(model, "faster-whisper", compute_type)
    measurement = Measurement(variant, done, device="cpu", compute_type="int8", peak_memory_mb=321.0)
    return score(measurement, dict.fromkeys((each.name for each in done), SAID), None)


def _said(*scores: VariantScore) -> str:
    return "\n".join(verdicts(evaluate((), scores, (), None)))


def test_of_equals_the_fastest_is_recommended_with_its_cost_and_settings() -> None:
    said = _said(
        _score("small", wrong=0, seconds=4.0),
        _score("base", wrong=1, seconds=2.0, compute_type="int8"),
        _score("tiny", wrong=12, seconds=1.0),
    )

    assert said.startswith("Take base · faster-whisper · int8: nothing is better beyond chance")
    assert "Fewest wrong words: small" in said
    assert "cannot tell it from: base · faster-whisper · int8." in said
    assert "takes base · faster-whisper · int8 12.0 minutes on this machine, and 321 MiB" in said
    assert "DEFAULT_MODEL=base, ENGINE=faster-whisper, COMPUTE_TYPE=int8." in said
    assert "156 words only, of 12 different texts" in said


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
