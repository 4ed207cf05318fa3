"""Chinese transcripts in the characters that were asked for; Whisper writes now simplified, now traditional.

OpenCC (https://github.com/BYVoid/OpenCC) converts phrase by phrase, since a character may have several
counterparts.
"""

from functools import cache
from typing import TYPE_CHECKING

from app.core.scripts import CHINESE, ChineseScript
from app.schemas.transcript import Segment, Word
from app.schemas.window import WindowTranscript

if TYPE_CHECKING:
    from opencc import OpenCC

_CONFIGS = {ChineseScript.SIMPLIFIED: "t2s", ChineseScript.TRADITIONAL: "s2t"}


def in_script(window: WindowTranscript, script: ChineseScript | None) -> WindowTranscript:
    """The window with its Chinese segments in a script; as it is without one."""
    if script is None:
        return window
    segments = tuple(
        _converted(segment, script) if (segment.language or window.language) in CHINESE else segment
        for segment in window.segments
    )
    return window.model_copy(update={"segments": segments})


def _converted(segment: Segment, script: ChineseScript) -> Segment:
    """Both scripts have as many characters, so that each word finds its own again."""
    text = _converter(script).convert(segment.text)
    words = segment.words
    if words is not None and len(text) == len(segment.text):
        words = _spelt_as(text, words)
    return segment.model_copy(update={"text": text, "words": words})


def _spelt_as(text: str, words: tuple[Word, ...]) -> tuple[Word, ...]:
    spelt, place = [], 0
    for word in words:
        spelt.append(word.model_copy(update={"word": text[place : place + len(word.word)]}))
        place += len(word.word)
    return tuple(spelt)


@cache
def _converter(script: ChineseScript) -> "OpenCC":
    from opencc import OpenCC

    return OpenCC(_CONFIGS[script])
