"""`python3 -m benchmark.engine` on a small corpus of its own: every part runs and is written down."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.engine import __main__ as command
from benchmark.engine import conversations

pytestmark = pytest.mark.weights

ASSETS = Path(__file__).parents[1] / "assets"
ENGLISH = "The weather is nice today. We will walk to the river and have lunch under the old tree."


@pytest.fixture(autouse=True)
def quick_rivals(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three, with a beam that costs least: what they say does not matter here."""
    rivals = tuple(replace(entry, beam_size=1) for entry in command.RIVALS)
    monkeypatch.setattr(command, "RIVALS", rivals)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for part, name, reference in (
        ("voice/en", "speech_en.flac", ENGLISH),
        ("long", "speech_en.mp3", ENGLISH),
        ("nonspeech", "silence_5s.flac", ""),
    ):
        folder = tmp_path / "corpus" / part
        folder.mkdir(parents=True)
        shutil.copy(ASSETS / name, folder / name)
        (folder / name).with_suffix(".txt").write_text(reference, "utf-8")
    return tmp_path / "corpus"


def test_all_are_measured_side_by_side(corpus: Path, tmp_path: Path, base_weights: Path) -> None:
    parts = ["voice", "nonspeech", "service", "latency"]
    arguments = [*parts, "--corpus", str(corpus), "--rounds", "1", "--output", str(tmp_path)]
    result = CliRunner().invoke(command.app, arguments, env={"CACHE_DIR": str(base_weights)})

    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "results" / "engine.json").read_text("utf-8"))
    assert [each["entry"]["name"] for each in figures["voice"]] == ["windows", "sequential", "batched"]
    assert all(each["times_real_time"] > 0 for each in figures["voice"])
    assert 0 < figures["voice"][0]["device_busy"] <= 1
    assert figures["voice"][1]["device_busy"] is None
    assert "".join(figures["nonspeech"][0]["texts"].values()) == ""
    assert figures["service"]["ratio"] > 0
    assert figures["latency"]["post_to_done_seconds"] > 0
    assert (tmp_path / "plots" / "engine-voice.png").is_file()


def test_conversations_are_made_and_measured(
    tmp_path: Path, base_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One in each language: that all scenes are made is for the unit tests."""
    scenes = (conversations.SCENES[0], conversations.SCENES[-1])
    monkeypatch.setattr(conversations, "SCENES", scenes)
    for language, name, text in (("en", "speech_en.mp3", ENGLISH), ("ru", "speech_ru.ogg", "Сегодня")):
        folder = tmp_path / "corpus" / "voice" / language
        folder.mkdir(parents=True)
        for number in range(4):
            path = folder / f"reader-{number}{Path(name).suffix}"
            shutil.copy(ASSETS / name, path)
            path.with_suffix(".txt").write_text(text, "utf-8")
    arguments = ["conversation", "--corpus", str(tmp_path / "corpus"), "--rounds", "1", "--seconds", "8"]
    environment = {"CACHE_DIR": str(base_weights)}
    result = CliRunner().invoke(command.app, [*arguments, "--output", str(tmp_path)], env=environment)

    assert result.exit_code == 0, result.output
    figures = json.loads((tmp_path / "results" / "engine.json").read_text("utf-8"))
    windows, sequential, batched = figures["conversation"]
    assert windows["errors"]["all"]["reference"] > 15
    assert sequential["against_first"]["low"] <= sequential["against_first"]["high"]
    assert len(batched["texts"]) == len(scenes)


def test_a_part_that_there_is_not(corpus: Path) -> None:
    result = CliRunner().invoke(command.app, ["song", "--corpus", str(corpus)])
    assert result.exit_code == 1
    assert "There is no part 'song'" in " ".join(result.output.split())
