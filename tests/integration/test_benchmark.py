"""The benchmark from the command line: real recordings, a real model, a real service."""

import csv
import json
import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import redis
from typer.testing import CliRunner

from app.core.config import Settings
from benchmark.measure import Conditions, measure
from benchmark.recordings import Recording
from benchmark.results import Variant
from benchmark.run import app
from tests.support.api import serving

ASSETS = Path(__file__).parents[1] / "assets"
ENGLISH = "The weather is nice today. We will walk to the river and have lunch under the old tree."
RUSSIAN = "Сегодня хорошая погода. Мы пойдём к реке и пообедаем под старым деревом."


@dataclass(frozen=True, slots=True)
class Bench:
    """The folders of one benchmark."""

    root: Path

    def add(self, asset: str, name: str, reference: str | None = None) -> None:
        """Put a recording there, and what is said in it."""
        shutil.copy(ASSETS / asset, self.root / "audios" / name)
        if reference is not None:
            stem = Path(name).stem.partition("-")[0]
            (self.root / "references" / f"{stem}.txt").write_text(reference, encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Exit status and all output of the command."""
        folders = [f"--{name}={self.root / name}" for name in ("audios", "references", "output")]
        result = CliRunner().invoke(app, [*folders, *arguments])
        return result.exit_code, " ".join(result.output.split())

    def results(self) -> dict[str, list[dict[str, object]]]:
        """The JSON that the command wrote."""
        content: dict[str, list[dict[str, object]]] = json.loads(
            (self.root / "output" / "results" / "results.json").read_text(encoding="utf-8")
        )
        return content


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Empty folders."""
    for name in ("audios", "references"):
        (tmp_path / name).mkdir()
    return Bench(tmp_path)


@pytest.fixture
def offline_base(base_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds `base` in the cache and fetches nothing."""
    monkeypatch.setenv("CACHE_DIR", str(base_weights))
    monkeypatch.setenv("MODEL_DOWNLOADS", "false")


@pytest.mark.weights
@pytest.mark.usefixtures("offline_base")
def test_recordings_are_measured_and_what_is_broken_is_named(bench: Bench) -> None:
    bench.add("speech_en.mp3", "en.mp3", ENGLISH)
    bench.add("speech_ru.ogg", "ru-loud.ogg", RUSSIAN)
    bench.add("silence_5s.flac", "alone.flac")
    bench.add("text_renamed.mp3", "wrong.mp3", "something")
    status, output = bench.run("--model=base", "--engine=faster-whisper", "--beam-size=1")
    assert status == 0
    assert "alone.txt" in output
    assert "wrong.mp3" in output
    content = bench.results()
    files = {str(file["file"]): file for file in content["files"]}
    assert set(files) == {"alone.flac", "en.mp3", "ru-loud.ogg"}
    assert files["alone.flac"]["wer"] is None
    assert files["alone.flac"]["hypothesis"] == ""
    assert (files["en.mp3"]["words"], files["ru-loud.ogg"]["words"]) == (18, 12)
    assert "river" in str(files["en.mp3"]["hypothesis"])
    (summary,) = content["summary"]
    assert summary["words"] == 30
    assert float(str(files["en.mp3"]["wer"])) < 0.5
    edits = [int(str(summary[kind])) for kind in ("substitutions", "deletions", "insertions")]
    assert float(str(summary["wer"])) == pytest.approx(sum(edits) / 30)
    for measured in ("load_seconds", "peak_memory_mb", "real_time_factor", "times_real_time"):
        assert float(str(summary[measured])) > 0
    plots = (bench.root / "output" / "plots").glob("*.png")
    drawn = sorted(path.name for path in plots if path.stat().st_size)
    assert drawn == ["accuracy-speed.png", "speed.png", "wer-by-file.png", "wer.png"]
    with (bench.root / "output" / "results" / "files.csv").open(encoding="utf-8", newline="") as table:
        assert [row["file"] for row in csv.DictReader(table)] == sorted(files)


@pytest.mark.weights
def test_recording_that_kills_the_process_is_named_and_the_rest_goes_on(
    bench: Bench, base_weights: Path, settings_for: Callable[..., Settings]
) -> None:
    bench.add("speech_en.flac", "first.flac")
    bench.add("speech_en.flac", "last.flac")
    audios = bench.root / "audios"
    os.mkfifo(audios / "deadly.wav")  # reading it waits for ever, so the child is there when it is shot
    recordings = [Recording(audios / name, None) for name in ("first.flac", "deadly.wav", "last.flac")]
    heard: list[str] = []

    def on_done(name: str) -> None:
        heard.append(name)
        if name == "first.flac":
            for child in psutil.Process().children():
                if "benchmark.child" in child.cmdline():
                    child.send_signal(signal.SIGKILL)

    conditions = Conditions(settings_for(cache_dir=base_weights, whisper_beam_size=1), language="en")
    measured = measure(Variant("base", "faster-whisper"), recordings, conditions, on_done)
    assert heard == ["first.flac", "deadly.wav", "last.flac"]
    assert [done.name for done in measured.transcriptions] == ["first.flac", "last.flac"]
    (problem,) = measured.problems
    assert problem.name == "deadly.wav"
    assert "signal 9" in problem.message


def test_unusable_weights_end_with_one_sentence(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.add("speech_en.mp3", "en.mp3", ENGLISH)
    folder = tmp_path / "cache" / "whisper" / "mine"
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json"):
        (folder / name).write_text("no model")
    monkeypatch.setenv("CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("MODEL_DOWNLOADS", "false")
    status, output = bench.run("--engine=faster-whisper")
    assert status == 1
    assert "mine" in output
    assert output.endswith("not one recording was transcribed; see the problems above.")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--engine=quick"], "There is no engine 'quick'; choose one of: faster-whisper, openai-whisper."),
        (["--model=huge"], "There is no model 'huge'; choose one of:"),
        (["--service=http://127.0.0.1:1"], "No transcription service answers at http://127.0.0.1:1:"),
        (["--service=http://127.0.0.1:1", "--beam-size=2"], "are settings of the service"),
    ],
)
def test_impossible_requests_get_one_sentence(bench: Bench, arguments: list[str], sentence: str) -> None:
    bench.add("speech_en.mp3", "en.mp3", ENGLISH)
    status, output = bench.run(*arguments)
    assert status == 1
    assert sentence in output


def test_empty_folders_say_what_belongs_there(bench: Bench) -> None:
    status, output = bench.run()
    assert status == 1
    assert output.startswith(f"There is no recording in {bench.root / 'audios'}: put audio files there")


def test_one_directory_may_hold_all_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCHMARK_DIR", str(tmp_path))
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 1
    for folder in ("audios", "text-references"):
        assert str(tmp_path / folder) in result.output


@pytest.fixture
def foreign_worker(settings: Settings) -> Iterator[None]:
    """A worker that is another program: takes task by task and says the English sentence."""
    client = redis.Redis(port=settings.redis_port, decode_responses=True)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            popped = client.brpop([settings.redis_queue_name], timeout=0.2)
            if popped:
                task = json.loads(popped[1])
                result = {"text": ENGLISH, "duration": 6.2, "model": task["model"] or "theirs"}
                client.set(settings.redis_results_prefix + task["task_id"], json.dumps(result))

    thread = threading.Thread(target=work)
    thread.start()
    yield
    ended.set()
    thread.join()
    client.close()


@pytest.mark.usefixtures("foreign_worker")
def test_running_service_is_measured_from_post_to_done(bench: Bench, settings: Settings) -> None:
    bench.add("speech_en.mp3", "en.mp3", ENGLISH)
    bench.add("text_renamed.mp3", "wrong.mp3", "something")
    with serving(settings) as service:
        status, output = bench.run(f"--service={service.url}", "--model=base")
    assert status == 0
    assert "wrong.mp3" in output
    content = bench.results()
    (summary,) = content["summary"]
    assert (summary["model"], summary["files"], summary["wer"]) == ("base", 1, 0)
    assert float(str(summary["times_real_time"])) > 0
    assert [problem["name"] for problem in content["problems"]] == ["wrong.mp3"]
