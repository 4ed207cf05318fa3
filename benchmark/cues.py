"""How good subtitles are, and what corrections do to them: `python3 -m benchmark.cues RESULT.json…`.

The results (`GET /transcribe/{id}?format=json`) are laid one after the other, again and again, until they
last long enough: segments, words and their times are all that subtitles depend on. They are written as SRT
and as WebVTT, and what a player reads is counted: before corrections, after one, and after one in every tenth
segment.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer
from pysubs2 import SSAFile
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.formats.corrected import corrected
from app.formats.cues import LEAST_SECONDS
from app.formats.formats import render
from app.formats.layout import LONGEST_SECONDS
from app.formats.pieces import LINE_WIDTH
from app.schemas.corrections import Corrections
from app.schemas.form import TranscriptFormat

console = Console()

LINES = 2
EVERY = 10
"""Of so many segments one is corrected."""

Cue = tuple[int, int, str]
"""Start and end in milliseconds, and the text."""

Result = dict[str, Any]


def main(
    results: Annotated[list[Path], typer.Argument(help="JSON of transcripts.")],
    hours: Annotated[float, typer.Option(min=0.01, help="How long they last together.")] = 3.0,
) -> None:
    """Count cues, and those that break a rule."""
    result = joined([json.loads(path.read_text("utf-8")) for path in results], hours * 3600)
    segments = range(len(result["segments"]))
    middle, tenth = segments[len(segments) // 2 :][:1], segments[::EVERY]
    variants = {
        "as transcribed": result,
        "one word, same length": with_corrections(result, middle, same_length),
        "one word becomes four": with_corrections(result, middle, longer),
        f"every {EVERY}th segment, same length": with_corrections(result, tenth, same_length),
        f"every {EVERY}th segment, one word becomes four": with_corrections(result, tenth, longer),
    }
    for format_ in (TranscriptFormat.SRT, TranscriptFormat.VTT):
        console.print(_table({name: cues_of(each, format_) for name, each in variants.items()}, format_))


def joined(results: Sequence[Result], seconds: float) -> Result:
    """One after the other, and from the first again, until they last that long.

    Raises typer.BadParameter where that never is, or nothing is said.
    """
    if not any(result["duration"] > 0 for result in results):
        raise typer.BadParameter("No result has a duration.")
    segments: list[Result] = []
    begin = 0.0
    while begin < seconds:
        for result in results:
            segments += [
                _later(each, begin) for each in result["segments"] if begin + each["start"] < seconds
            ]
            begin += result["duration"]
    if not segments:
        raise typer.BadParameter("No result has a segment.")
    text = "".join(each["text"] for each in segments)
    return {"text": text, "duration": max(each["end"] for each in segments), "segments": segments}


def _later(timed: Mapping[str, Any], seconds: float) -> Result:
    words = {"words": [_later(word, seconds) for word in timed["words"]]} if "words" in timed else {}
    return {**timed, "start": timed["start"] + seconds, "end": timed["end"] + seconds} | words


def same_length(word: str) -> str:
    """Another word that takes as much room: its letters from the last to the first."""
    letters = reversed([char for char in word if char.isalpha()])
    return "".join(next(letters) if char.isalpha() else char for char in word)


def longer(word: str) -> str:
    """More words than were heard."""
    return f"{word} and something more"


def with_corrections(result: Result, numbers: Iterable[int], change: Callable[[str], str]) -> Result:
    """The result, a word in the middle of each of these segments corrected; some have none."""
    texts: dict[int, str] = {}
    for number in numbers:
        if words := result["segments"][number]["text"].split():
            words[len(words) // 2] = change(words[len(words) // 2])
            texts[number] = " ".join(words)
    return corrected(result, Corrections(texts=texts))


def cues_of(result: Result, format_: TranscriptFormat) -> list[Cue]:
    """The cues as a player reads them."""
    file = SSAFile.from_string(render(result, format_), format_.value)
    return [(event.start, event.end, event.plaintext) for event in file]


def _table(variants: Mapping[str, Sequence[Cue]], format_: TranscriptFormat) -> Table:
    first = next(iter(variants.values()))
    table = Table(box=MARKDOWN)
    columns = ("cues", f"line > {LINE_WIDTH}", f"> {LINES} lines", f"> {LONGEST_SECONDS:.0f} s")
    times = (f"< {LEAST_SECONDS} s", "shortest, s", "overlaps", "gaps")
    for name in (format_.value.upper(), *columns, *times, "same cue as before", "same times as before"):
        table.add_column(name)
    for name, cues in variants.items():
        spans = {(start, end) for start, end, _ in cues} & {(start, end) for start, end, _ in first}
        table.add_row(name, *map(str, (*figures(cues), len(set(cues) & set(first)), len(spans))))
    return table


def figures(cues: Sequence[Cue]) -> tuple[float, ...]:
    """How many cues there are; how many have a line that is too long, too many lines, too much time, too
    little; the seconds of the shortest; how many overlap the next, and how many a pause follows."""
    seconds = [(end - start) / 1000 for start, end, _ in cues]
    lines = [text.split("\n") for *_, text in cues]
    return (
        len(cues),
        sum(any(len(line) > LINE_WIDTH for line in each) for each in lines),
        sum(len(each) > LINES for each in lines),
        sum(each > LONGEST_SECONDS for each in seconds),
        sum(each < LEAST_SECONDS for each in seconds),
        min(seconds),
        sum(one[1] > two[0] for one, two in pairwise(cues)),
        sum(one[1] < two[0] for one, two in pairwise(cues)),
    )


if __name__ == "__main__":
    typer.run(main)
