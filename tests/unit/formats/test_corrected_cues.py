"""One correction changes one cue: the others stay as they were, and all stay good to read."""

import re
from typing import Any

import pytest
from pysubs2 import SSAFile

from app.formats.corrected import corrected
from app.formats.formats import render
from app.schemas.corrections import Corrections
from app.schemas.form import TranscriptFormat

TEXT = (
    "nobody lived in the old house, but every night the lights went on, and people talked about the "
    "committee's recommendation until the morning came. It was never explained, and then one day a man "
    "arrived from the city with a key, which was the only one that had ever fitted the door of the house at "
    "the end of the road."
)
SEGMENTS = 45
LONGEST_SECONDS, SHORTEST_SECONDS = 7.0, 0.7
LINES, LETTERS = 2, 42


def transcript(*, with_words: bool) -> dict[str, Any]:
    """As an engine makes it: segments of some 20 s each, whose words take as long as their letters."""
    segments, time = [], 0.0
    for number in range(SEGMENTS):
        start, words = time, []
        for word in TEXT.split()[number % 7 :]:
            end = time + 0.12 + 0.05 * len(word)
            words.append({"start": time, "end": end, "word": f" {word}", "probability": 0.9})
            time = end + (0.3 if word.endswith((",", ".")) else 0.0)
        segment = {
            "id": number,
            "start": start,
            "end": words[-1]["end"],
            "text": "".join(str(each["word"]) for each in words),
        }
        segments.append(segment | ({"words": words} if with_words else {}))
        time += 0.4
    return {"text": "".join(str(each["text"]) for each in segments), "duration": time, "segments": segments}


def cues(result: dict[str, Any], format_: TranscriptFormat) -> list[tuple[int, int, str]]:
    """Milliseconds and text, as a player reads them."""
    file = SSAFile.from_string(render(result, format_), format_.value)
    return [(event.start, event.end, event.plaintext) for event in file]


def with_correction(result: dict[str, Any], number: int, wrong: str, right: str) -> dict[str, Any]:
    """The result, that word of that segment corrected."""
    text = str(result["segments"][number]["text"])
    assert re.search(rf"\b{wrong}\b", text)
    return corrected(result, Corrections(texts={number: re.sub(rf"\b{wrong}\b", right, text, count=1)}))


@pytest.mark.parametrize("format_", [TranscriptFormat.SRT, TranscriptFormat.VTT])
@pytest.mark.parametrize("with_words", [True, False])
@pytest.mark.parametrize("number", [0, 20, SEGMENTS - 1])
def test_a_word_of_the_same_length_changes_nothing_else(
    number: int, with_words: bool, format_: TranscriptFormat
) -> None:
    result = transcript(with_words=with_words)
    before = cues(result, format_)
    after = cues(with_correction(result, number, "lights", "lamps!"), format_)
    assert len(before) > 192
    assert [(start, end) for start, end, _ in after] == [(start, end) for start, end, _ in before]
    changed = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert [new[2] for _, new in changed] == [old[2].replace("lights", "lamps!") for old, _ in changed]
    assert len(changed) == 1


@pytest.mark.parametrize("with_words", [True, False])
@pytest.mark.parametrize("right", ["a", "streetlights and the lanterns of the neighbours", "x" * 60])
def test_any_correction_leaves_good_cues(right: str, with_words: bool) -> None:
    result = transcript(with_words=with_words)
    changed = with_correction(result, 20, "lights", right)
    before, after = cues(result, TranscriptFormat.SRT), cues(changed, TranscriptFormat.SRT)
    first, last = (1000 * result["segments"][20][name] for name in ("start", "end"))
    others = [[each for each in found if not first - 1 <= each[0] <= last] for found in (before, after)]
    assert others[0] == others[1], "only cues of the corrected segment may change"
    for start, end, text in after:
        assert SHORTEST_SECONDS <= (end - start) / 1000 <= LONGEST_SECONDS
        assert text.count("\n") < LINES
        assert all(len(line) <= LETTERS for line in text.split("\n"))
    spoken = " ".join(text for *_, text in after).split()
    assert "".join(spoken) == "".join(" ".join(str(each["text"]) for each in changed["segments"]).split())
