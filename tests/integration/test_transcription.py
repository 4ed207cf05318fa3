"""Real recordings through decoding, the real `base` model and back: what a worker does with a task."""

import json
import re
import shutil
import wave
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.asr.hardware import CPU_BATCH
from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.core.config import Settings
from app.core.errors import (
    AudioMissing,
    AudioUndecodable,
    EngineFailed,
    InvalidParameter,
    InvalidTask,
    ModelUnavailable,
    TaskCancelled,
    UnknownModel,
)
from app.schemas.task import Task, TaskKind
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint, WindowDone
from app.transcription.request import Watch
from app.transcription.service import TranscriptionService
from tests.support.processes import kill_readers

pytestmark = pytest.mark.weights

Transcribe = Callable[..., Transcript]


@pytest.fixture(scope="module")
def upload_dir(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> Path:
    folder = tmp_path_factory.mktemp("uploads")
    for path in assets.iterdir():
        shutil.copy(path, folder / path.name)
    return folder


@pytest.fixture(scope="module")
def service(upload_dir: Path, base_weights: Path) -> TranscriptionService:
    """One for all tests, as in a worker: the model is loaded once."""
    return TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, default_model="base", model_downloads=False)
    )


@pytest.fixture(scope="module")
def long_recording(upload_dir: Path, assets: Path) -> str:
    """Several windows: the same sentence again and again, with pauses."""
    sentence, _ = read_samples(assets / "speech_en.flac")
    _write(upload_dir / "long.wav", [sentence, np.zeros(SAMPLE_RATE * 5 // 2, np.float32)] * 4)
    return "long.wav"


def _write(path: Path, parts: Sequence[Samples]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.concatenate(parts) * 32767).astype("<i2").tobytes())


@pytest.fixture
def transcribe(service: TranscriptionService) -> Transcribe:
    def run(
        file_path: str,
        *,
        heard: list[WindowDone] | None = None,
        stop: bool = False,
        checkpoint: Checkpoint | None = None,
        **fields: object,
    ) -> Transcript:
        task = Task.model_validate({"task_id": "t", "file_path": file_path, **fields})
        return service.transcribe(task, checkpoint, _watch(heard, stop=stop))

    return run


def _watch(heard: list[WindowDone] | None = None, *, stop: bool = False) -> Watch:
    windows = [] if heard is None else heard
    return Watch(
        on_loading=lambda: None,
        on_loaded=lambda: None,
        on_alive=lambda: None,
        on_window=windows.append,
        should_stop=lambda: stop,
    )


@pytest.mark.parametrize(
    "name", ["speech_en.flac", "speech_en.mp3", "speech_en.webm", "video_with_sound.mp4"]
)
def test_speech_becomes_text(transcribe: Transcribe, name: str) -> None:
    transcript = transcribe(name)

    assert "walk to the river and have lunch under the old tree" in transcript.text.lower()
    assert transcript.language == "en"
    assert transcript.duration == pytest.approx(6.2, abs=0.05)
    assert (transcript.model, transcript.engine, transcript.device) == ("base", "faster-whisper", "cpu")
    assert transcript.processing_seconds > 0
    assert not transcript.trimmed
    assert transcript.warnings == ()


def test_segments_make_up_the_text(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac")

    assert "".join(segment.text for segment in transcript.segments).strip() == transcript.text
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))
    times = [time for segment in transcript.segments for time in (segment.start, segment.end)]
    assert times == sorted(times)
    assert Transcript.model_validate_json(transcript.model_dump_json()) == transcript


def test_the_language_may_change_within_a_recording(
    transcribe: Transcribe, upload_dir: Path, assets: Path
) -> None:
    english, german = (read_samples(assets / name)[0] for name in ("speech_en.flac", "speech_de.ogg"))
    pause = np.zeros(SAMPLE_RATE * 5 // 2, np.float32)
    _write(upload_dir / "mixed.wav", [english, pause] * 4 + [german, pause] * 4)

    transcript = transcribe("mixed.wav")

    languages = [segment.language for segment in transcript.segments]
    assert (transcript.language, languages[0], languages[-1]) == ("en", "en", "de")
    assert "under the old tree" in transcript.text
    assert "unter dem alten Baum" in transcript.segments[-1].text


def test_each_window_is_heard_of(transcribe: Transcribe, long_recording: str) -> None:
    heard: list[WindowDone] = []

    transcript = transcribe(long_recording, heard=heard)

    assert sorted(done.window.number for done in heard) == list(range(len(heard)))
    assert len(heard) >= 3
    in_order = sorted(heard, key=lambda done: done.window.number)
    assert "".join(done.window.text for done in in_order).strip() == transcript.text
    assert sum(done.covered for done in heard) == pytest.approx(in_order[-1].window.end)
    assert {done.duration for done in heard} == {transcript.duration}
    assert transcript.quality is not None
    assert transcript.quality.windows == len(heard)


def test_reader_processes_change_nothing_and_may_be_killed(
    transcribe: Transcribe, long_recording: str, upload_dir: Path, base_weights: Path
) -> None:
    apart = TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, model_downloads=False, readers="processes")
    )
    killed: list[int] = []

    def kill_once() -> bool:
        if not sum(killed):
            killed.append(kill_readers())
        return False

    task = Task(task_id="t", file_path=long_recording, model="base")
    transcript = apart.transcribe(task, None, replace(_watch(), should_stop=kill_once))

    assert sum(killed) == 1
    expected = transcribe(long_recording)
    assert transcript.segments == expected.segments
    assert (transcript.duration, transcript.warnings) == (expected.duration, expected.warnings)


