"""Who said what, through the real `base` model and the real network of voices."""

import base64
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.core.config import Settings
from app.core.errors import ModelUnavailable
from app.schemas.known_speaker import KnownSpeaker, known_speakers
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint, WindowDone
from app.transcription.request import UNWATCHED
from app.transcription.service import TranscriptionService
from tests.support.recordings import planes, sentence, silence, wav
from tests.support.voices import lower

pytestmark = pytest.mark.weights

HEARD = "have lunch under the old tree"


@pytest.fixture(scope="module")
def settings_of_module(
    tmp_path_factory: pytest.TempPathFactory, base_weights: Path, speaker_weights: Path
) -> Settings:
    assert speaker_weights.is_relative_to(base_weights)
    folder = tmp_path_factory.mktemp("uploads")
    return Settings(upload_dir=folder, cache_dir=base_weights, default_model="base", model_downloads=False)


@pytest.fixture(scope="module")
def service(settings_of_module: Settings) -> TranscriptionService:
    return TranscriptionService(settings_of_module)


def _transcribe(
    service: TranscriptionService,
    path: Path,
    heard: list[WindowDone] | None = None,
    checkpoint: Checkpoint | None = None,
    **fields: object,
) -> Transcript:
    windows = [] if heard is None else heard
    watch = replace(UNWATCHED, on_window=windows.append)
    task = Task.model_validate({"task_id": "t", "file_path": path.name, "language": "en", **fields})
    return service.transcribe(task, checkpoint, watch)


def _conversation(settings: Settings, pause: float = 0.6, times: int = 2) -> Path:
    """Two voices say the same in turn; each pause of more than 2 s ends a window."""
    parts = [sentence(), silence(pause), lower(sentence()), silence(pause)]
    name = f"conversation_{pause}_{times}.wav"
    return wav(settings.upload_dir / name, np.concatenate(parts * times)[np.newaxis])


def test_each_word_has_its_speaker(service: TranscriptionService, settings_of_module: Settings) -> None:
    transcript = _transcribe(service, _conversation(settings_of_module), diarize=True)

    assert transcript.speakers is not None
    assert transcript.turns is not None
    assert [speaker.id for speaker in transcript.speakers] == ["S1", "S2"]
    assert [turn.speaker for turn in transcript.turns] == ["S1", "S2", "S1", "S2"]
    assert not any(turn.overlap for turn in transcript.turns)
    assert transcript.utterances is not None
    assert [said.speaker for said in transcript.utterances] == ["S1", "S2", "S1", "S2"]
    assert all(HEARD in said.text.lower() for said in transcript.utterances)
    for segment in transcript.segments:
        assert segment.words
        assert {word.speaker for word in segment.words} == {segment.speaker}
    assert "".join(segment.text for segment in transcript.segments).strip() == transcript.text
    assert [segment.id for segment in transcript.segments] == list(range(len(transcript.segments)))
    assert transcript.provenance is not None
    assert (transcript.provenance.speaker_model_digest or "").startswith("sha256:")


def test_a_given_number_of_speakers_is_kept(
    service: TranscriptionService, settings_of_module: Settings
) -> None:
    transcript = _transcribe(service, _conversation(settings_of_module), diarize=True, speakers="1")

    assert transcript.speakers is not None
    assert [speaker.id for speaker in transcript.speakers] == ["S1"]


def test_who_does_not_ask_for_speakers_is_told_of_none(
    service: TranscriptionService, settings_of_module: Settings
) -> None:
    transcript = _transcribe(service, _conversation(settings_of_module, times=1))

    told = transcript.model_dump()
    assert not {"speakers", "turns", "utterances"} & told.keys()
    assert "speaker" not in told["segments"][0]
    assert "speaker_model_digest" not in told["provenance"]


def test_where_nobody_speaks_there_are_no_speakers(
    service: TranscriptionService, settings_of_module: Settings
) -> None:
    path = wav(settings_of_module.upload_dir / "silence.wav", silence(5.0)[np.newaxis])

    transcript = _transcribe(service, path, diarize=True)

    assert (transcript.speakers, transcript.turns, transcript.utterances) == ((), (), ())


def test_each_side_of_a_split_call_is_a_speaker(
    service: TranscriptionService, settings_of_module: Settings
) -> None:
    left = np.concatenate([sentence(), silence(1.0), sentence()])
    right = np.concatenate([silence(5.0), lower(sentence())])
    path = wav(settings_of_module.upload_dir / "call.wav", planes(left, right))

    transcript = _transcribe(service, path, diarize=True, channels="split")

    assert transcript.turns is not None
    assert {(each.channel, each.speaker) for each in transcript.segments} == {(0, "S1"), (1, "S2")}
    assert any(turn.overlap for turn in transcript.turns)


def test_weights_that_are_not_there_are_an_error_that_says_so(
    cache_with_base: Path, settings_of_module: Settings
) -> None:
    settings = settings_of_module.model_copy(update={"cache_dir": cache_with_base})

    with pytest.raises(ModelUnavailable, match="Speakers cannot be told apart"):
        _transcribe(TranscriptionService(settings), _conversation(settings_of_module, times=1), diarize=True)


