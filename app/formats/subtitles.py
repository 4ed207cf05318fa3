"""Cues written as SRT and WebVTT by pysubs2."""

import html
from collections.abc import Sequence

from pysubs2 import SSAEvent, SSAFile

from app.formats.cues import Cue

WORD_JOINER = "\u2060"
"""Takes no space and shows nothing; it keeps what stands around it from being read as markup."""

_LATEST = 360_000_000 - 1  # milliseconds: 99:59:59.999 is the last time that SRT can tell


def to_srt(cues: Sequence[Cue]) -> str:
    """SubRip. It knows no escapes, so a word joiner takes `<` and `-->` their meaning."""
    texts = [_guarded(cue.text) for cue in cues]
    labelled = [
        f"{_guarded(cue.label)}: {text}" if cue.label else text for cue, text in zip(cues, texts, strict=True)
    ]
    return _written(cues, "srt", labelled)


def to_vtt(cues: Sequence[Cue]) -> str:
    """WebVTT; `&`, `<` and `>` are written as its character references. Who says it is a voice span."""
    texts = [html.escape(cue.text, quote=False) for cue in cues]
    voiced = [
        f"<v {html.escape(cue.label, quote=False)}>{text}" if cue.label else text
        for cue, text in zip(cues, texts, strict=True)
    ]
    return _written(cues, "vtt", voiced)


def _guarded(text: str) -> str:
    return text.replace("-->", f"--{WORD_JOINER}>").replace("<", f"<{WORD_JOINER}")


def _written(cues: Sequence[Cue], format_: str, texts: Sequence[str]) -> str:
    file = SSAFile()
    for cue, text in zip(cues, texts, strict=True):
        # pysubs2 takes text for SubStation Alpha: `\n` breaks a line, a cue with `{\p1}` in it is left out.
        event = SSAEvent(start=_milliseconds(cue.start), end=_milliseconds(cue.end))
        event.plaintext = text.replace("\\", f"\\{WORD_JOINER}")
        file.append(event)
    # Or else what stands in braces is dropped as a SubStation tag.
    return file.to_string(format_, keep_ssa_tags=True, apply_styles=False)


def _milliseconds(seconds: float) -> int:
    return min(round(seconds * 1000), _LATEST)