def test_a_recording_goes_on_from_its_checkpoint(transcribe: Transcribe, long_recording: str) -> None:
    heard: list[WindowDone] = []
    whole = transcribe(long_recording, heard=heard)
    checkpoint = Checkpoint(plan=heard[0].plan, windows=tuple(done.window for done in heard[:2]))
    again: list[WindowDone] = []

    resumed = transcribe(long_recording, heard=again, checkpoint=checkpoint)

    assert resumed.segments == whole.segments
    assert resumed.language_probability == whole.language_probability
    assert len(again) == len(heard) - 2
    assert resumed.provenance is not None
    assert resumed.provenance.windows_resumed == 2


def test_a_checkpoint_of_another_plan_is_of_no_use(transcribe: Transcribe, long_recording: str) -> None:
    heard: list[WindowDone] = []
    transcribe(long_recording, heard=heard)
    checkpoint = Checkpoint(plan="older", windows=tuple(done.window for done in heard))
    again: list[WindowDone] = []

    transcribe(long_recording, heard=again, checkpoint=checkpoint)

    assert len(again) == len(heard)


def test_recordings_at_the_same_time_share_the_model(transcribe: Transcribe) -> None:
    names = ["speech_en.flac", "speech_en.mp3", "speech_en.webm", "video_with_sound.mp4"]
    alone = [transcribe(name).text for name in names]

    with ThreadPoolExecutor(len(names)) as threads:
        together = [transcript.text for transcript in threads.map(transcribe, names)]

    assert together == alone


