"""When each word was said: cross-attention and dynamic time warping, as in openai-whisper's timing.py."""

import threading
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.states import StateStore
from app.asr.base import WindowRequest
from app.asr.frames import HOP_SAMPLES, States
from app.asr.words import APPENDED, PREPENDED, to_words
from app.schemas.transcript import Word

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

FRAMES_PER_STATE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """A decoded window whose words are wanted; `states` has shape (1, states, model dimension)."""

    request: WindowRequest
    states: States
    language: str
    tokens: tuple[int, ...]


class Aligner:
    """Finds words; thread-safe as CTranslate2 is.

    Windows that are aligned `together` fill a GPU. A processor is filled by one; each of its tokens needs
    half a megabyte, since CTranslate2 holds their probabilities over the whole vocabulary, and the times
    would depend on the other windows. `at_a_time` bounds how many are in hand, all decode workers together.
    """

    def __init__(
        self,
        runtime: "WhisperModel",
        decoder: Decoder,
        store: StateStore,
        *,
        together: bool,
        at_a_time: threading.Semaphore,
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._decoder = decoder
        self._together = together
        self._at_a_time = at_a_time

    def align(self, wanted: Sequence[Alignment]) -> list[tuple[Word, ...]]:
        """The words of each window, in seconds of the recording."""
        found: dict[int, tuple[Word, ...]] = {}
        for places in self._groups(wanted):
            with self._at_a_time:
                words = self._align([wanted[place] for place in places])
            found.update(zip(places, words, strict=True))
        return [found[place] for place in range(len(wanted))]

    def _groups(self, wanted: Sequence[Alignment]) -> list[list[int]]:
        """Places of the windows that are aligned in one go: of one language and task, or one by one."""
        if not self._together:
            return [[place] for place in range(len(wanted))]
        groups: dict[tuple[str, bool], list[int]] = defaultdict(list)
        for place, each in enumerate(wanted):
            groups[each.language, each.request.options.translate].append(place)
        return list(groups.values())

    def _align(self, wanted: Sequence[Alignment]) -> list[tuple[Word, ...]]:
        frames = [len(each.request.window.samples) // HOP_SAMPLES for each in wanted]
        shown = min(max(frames) // FRAMES_PER_STATE + 1, *(each.states.shape[1] for each in wanted))
        aligned = self._runtime.find_alignment(
            self._decoder.tokenizer(wanted[0].language, wanted[0].request.options.translate),
            [list(each.tokens) for each in wanted],
            self._store.to_view(self._store.joined([each.states[:, :shown] for each in wanted])),
            frames,
        )
        return [_words(each, found) for each, found in zip(wanted, aligned, strict=True)]


def _words(wanted: Alignment, aligned: list[dict[str, Any]]) -> tuple[Word, ...]:
    from faster_whisper.transcribe import merge_punctuations

    merge_punctuations(aligned, PREPENDED, APPENDED)
    return to_words(
        wanted.request.window,
        [(each["word"], each["start"], each["end"], each["probability"]) for each in aligned],
    )
