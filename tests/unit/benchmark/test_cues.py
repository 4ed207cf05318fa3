import json
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from benchmark import cues
from benchmark.cues import figures, joined, longer, main, same_length, with_corrections


def result_of(text: str, seconds: float) -> dict[str, Any]:
    """One segment, whose words take equal times."""
    each = seconds / len(text.split())
    words = [
        {"start": each * place, "end": each * (place + 1), "word": f" {word}", "probability": 0.9}
        for place, word in enumerate(text.split())
    ]
    segment = {"id": 0, "start": 0.0, "end": seconds, "text": f" {text}", "words": words}
    return {"text": text, "duration": seconds, "segments": [segment]}


def test_results_are_laid_one_after_the_other() -> None:
    result = joined([result_of("One two.", 4.0), result_of("Three.", 2.0)], 12.0)
    assert [each["start"] for each in result["segments"]] == [0, 4, 6, 10]
    assert [word["start"] for word in result["segments"][2]["words"]] == [6, 8]
    assert (result["duration"], result["text"]) == (12, " One two. Three. One two. Three.")


def test_corrections_take_as_much_room_or_more() -> None:
    assert (same_length("house,"), longer("house")) == ("esuoh,", "house and something more")
    changed = with_corrections(result_of("Over the hill.", 3.0), [0], same_length)
    assert [word["word"] for word in changed["segments"][0]["words"]] == [" Over", " eht", " hill."]


def test_a_segment_without_words_is_not_corrected() -> None:
    silence = {"segments": [{"id": 0, "start": 0.0, "end": 1.0, "text": " "}], "duration": 1.0}
    result = joined([result_of("Over the hill.", 3.0), silence], 4.0)
    changed = with_corrections(result, [0, 1], same_length)
    assert [each["text"].strip() for each in changed["segments"]] == ["Over eht hill.", ""]


@pytest.mark.parametrize(
    ("result", "sentence"),
    [
        (result_of("One.", 1.0) | {"duration": 0.0}, "No result has a duration."),
        (result_of("One.", 1.0) | {"segments": []}, "No result has a segment."),
    ],
)
def test_results_of_which_nothing_can_be_made_get_one_sentence(result: dict[str, Any], sentence: str) -> None:
    with pytest.raises(typer.BadParameter, match=sentence):
        joined([result], 4.0)


def test_what_breaks_a_rule_is_counted() -> None:
    wide, long = "x" * 43, "One\ntwo\nthree"
    shown = [(0, 500, "Short."), (400, 8000, wide), (9000, 10_000, long)]
    assert figures(shown) == (3, 1, 1, 1, 1, 0.5, 1, 1)


def test_the_command_counts_both_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cues, "console", Console(width=240))
    path = tmp_path / "talk.json"
    path.write_text(json.dumps(result_of("Nobody lived in the old house.", 5.0)), "utf-8")
    app = typer.Typer()
    app.command()(main)
    run = CliRunner().invoke(app, [str(path), "--hours", "0.05"])
    assert run.exit_code == 0, run.output
    rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in run.output.splitlines()]
    counted = {row[0]: row[1] for row in rows if len(row) > 2}
    assert {"SRT", "VTT"} <= counted.keys()
    assert int(counted["as transcribed"]) > 10
