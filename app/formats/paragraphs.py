"""A transcript in paragraphs, as people read it: segments are where the decoder breathed."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.wording import clock
from app.formats.phrases import Phrase, phrases_of
from app.formats.pieces import is_ideograph

PAUSE_SECONDS = 1.5
"""A silence that ends a paragraph with its sentence."""

SILENCE_SECONDS = 5.0
"""A silence that ends it anywhere."""

FULL, OVERFULL = 600, 1500
"""Characters from which a paragraph ends with its next sentence, and with its next segment: texts of some
languages have no full stops."""

_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।]+[\"'”’»」』)\]]*$")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What somebody says in one go, in seconds from the start; `label` is None where that is not known."""

    start: float
    end: float
    text: str
    label: str | None

    @property
    def head(self) -> str:
        """Who says it, and when."""
        return f"{self.label} · {clock(self.start)}" if self.label else clock(self.start)


def paragraphs_of(result: Mapping[str, Any]) -> list[Paragraph]:
    """The paragraphs of a stored result, in the order of their times; every word is in one of them."""
    return [_paragraph(group) for group in _groups(phrases_of(result))]


def to_paragraphs(result: Mapping[str, Any]) -> str:
    """Plain text: paragraphs with a blank line between them, and who says each where that is known."""
    told = (f"{each.label}: {each.text}" if each.label else each.text for each in paragraphs_of(result))
    return "\n\n".join(told) + "\n"


def _groups(phrases: Sequence[Phrase]) -> Iterator[list[Phrase]]:
    group: list[Phrase] = []
    for phrase in phrases:
        if group and _begins(group, phrase):
            yield group
            group = []
        group.append(phrase)
    if group:
        yield group


def _begins(before: Sequence[Phrase], phrase: Phrase) -> bool:
    """Whether a paragraph begins with that phrase."""
    last = before[-1]
    if phrase.label != last.label:
        return True
    pause = phrase.start - last.end
    length = sum(len(each.text) for each in before)
    if _SENTENCE_END.search(last.text):
        return pause >= PAUSE_SECONDS or length >= FULL
    return pause >= SILENCE_SECONDS or length >= OVERFULL


def _paragraph(group: Sequence[Phrase]) -> Paragraph:
    text = group[0].text
    for phrase in group[1:]:
        is_solid = is_ideograph(phrase.text[0]) and (is_ideograph(text[-1]) or text[-1] in "。！？，、")
        text += phrase.text if is_solid else f" {phrase.text}"
    return Paragraph(group[0].start, max(each.end for each in group), text, group[0].label)
