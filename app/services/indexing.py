"""By which words an archived transcript is found."""

from collections.abc import Collection
from typing import Any

from app.formats.corrected import corrected
from app.queue.results import state_of_result
from app.schemas.corrections import Corrections
from app.schemas.library import Indexable, default_title
from app.search.entry import tokens_of_transcript
from app.search.words import RULES


class TranscriptIndexer:
    """The archive knows no transcripts, only bytes: this reads them."""

    @property
    def rules(self) -> int:
        """Number of the rules; what was indexed by others is indexed anew."""
        return RULES

    def words_of(self, source: Indexable) -> Collection[str]:
        """Tokens of title, tags, speakers and of what is said, as people corrected it."""
        title = source.title or default_title(source.task.filename)
        result = readable(source.task.task_id, source.result, source.corrections)
        return tokens_of_transcript(result, title, source.tags)


def readable(task_id: str, stored: bytes, corrections: bytes) -> dict[str, Any]:
    """A stored result with what people have corrected."""
    result = state_of_result(task_id, stored).result or {}
    return corrected(result, Corrections.model_validate_json(corrections)) if corrections else result
