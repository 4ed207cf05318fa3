"""All that a reader of a transcript can be warned of: its `warnings` are sentences made of these templates.

The page has a text `warning_…` for each, of the same name: in English the same words, by which it knows the
sentence, and in the other languages what it says instead (app/web/js/i18n). A test compares them.
"""

from enum import StrEnum
from typing import NewType

WarningSentence = NewType("WarningSentence", str)
"""One of these sentences. Only `TranscriptWarning.sentence` makes them, so that none is missing here."""

_LITTLE_SPEECH = (
    "Only {speech:.1f} s of the {sound:.1f} s of sound in the recording were taken for speech. If somebody "
    "speaks in the rest, send it again with vad=false: all of it is then transcribed."
)


class TranscriptWarning(StrEnum):
    """Templates in the syntax of `str.format`; TRACK_FORMAT, TRACK_LOW_RATE and TRACK_HIGH_RATE are values of
    `problem` in TRACK_PASSED_OVER, and reasons of errors."""

    PACKETS = (
        "The recording is damaged: {packets} of its packets could not be decoded, so words may be missing."
    )
    MISSING = (
        "The recording is damaged: {seconds:.1f} s of its sound are missing from the file; silence stands in "
        "their place."
    )
    BROKEN_SAMPLES = (
        "The recording holds samples that are no numbers or absurdly loud ({samples}); they were replaced by "
        "silence."
    )
    SCALED = "The samples of the recording go up to {peak:.0f} instead of 1; they were scaled down."
    BREAKS_OFF = (
        "The recording breaks off: it says it lasts {declared:.1f} s, but only {seconds:.1f} s of sound are "
        "in the file."
    )
    LIMITED = (
        "Only the first {seconds:g} s of the recording were transcribed: that is the limit "
        "MAX_DURATION_SECONDS of this server."
    )
    CLOCK = "The clock of the file begins at {seconds:.0f} s; times are counted from there."
    JUMP = (
        "The timestamps of the recording jump beyond MAX_DURATION_SECONDS; what follows the jump was put "
        "directly behind what precedes it."
    )
    INVERTED = (
        "Channels of the recording are in opposite phase and would cancel each other out in a mix; some were "
        "inverted first."
    )
    LFE = "The low-frequency channel (LFE) of the recording holds speech; it was mixed in."
    LAYOUT = (
        "The recording has {channels} channels of no known layout; all that are not silent were mixed alike."
    )
    TRACKS = (
        "The file has {tracks} audio tracks; track {track} was transcribed. `track` chooses another one, "
        "`track=mix` all of them together."
    )
    TRACK_PASSED_OVER = "Track {track} of the file was passed over. {problem}"
    TRACK_FORMAT = "It is in a format that cannot be decoded; convert it, e.g. to MP3."
    TRACK_LOW_RATE = "Its sample rate of {rate} Hz is below the lowest allowed, MIN_SAMPLE_RATE={limit}."
    TRACK_HIGH_RATE = "Its sample rate of {rate} Hz is above the highest allowed, MAX_SAMPLE_RATE={limit}."
    NO_WORDS = (
        "No words were found in {seconds:.0f} s of the {speech:.0f} s of speech that were detected: somebody "
        "may speak there unintelligibly, or it is no speech. quality.uncovered names the places."
    )
    LITTLE_SPEECH = _LITTLE_SPEECH
    LITTLE_SPEECH_MIXED = (
        f"{_LITTLE_SPEECH} Where other channels drown a voice, channels=split hears each alone."
    )
    IGNORED = "The model {model} cannot heed {options}: it transcribed without."

    def sentence(self, **values: object) -> WarningSentence:
        """The template with these values in it. Raises KeyError where it wants another."""
        return WarningSentence(self.value.format(**values))
