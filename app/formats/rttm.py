"""Turns as RTTM, the form in which diarization is scored (NIST, "Rich Transcription 2009 Evaluation Plan",
appendix A): one line for each turn, times in seconds."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.errors import NoSpeakers
from app.core.validation import number_within
from app.formats.phrases import LATEST, speaker_label, speaker_names


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds in which somebody speaks."""

    start: float
    end: float
    speaker: str


def turns_of(result: Mapping[str, Any]) -> list[Turn]:
    """The turns of a stored result. Raises NoSpeakers where it has none, or none that can be understood."""
    turns = result.get("turns")
    if not isinstance(turns, list | tuple):
        raise NoSpeakers(
            "Speakers were not told apart in this transcript: send the recording with `diarize`."
        )
    names = speaker_names(result)
    return [turn for turn in (_turn(each, names) for each in turns) if turn is not None]


def _turn(value: object, names: Mapping[str, str]) -> Turn | None:
    if not isinstance(value, Mapping):
        return None
    speaker = speaker_label(value.get("speaker"))
    start, end = (number_within(value.get(name), 0, LATEST) for name in ("start", "end"))
    if speaker is None or start is None or end is None or end <= start:
        return None
    return Turn(start, end, names.get(speaker, speaker))


def to_rttm(turns: Iterable[Turn], recording: str = "recording") -> str:
    """The lines; names hold no white space, as it parts the fields."""
    return "".join(
        f"SPEAKER {_field(recording)} 1 {turn.start:.3f} {turn.end - turn.start:.3f} "
        f"<NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in turns
    )


def _field(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()) or "<NA>"
