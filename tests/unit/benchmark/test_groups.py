"""Figures by what was done to the recordings, and by language."""

from dataclasses import replace
from pathlib import Path

from benchmark.groups import Group, Kind, groups_of, traits_of
from benchmark.languages import spoken_languages
from benchmark.recordings import Recording
from benchmark.results import Errors, Measurement, Transcription, Variant, VariantScore
from benchmark.scoring import score

TEXTS = {"one": "the cat sat down", "two": "a dog ran off"}
LANGUAGES = {"one.wav": "en", "one-loud.wav": "en", "one-noisy-8k.wav": "cy", "two.wav": "de"}


def _recordings() -> list[Recording]:
    return [Recording(Path(name), Path(f"{name[:3]}.txt")) for name in LANGUAGES]


def _score(wrong: str) -> VariantScore:
    """All is heard rightly, but for nothing in one recording."""
    done = tuple(
        Transcription(name, "" if name == wrong else TEXTS[name[:3]], language, 4.0, 1.0)
        for name, language in LANGUAGES.items()
    )
    references = {name: TEXTS[name[:3]] for name in LANGUAGES}
    return score(Measurement(Variant("base", "e"), done), references, None)


def _groups(wrong: str, language: str | None = None) -> dict[str, Group]:
    recordings, scores = _recordings(), [_score(wrong)]
    languages = spoken_languages(recordings, scores, language)
    return {group.name: group for group in groups_of(scores, traits_of(recordings, languages))}


def test_a_recording_belongs_to_the_stem_of_its_text() -> None:
    assert [recording.variant for recording in _recordings()] == ["", "loud", "noisy-8k", ""]
    assert replace(_recordings()[1], reference=None).subject == "one-loud"


def test_groups_by_variant_and_by_language() -> None:
    groups = _groups(wrong="one-noisy-8k.wav")

    assert groups["noisy-8k"].words == Errors(4, 0, 4, 0)
    assert [groups[name].files for name in ("as recorded", "loud", "noisy-8k")] == [2, 1, 1]
    assert groups["as recorded"].words.rate == 0
    assert groups["en"].files == 3  # the noisy one was taken for Welsh, its siblings were not
    assert groups["de"].kind is Kind.LANGUAGE
    assert groups["de"].label == "base · e"


def test_one_language_is_no_group() -> None:
    assert set(_groups("", language="en")) == {"as recorded", "loud", "noisy-8k"}


def test_a_model_of_one_language_detects_none() -> None:
    """It takes all that it hears for its own language."""
    able = _score("")
    heard = tuple(replace(done, language="en") for done in able.measurement.transcriptions)
    measurement = Measurement(Variant("tiny.en", "e"), heard)
    english = [
        replace(
            able,
            measurement=measurement,
            files=tuple(
                replace(file, transcription=done) for file, done in zip(able.files, heard, strict=True)
            ),
        )
    ] * 3

    assert spoken_languages(_recordings(), [able, *english], None)["two.wav"] == "de"
    assert set(spoken_languages(_recordings(), english, None).values()) == {"unknown"}
