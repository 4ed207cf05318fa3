"""Segments that people split and joined: the same words with the same times, parted elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from app.formats.retiming import is_timed, maps, retimed, shared
from app.schemas.corrections import Regrouping, SpeakerChanges


def regrouped(segments: Sequence[Any], run: Regrouping, changes: SpeakerChanges) -> list[Any]:
    """The pieces that people made of `segments`, as segments.

    Each begins and ends with its words; the outer ends stay. What else a segment tells (channel, language,
    the model's own figures) is that of the first. Those of a foreign worker that tell no times stay as they
    are.
    """
    told = maps(segments)
    if len(told) < len(segments) or not all(map(is_timed, told)):
        return list(segments)
    first, is_spaced = told[0], str(told[0].get("text", "")).startswith(" ")
    has_words = any(isinstance(each.get("words"), list) for each in told)
    start, end = first["start"], max(each["end"] for each in told)
    words = iter(retimed(list(_words(told)), " ".join(piece.text for piece in run.pieces), start, end))
    found: list[dict[str, Any]] = []
    for piece in run.pieces:
        own = list(islice(words, len(piece.text.split())))
        text = piece.text.strip()
        changed = {**first, "start": own[0]["start"], "end": max(word["end"] for word in own)}
        changed["text"] = f" {text}" if is_spaced else text
        speaker = piece.speaker or first.get("speaker")
        if isinstance(speaker, str):
            changed["speaker"] = changes.final(speaker)
            own = [{**word, "speaker": changed["speaker"]} for word in own]
        found.append(changed | ({"words": own} if has_words else {}))
    found[0]["start"], found[-1]["end"] = start, end
    return found


def _words(segments: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """All words; those of a segment without times of its words share its time."""
    for each in segments:
        timed = [word for word in maps(each.get("words")) if is_timed(word)]
        yield from timed or shared(
            str(each.get("text", "")).split(), float(each["start"]), float(each["end"])
        )