def test_words_have_times_where_asked(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac", word_timestamps=True)

    words = [word for segment in transcript.segments for word in segment.words or ()]
    assert "".join(word.word for word in words).strip() == transcript.text
    assert all(0 <= word.start <= word.end <= transcript.duration for word in words)


def test_a_translation_is_in_english(transcribe: Transcribe) -> None:
    translated = transcribe("speech_ru.ogg", task="translate", language="ru")

    assert translated.language == "ru"
    assert translated.text.isascii()  # what robots say in Russian, base does not understand well


def test_a_language_that_is_named_is_not_asked_of_the_model(transcribe: Transcribe) -> None:
    assert transcribe("speech_en.flac", language="de").language == "de"


@pytest.mark.parametrize("language", ["Deutsch", "deu", "de-AT"])
def test_a_language_in_the_words_of_who_pushed_the_task(transcribe: Transcribe, language: str) -> None:
    transcript = transcribe("speech_de.ogg", language=language)

    assert transcript.language == "de"
    assert "wir gehen mit den kindern" in transcript.text.lower()


def test_the_language_is_one_of_those_that_it_may_be(transcribe: Transcribe) -> None:
    free, bound = (transcribe("speech_de.ogg", languages=names) for names in ((), ("en", "ru")))

    assert free.language == "de"
    assert bound.language in ("en", "ru")
    assert {segment.language for segment in bound.segments} == {bound.language}
    assert transcribe("speech_de.ogg", languages=("en", "German")).text == free.text


@pytest.mark.parametrize(
    "fields",
    [{"language": "Germn"}, {"languages": ["en", "x"]}, {"task": "translate", "model": "turbo"}],
)
def test_what_no_model_can_do_is_not_tried(transcribe: Transcribe, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidParameter) as raised:
        transcribe("speech_en.flac", **fields)
    assert not raised.value.retryable


def test_the_translating_model_takes_the_place_of_one_that_cannot(
    upload_dir: Path, base_weights: Path
) -> None:
    settings = Settings(
        upload_dir=upload_dir, cache_dir=base_weights, translate_model="base", model_downloads=False
    )
    task = Task(task_id="t", file_path="speech_ru.ogg", model="turbo", task=TaskKind.TRANSLATE)

    transcript = TranscriptionService(settings).transcribe(task, None, _watch())

    assert transcript.model == "base"
    assert transcript.text.isascii()


def test_a_prompt_sets_the_style(transcribe: Transcribe) -> None:
    prompt = "THE WEATHER IS NICE TODAY. WE WILL WALK IN THE PARK."

    assert transcribe("speech_en.flac", prompt=prompt).text.isupper()


def test_hotwords_reach_the_model(transcribe: Transcribe) -> None:
    recording = "speech_left_channel_only.ogg"

    assert "apples" not in transcribe(recording).text
    assert "apples" in transcribe(recording, hotwords="apples").text


def test_a_temperature_samples_from_the_start(transcribe: Transcribe) -> None:
    sampled = transcribe("speech_en.flac", temperature=0.4)

    assert {segment.temperature for segment in sampled.segments} == {0.4}


def test_without_speech_detection_all_of_it_is_listened_to(transcribe: Transcribe) -> None:
    heard: list[WindowDone] = []
    transcribe("silence_5s.flac", heard=heard, vad=False)

    [done] = heard
    assert done.window.start == 0.0
    assert done.window.end == pytest.approx(5.0, abs=0.1)


def test_the_record_tells_how_it_was_made(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac")

    assert transcript.provenance is not None
    assert transcript.provenance.encoder_context == "short"
    assert re.fullmatch(r"suffix sha256:[0-9a-f]{16}", transcript.provenance.encoder_padding or "")
    assert transcript.provenance.model_digest.startswith("sha256:")
    assert transcript.provenance.versions["faster-whisper"]
    assert transcript.provenance.batch_limit == CPU_BATCH
    assert transcript.provenance.batch_slots == transcript.provenance.batch_places > 0
    assert transcript.provenance.real_time_factor == pytest.approx(
        transcript.processing_seconds / transcript.duration, abs=0.001
    )


def test_silence_has_no_text(transcribe: Transcribe) -> None:
    transcript = transcribe("silence_5s.flac")

    assert (transcript.text, transcript.segments, transcript.duration) == ("", (), 5.0)


def test_trim_shortens_and_says_so(transcribe: Transcribe) -> None:
    transcript = transcribe("speech_en.flac", trim=2)

    assert transcript.trimmed
    assert transcript.duration == 2
    assert "river" not in transcript.text


def test_trim_beyond_the_end_cuts_nothing(transcribe: Transcribe) -> None:
    assert not transcribe("speech_en.flac", trim=100).trimmed


def test_damage_is_told_in_the_result(transcribe: Transcribe) -> None:
    transcript = transcribe("truncated_after_index.m4a")

    assert "walk" in transcript.text
    assert any("breaks off" in warning for warning in transcript.warnings)


@pytest.mark.parametrize(
    "name", ["text_renamed.mp3", "zero_samples.wav", "video_without_sound.mp4", "empty.mp3"]
)
def test_a_broken_file_ends_only_its_own_task(transcribe: Transcribe, name: str) -> None:
    with pytest.raises(AudioUndecodable):
        transcribe(name)

    assert transcribe("speech_en.flac").text


def test_cancelling_stops_the_work(transcribe: Transcribe) -> None:
    with pytest.raises(TaskCancelled):
        transcribe("speech_en.flac", stop=True)


@pytest.mark.parametrize("path", ["gone.wav", "a_folder"])
def test_a_missing_file_is_told(transcribe: Transcribe, upload_dir: Path, path: str) -> None:
    (upload_dir / "a_folder").mkdir(exist_ok=True)
    with pytest.raises(AudioMissing):
        transcribe(path)


@pytest.mark.parametrize("path", ["../secret.flac", "/etc/passwd", "link.flac", "a\0b", "."])
def test_nothing_outside_the_uploads_is_read(transcribe: Transcribe, upload_dir: Path, path: str) -> None:
    secret = upload_dir.parent / "secret.flac"
    shutil.copy(upload_dir / "speech_en.flac", secret)
    (upload_dir / "link.flac").unlink(missing_ok=True)
    (upload_dir / "link.flac").symlink_to(secret)

    with pytest.raises(InvalidTask):
        transcribe(path)


def test_paths_may_be_absolute_or_begin_with_the_upload_folder(
    transcribe: Transcribe, upload_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(upload_dir.parent)

    assert transcribe(str(upload_dir / "silence_5s.flac")).duration == 5
    assert transcribe(f"{upload_dir.name}/silence_5s.flac").duration == 5


def test_models_that_do_not_exist_or_are_not_there(transcribe: Transcribe) -> None:
    with pytest.raises(UnknownModel, match="choose one of"):
        transcribe("speech_en.flac", model="gigantic")
    with pytest.raises(ModelUnavailable, match="MODEL_DOWNLOADS is off"):
        transcribe("speech_en.flac", model="medium.en")


def test_the_encoder_may_hear_all_30_seconds(
    upload_dir: Path, base_weights: Path, transcribe: Transcribe
) -> None:
    service = TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, encoder_context="full", model_downloads=False)
    )
    task, heard = Task(task_id="t", file_path="speech_en.flac", model="base"), list[WindowDone]()
    transcript = service.transcribe(task, None, _watch(heard))

    assert transcript.provenance is not None
    assert transcript.provenance.encoder_context == "full"
    assert transcript.provenance.encoder_padding == "silence"
    assert transcript.text.endswith("have lunch under the old tree.")
    # What was heard with another context is no part of this transcript.
    shorter: list[WindowDone] = []
    transcribe("speech_en.flac", heard=shorter)
    assert heard[0].plan != shorter[0].plan


def test_a_compute_type_that_does_not_run_here(upload_dir: Path, base_weights: Path) -> None:
    service = TranscriptionService(
        Settings(upload_dir=upload_dir, cache_dir=base_weights, device="cpu", compute_type="int16_float8")
    )

    with pytest.raises(ModelUnavailable, match="set it to auto or to one of"):
        service.transcribe(
            Task(task_id="t", file_path="speech_en.flac", model="base"),
            None,
            _watch(),
        )


def test_the_fake_engine_is_reached_by_its_setting_only(
    settings_for: Callable[..., Settings], transcribe: Transcribe, upload_dir: Path
) -> None:
    (upload_dir / "script.json").write_text(json.dumps({"text": "hello", "fail": "no luck", "once": True}))
    task = Task(task_id="t", file_path="script.json", model="base")
    service = TranscriptionService(settings_for(upload_dir=upload_dir, engine="fake"))

    with pytest.raises(AudioUndecodable):
        transcribe("script.json")
    with pytest.raises(EngineFailed, match="no luck"):
        service.transcribe(task, None, _watch())
    assert service.transcribe(task, None, _watch()).text == "hello"
