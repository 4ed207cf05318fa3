"""A window on its way through the pipeline."""

from dataclasses import dataclass
from typing import Generic

from app.asr.backend import Alignment, S
from app.asr.base import WindowRequest
from app.asr.coverage import WindowDraft, needs_words
from app.asr.fallback import DecodingResult, must_split
from app.schemas.transcript import Word


@dataclass(slots=True, eq=False)
class DecodedWindow(Generic[S]):
    """A window, its encoder states, and what was decoded so far; `words` are None where their times are not
    needed."""

    request: WindowRequest
    states: S
    result: DecodingResult
    retries: int = 0
    words: tuple[Word, ...] | None = None

    @property
    def alignment(self) -> Alignment[S]:
        """What finds the times of its words."""
        return Alignment(self.request, self.states, self.result.language, self.result.hypothesis.tokens)

    @property
    def draft(self) -> WindowDraft:
        """What was decoded so far."""
        return WindowDraft(self.request, self.result, self.words)

    @property
    def must_split(self) -> bool:
        """Whether it is split and decoded again."""
        return must_split(self.request, self.result.hypothesis)

    @property
    def needs_words(self) -> bool:
        """Whether the times of its words must be found."""
        return needs_words(self.request, self.result.hypothesis) and not self.must_split

    @property
    def has_gaps(self) -> bool:
        """Whether somebody speaks where it has no words."""
        return self.draft.has_gaps
