"""The engine's benchmark around the measuring: corpus, errors, tables, pictures."""

import io
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.bootstrap import difference_interval, rate_interval
from benchmark.engine.compare import Entry, Standing
from benchmark.engine.corpus import Clip, CorpusMissing, errors_by_clip, errors_by_language, read_corpus
from benchmark.engine.report import figures_table, machine, standings_table, write_plots

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    for language in ("en", "ru"):
        folder = tmp_path / "voice" / language
        folder.mkdir(parents=True)
        suffix = "flac" if language == "en" else "ogg"
        shutil.copy(ASSETS / f"speech_{language}.{suffix}", folder / f"a.{suffix}")
        (folder / "a.txt").write_text("my old green house" if language == "en" else "раз два", "utf-8")
    (tmp_path / "voice" / "en" / "without_text.wav").write_bytes(b"")
    return tmp_path


def test_recordings_are_those_with_a_text_beside_them(corpus: Path) -> None:
    english, russian = read_corpus(corpus, "voice")

    assert (english.language, english.reference) == ("en", "my old green house")
    assert (russian.language, russian.reference) == ("ru", "раз два")
    assert english.seconds > 4


def test_the_manifest_knows_languages_better(corpus: Path) -> None:
    (corpus / "MANIFEST.tsv").write_text("path\tlanguage\nvoice/ru/a.ogg\tuk\n", "utf-8")
    assert [clip.language for clip in read_corpus(corpus, "voice")] == ["en", "uk"]


def test_a_corpus_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusMissing, match="name a corpus with --corpus"):
        read_corpus(tmp_path, "voice")


def test_errors_are_pooled_by_language(corpus: Path) -> None:
    clips = read_corpus(corpus, "voice")
    texts = {str(clips[0].path): "My old, green mouse.", str(clips[1].path): "Раз, два!"}
    errors = errors_by_language(clips, errors_by_clip(clips, texts))

    assert {name: each.rate for name, each in errors.items()} == {"en": 0.25, "ru": 0.0, "all": 1 / 6}


def standing(name: str, speed: float, texts: dict[str, str], clips: list[Clip]) -> Standing:
    errors = errors_by_clip(clips, texts)
    return Standing(
        entry=Entry(name, "windows"),
        times_real_time=speed,
        spread=(speed - 1, speed + 1),
        times_real_time_cpu=speed,
        errors=errors_by_language(clips, errors),
        interval=rate_interval(errors),
        against_first=difference_interval(errors, errors),
        load_seconds=1.0,
        peak_memory_mb=500.0,
        texts=texts,
        device_busy=0.987,
    )


def test_standings_become_a_table_and_a_picture(corpus: Path, tmp_path: Path) -> None:
    clips = read_corpus(corpus, "voice")
    texts = {str(clip.path): clip.reference for clip in clips}
    standings = [standing("windows", 12.0, texts, clips), standing("sequential", 2.0, texts, clips)]
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(standings_table("voice", standings))
    console.print(figures_table("memory", {"peak_mb": 12.3456}))
    shown = console.export_text()

    assert "6.00 ×" in shown
    assert "0.0 … 0.0" in shown
    assert "+0.0 … +0.0" in shown
    assert "12.346" in shown
    assert "98.7" in shown, "how busy the device is"
    [picture] = write_plots(tmp_path / "plots", {"voice": standings})
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_figures_keep_the_name_that_they_had(corpus: Path) -> None:
    """Programs read `contestant` out of results/engine.json and results/compare.json."""
    clips = read_corpus(corpus, "voice")
    entry = standing("first", 12.0, {str(clip.path): "" for clip in clips}, clips).fields()["entry"]
    assert (entry["name"], entry["system"], entry["contestant"]) == ("first", "windows", "windows")


def test_the_machine_is_named() -> None:
    described = machine()
    assert {"processor", "cores", "instructions", "versions"} <= set(described)
