"""What a reader of a transcript is told where speech may be missing from it."""

from collections.abc import Iterator, Sequence

from app.schemas.transcript import Span

UNCOVERED_SECONDS, UNCOVERED_SHARE = 2.0, 0.03
"""Speech without words that a reader is told of: more than both, the share being that of all speech."""

LITTLE_SPEECH = 0.03
"""Share of the sound; where less is taken for speech, detection may have been mistaken."""

LEAST_SOUND_SECONDS = 1.0
"""A click has no speech in it."""


def speech_warnings(
    uncovered: Sequence[Span], *, speech: float, sound: float, detected: bool, mixed: int = 1
) -> Iterator[str]:
    """Sentences on speech that has no words, and on sound that was not taken for speech.

    `speech` and `sound` are seconds; `detected` says that only what was taken for speech was transcribed,
    `mixed` of how many channels the sound was mixed.
    """
    seconds = sum(span.end - span.start for span in uncovered)
    if seconds > max(UNCOVERED_SECONDS, UNCOVERED_SHARE * speech):
        yield (
            f"No words were found in {seconds:.0f} s of the {speech:.0f} s of speech that were detected: "
            "somebody may speak there unintelligibly, or it is no speech. quality.uncovered names the places."
        )
    if detected and sound >= LEAST_SOUND_SECONDS and speech < LITTLE_SPEECH * sound:
        yield (
            f"Only {speech:.1f} s of the {sound:.1f} s of sound in the recording were taken for speech. If "
            "somebody speaks in the rest, send it again with vad=false: all of it is then transcribed."
            + (" Where other channels drown a voice, channels=split hears each alone." if mixed > 1 else "")
        )
