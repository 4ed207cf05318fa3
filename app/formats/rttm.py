"""Turns as RTTM, the form in which diarization is scored (NIST, "Rich Transcription 2009 Evaluation Plan",
appendix A): one line for each turn, times in seconds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds in which somebody speaks."""

    start: float
    end: float
    speaker: str


def to_rttm(turns: Iterable[Turn], recording: str = "recording") -> str:
    """The lines; names hold no white space, as it parts the fields."""
    return "".join(
        f"SPEAKER {_field(recording)} 1 {turn.start:.3f} {turn.end - turn.start:.3f} "
        f"<NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in turns
    )


def _field(text: str) -> str:
    return re.sub(r"\s+", "_", text.strip()) or "<NA>"
