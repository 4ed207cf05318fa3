"""What a reader of a transcript is told where its model could not do all that was asked."""

from collections.abc import Iterator

from app.asr.base import DecodeOptions, EngineInfo
from app.core.transcript_warnings import TranscriptWarning, WarningSentence


def ignored_options(info: EngineInfo, options: DecodeOptions) -> Iterator[WarningSentence]:
    """A sentence on the options that a client gave and the model cannot heed."""
    given = [name for name in info.ignores if getattr(options, name)]
    if given:
        yield TranscriptWarning.IGNORED.sentence(model=info.model, options=", ".join(given))