def test_a_killed_process_is_followed_by_one_that_finds_the_same_turns(
    service: TranscriptionService, settings_of_module: Settings, tmp_path: Path
) -> None:
    path = _conversation(settings_of_module, pause=2.5)
    whole = _transcribe(service, path, diarize=True)
    saved = tmp_path / "windows.jsonl"
    folders = (str(settings_of_module.upload_dir), str(settings_of_module.cache_dir))

    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_AT_THE_SECOND_WINDOW, *folders, path.name, str(saved)], check=False
    )

    assert killed.returncode == -9
    done = [WindowDone.model_validate_json(line) for line in saved.read_text("utf-8").splitlines()]
    again: list[WindowDone] = []
    checkpoint = Checkpoint(plan=done[0].plan, windows=tuple(each.window for each in done))
    resumed = _transcribe(service, path, again, checkpoint, diarize=True)
    assert resumed.provenance is not None
    assert resumed.provenance.windows_resumed == len(done) == 2
    assert {each.window.number for each in again}.isdisjoint(each.window.number for each in done)
    assert (resumed.turns, resumed.speakers) == (whole.turns, whole.speakers)
    assert resumed.segments == whole.segments


_KILLED_AT_THE_SECOND_WINDOW = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from app.core.config import Settings
from app.schemas.known_speaker import KnownSpeaker, known_speakers
from app.schemas.task import Task
from app.transcription.request import UNWATCHED
from app.transcription.service import TranscriptionService

uploads, cache, name, saved = sys.argv[1:]
file = open(saved, "w", encoding="utf-8")
count = 0

def keep(done):
    global count
    count += 1
    print(done.model_dump_json(), file=file, flush=True)
    if count == 2:
        os.kill(os.getpid(), signal.SIGKILL)

folders = {"upload_dir": Path(uploads), "cache_dir": Path(cache)}
settings = Settings(**folders, default_model="base", model_downloads=False)
task = Task(task_id="t", file_path=name, language="en", diarize=True)
watch = replace(UNWATCHED, on_window=keep)
TranscriptionService(settings).transcribe(task, None, watch)
"""


def test_other_weights_begin_anew(service: TranscriptionService, settings_of_module: Settings) -> None:
    """The plan of a recording with speakers names their weights."""
    path = _conversation(settings_of_module, times=1)
    plain: list[WindowDone] = []
    diarized: list[WindowDone] = []

    _transcribe(service, path, plain, word_timestamps=True)
    _transcribe(service, path, diarized, diarize=True)

    assert plain[0].plan != diarized[0].plan


def test_the_sides_of_a_call_are_found_and_each_is_heard_once(
    service: TranscriptionService, settings_of_module: Settings
) -> None:
    """Two channels with cross-talk of -12 dB: `channels` is `auto` with `diarize`, as the API has it."""
    one, other, pause = sentence(), lower(sentence()), silence(1.0)
    left = np.concatenate([one, np.zeros_like(other), pause, one])
    right = np.concatenate([np.zeros_like(one), other, pause, np.zeros_like(one)])
    leak = np.float32(10 ** (-12 / 20))
    hiss = np.random.default_rng(0).normal(0, 3e-4, (2, len(left))).astype(np.float32)
    path = wav(
        settings_of_module.upload_dir / "leaky.wav", planes(left + leak * right, right + leak * left) + hiss
    )

    transcript = _transcribe(service, path, diarize=True, channels="auto")

    assert transcript.source is not None
    assert transcript.source.split
    assert transcript.utterances is not None
    assert [said.speaker for said in transcript.utterances] == ["S1", "S2", "S1"]
    assert transcript.text.lower().count(HEARD) == 3


def test_ordinary_stereo_is_mixed(service: TranscriptionService, settings_of_module: Settings) -> None:
    sound = np.concatenate([sentence(), silence(0.6), lower(sentence())])
    path = wav(settings_of_module.upload_dir / "stereo.wav", planes(sound, 0.6 * sound))

    transcript = _transcribe(service, path, diarize=True, channels="auto")

    assert transcript.source is not None
    assert not transcript.source.split
    assert [turn.speaker for turn in transcript.turns or ()] == ["S1", "S2"]


@pytest.mark.parametrize("channels", ["mix", "split"])
def test_a_known_voice_has_its_name(
    service: TranscriptionService, settings_of_module: Settings, tmp_path: Path, channels: str
) -> None:
    one, other = sentence(), lower(sentence())
    left = np.concatenate([other, np.zeros_like(one)])
    right = np.concatenate([np.zeros_like(other), one])
    path = wav(settings_of_module.upload_dir / f"known_{channels}.wav", planes(left, right))
    clip = base64.b64encode(wav(tmp_path / "clip.wav", one[np.newaxis, 16_000:64_000]).read_bytes()).decode()
    clips = known_speakers.dump_json((KnownSpeaker(name="Ann", clip=clip),))
    (settings_of_module.upload_dir / "t.known_speaker_clips").write_bytes(clips)

    transcript = _transcribe(service, path, diarize=True, known_speakers=["Ann"], channels=channels)

    assert transcript.speakers is not None
    assert [(each.id, each.name) for each in transcript.speakers] == [("S1", None), ("S2", "Ann")]
