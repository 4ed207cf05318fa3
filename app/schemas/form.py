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
    PARAGRAPHS = "paragraphs"
    MARKDOWN = "md"
    DOCX = "docx"

    @property
    def is_text(self) -> bool:
        """Whether it is text, and not a file of a program's own kind."""
        return self is not TranscriptFormat.DOCX

    @property
    def extension(self) -> str:
        """What the name of a file in this format ends with, without the dot."""
        return _EXTENSIONS.get(self, self.value)


_EXTENSIONS = {TranscriptFormat.TEXT: "txt", TranscriptFormat.PARAGRAPHS: "paragraphs.txt"}
