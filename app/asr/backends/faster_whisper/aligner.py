"""When each word was said: cross-attention and dynamic time warping, as in openai-whisper's timing.py."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from app.asr.backend import Alignment
from app.asr.backends.faster_whisper.decoder import Decoder
from app.asr.backends.faster_whisper.states import StateStore
from app.asr.frames import FRAMES_PER_STATE, HOP_SAMPLES, States
from app.asr.words import APPENDED, PREPENDED, Aligned

if TYPE_CHECKING:
    from faster_whisper import WhisperModel


class Aligner:
    """Finds words; thread-safe as CTranslate2 is."""

    def __init__(self, runtime: "WhisperModel", decoder: Decoder, store: StateStore) -> None:
        self._runtime = runtime
        self._store = store
        self._decoder = decoder

    def align(self, alignments: Sequence[Alignment[States]]) -> list[list[Aligned]]:
        """The words of hypotheses in one language and task, in seconds of their windows."""
        frames = [len(each.request.window.samples) // HOP_SAMPLES for each in alignments]
        shown = min(max(frames) // FRAMES_PER_STATE + 1, *(each.states.shape[1] for each in alignments))
        first = alignments[0]
        found = self._runtime.find_alignment(
            self._decoder.tokenizer(first.language, first.request.options.translate),
            [list(each.tokens) for each in alignments],
            self._store.to_view(self._store.joined([each.states[:, :shown] for each in alignments])),
            frames,
        )
        return [_joined(words) for words in found]


def _joined(words: list[dict[str, Any]]) -> list[Aligned]:
    """Words with their punctuation."""
    from faster_whisper.transcribe import merge_punctuations

    merge_punctuations(words, PREPENDED, APPENDED)
    return [(each["word"], each["start"], each["end"], each["probability"]) for each in words]
