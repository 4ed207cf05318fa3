"""How right a transcript is: word and character errors against its reference, both normalised."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import jiwer

from benchmark.normalise import normaliser_for
from benchmark.recordings import Recording
from benchmark.results import Errors, FileScore, Measurement, Problem, Transcription, VariantScore

NO_SUBJECTS: Mapping[str, str] = MappingProxyType({})


def word_errors(reference: str, hypothesis: str) -> Errors:
    """Fewest word edits (Levenshtein) between two normalised texts."""
    return _errors(jiwer.process_words([reference], [hypothesis]), len(reference.split()))


def character_errors(reference: str, hypothesis: str) -> Errors:
    """Fewest character edits between two normalised texts; a space is a character."""
    return _errors(jiwer.process_characters([reference], [hypothesis]), len(reference))


def _errors(output: jiwer.WordOutput | jiwer.CharacterOutput, reference: int) -> Errors:
    return Errors(reference, output.substitutions, output.deletions, output.insertions)


def read_references(recordings: Sequence[Recording]) -> tuple[dict[str, str], list[Problem]]:
    """Reference texts by the recordings' names, and the recordings that have none that can be read."""
    texts: dict[str, str] = {}
    problems: list[Problem] = []
    for recording in recordings:
        if recording.reference is None:
            expected = f"{recording.audio.stem}.txt"
            problems.append(
                Problem(recording.name, f"No reference: expected {expected}; only its speed counts.")
            )
            continue
        try:
            texts[recording.name] = _read(recording.reference)
        except (OSError, UnicodeDecodeError):
            message = f"The reference {recording.reference.name} is no UTF-8 text; only its speed counts."
            problems.append(Problem(recording.name, message))
    return texts, problems


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8-sig").strip()


def score(
    measurement: Measurement,
    references: Mapping[str, str],
    language: str | None,
    subjects: Mapping[str, str] = NO_SUBJECTS,
) -> VariantScore:
    """Compare every transcription with its reference; `language` fixes the rules of normalising.

    `subjects` holds that of each recording that is a variant of another, or has variants, by its name.
    """
    files = tuple(
        score_file(done, references.get(done.name), language, subjects.get(done.name))
        for done in measurement.transcriptions
    )
    return VariantScore(measurement, files)


def score_file(
    transcription: Transcription, reference: str | None, language: str | None, subject: str | None = None
) -> FileScore:
    """Compare one transcription with its reference, if it has one; a `subject` of None is its own."""
    subject = subject or transcription.name
    if reference is None:
        return FileScore(transcription, None, None, None, subject)
    normalise = normaliser_for(reference, language)
    expected, found = normalise(reference), normalise(transcription.text)
    words, characters = word_errors(expected, found), character_errors(expected, found)
    return FileScore(transcription, reference, words, characters, subject)
