"""Forms in which a transcript can be had."""

from enum import StrEnum


class TranscriptFormat(StrEnum):
    """A format; of those that a client likes equally, the first is taken."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    TSV = "tsv"
    RTTM = "rttm"

    @property
    def extension(self) -> str:
        """What the name of a file in this format ends with, without the dot."""
        return "txt" if self is TranscriptFormat.TEXT else self.value
