"""Echoes: where nobody speaks, a decoder that was given a prompt or hotwords writes these."""

import re
from collections.abc import Callable
from dataclasses import replace
from difflib import SequenceMatcher

from app.asr.base import DecodeOptions, WindowRequest
from app.schemas.window import WindowTranscript

ALIKE = 0.5
"""Share of the letters that two hypotheses have in common if both say the same."""


def without_echo(
    request: WindowRequest,
    transcript: WindowTranscript,
    transcribe: Callable[[list[WindowRequest]], list[WindowTranscript]],
) -> WindowTranscript:
    """The transcript, unless it repeats what the decoder was given: then that of the decoder unprompted.

    What was really said is decoded without a prompt, too, and is kept as it was spelt with one.
    """
    if not is_echo(transcript.text, request.options):
        return transcript
    [unprompted] = transcribe([replace(request, options=request.options.unprompted())])
    alike = SequenceMatcher(None, _plain(transcript.text), _plain(unprompted.text)).ratio() >= ALIKE
    return transcript if alike else unprompted


def is_echo(text: str, options: DecodeOptions) -> bool:
    """Whether all words of a text stand in this order in the prompt or in the hotwords."""
    said = _plain(text)
    given = (_plain(each) for each in (options.prompt, options.hotwords) if each)
    return bool(said) and any(f" {said} " in f" {each} " for each in given)


def _plain(text: str) -> str:
    """Words without punctuation and case."""
    return " ".join(re.findall(r"\w+", text.lower()))
