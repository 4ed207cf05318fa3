"""Forms in which a transcript can be had."""

from enum import StrEnum


class TranscriptFormat(StrEnum):
    """A format; of those that a client likes equally, the first is taken."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VTT = "vtt"
    TSV = "tsv"
