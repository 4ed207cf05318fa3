"""What a reader of a transcript is told where speech may be missing from it."""

from collections.abc import Iterator, Sequence

from app.core.transcript_warnings import TranscriptWarning, WarningSentence
from app.schemas.transcript import Span

UNCOVERED_SECONDS, UNCOVERED_SHARE = 2.0, 0.03
"""Speech without words that a reader is told of: more than both, the share being that of all speech."""

LITTLE_SPEECH = 0.03
"""Share of the sound; where less is taken for speech, detection may have been mistaken."""

LEAST_SOUND_SECONDS = 1.0
"""A click has no speech in it."""


def speech_warnings(
    uncovered: Sequence[Span], *, speech: float, sound: float, detected: bool, mixed: int = 1
) -> Iterator[WarningSentence]:
    """Sentences on speech that has no words, and on sound that was not taken for speech.

    `speech` and `sound` are seconds; `detected` says that only what was taken for speech was transcribed,
    `mixed` of how many channels the sound was mixed.
    """
    seconds = sum(span.end - span.start for span in uncovered)
    if seconds > max(UNCOVERED_SECONDS, UNCOVERED_SHARE * speech):
        yield TranscriptWarning.NO_WORDS.sentence(seconds=seconds, speech=speech)
    if detected and sound >= LEAST_SOUND_SECONDS and speech < LITTLE_SPEECH * sound:
        told = TranscriptWarning.LITTLE_SPEECH_MIXED if mixed > 1 else TranscriptWarning.LITTLE_SPEECH
        yield told.sentence(speech=speech, sound=sound)
