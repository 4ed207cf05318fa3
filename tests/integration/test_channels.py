"""Channels and tracks through the real `base` model: what is heard, and under which name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.audio.decode import read_samples
from app.core.config import Settings
from app.core.errors import AudioUndecodable
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint, WindowDone
from app.transcription.request import UNWATCHED
from app.transcription.service import TranscriptionService
from tests.support.recordings import RATE, Part, channels, planes, sentence, silence, wav, write

pytestmark = pytest.mark.weights

HEARD = "have lunch under the old tree"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, base_weights: Path) -> TranscriptionService:
    folder = tmp_path_factory.mktemp("uploads")
    return TranscriptionService(
        Settings(upload_dir=folder, cache_dir=base_weights, default_model="base", model_downloads=False)
    )


@pytest.fixture
def german(assets: Path) -> NDArray[np.float32]:
    return read_samples(assets / "speech_de.ogg")[0]


def _transcribe(
    service: TranscriptionService,
    path: Path,
    heard: list[WindowDone] | None = None,
    checkpoint: Checkpoint | None = None,
    **fields: object,
) -> Transcript:
    windows = [] if heard is None else heard
    watch = replace(UNWATCHED, on_window=windows.append)
    task = Task.model_validate({"task_id": "t", "file_path": path.name, **fields})
    return service.transcribe(task, checkpoint, watch)


def _uploads(service: TranscriptionService) -> Path:
    return service._settings.upload_dir


def _call(service: TranscriptionService, german: NDArray[np.float32]) -> Path:
    """Two sides, of which the second begins while the first still speaks, and the first speaks again."""
    pause = silence(len(german) / RATE - 1)
    left = np.concatenate([sentence(), pause, sentence()])
    right = np.concatenate([silence(len(sentence()) / RATE - 2), german])
    return wav(_uploads(service) / "call.wav", planes(left, right))


def test_each_side_of_a_call_has_its_own_transcript(
    service: TranscriptionService, german: NDArray[np.float32]
) -> None:
    path = _call(service, german)

    transcript = _transcribe(service, path, channels="split", word_timestamps=True)

    sides = {channel: [s for s in transcript.segments if s.channel == channel] for channel in (0, 1)}
    assert "".join(segment.text for segment in sides[0]).lower().count(HEARD) == 2
    assert "unter dem alten Baum" in "".join(segment.text for segment in sides[1])
    assert {segment.language for segment in sides[0]} == {"en"}
    assert {segment.language for segment in sides[1]} == {"de"}
    starts = [segment.start for segment in transcript.segments]
    assert starts == sorted(starts)
    assert transcript.text == "".join(segment.text for segment in transcript.segments).strip()
    for segment in transcript.segments:
        assert {word.channel for word in segment.words or ()} == {segment.channel}
    assert transcript.source is not None
    assert (transcript.source.channels, transcript.source.split) == (2, True)


def test_a_side_is_heard_as_if_it_were_alone(
    service: TranscriptionService, german: NDArray[np.float32]
) -> None:
    path = _call(service, german)
    together = _transcribe(service, path, channels="split")
    samples = np.concatenate([silence(len(sentence()) / RATE - 2), german])
    alone = _transcribe(service, wav(_uploads(service) / "side.wav", samples[np.newaxis]))

    side = [segment for segment in together.segments if segment.channel == 1]

    assert [(s.start, s.end, s.text) for s in side] == [(s.start, s.end, s.text) for s in alone.segments]


def test_a_call_goes_on_from_its_checkpoint(
    service: TranscriptionService, german: NDArray[np.float32]
) -> None:
    path = _call(service, german)
    heard: list[WindowDone] = []
    again: list[WindowDone] = []
    whole = _transcribe(service, path, heard, channels="split")
    saved = tuple(done.window for done in heard[1:])

    resumed = _transcribe(
        service, path, again, Checkpoint(plan=heard[0].plan, windows=saved), channels="split"
    )

    assert resumed.segments == whole.segments
    assert [done.window.number for done in again] == [heard[0].window.number]
    assert sorted(done.window.number for done in heard) == list(range(len(heard)))


def test_progress_counts_each_second_once(service: TranscriptionService, german: NDArray[np.float32]) -> None:
    heard: list[WindowDone] = []

    transcript = _transcribe(service, _call(service, german), heard, channels="split")

    assert transcript.duration * 0.8 < sum(done.covered for done in heard) <= transcript.duration


def test_one_channel_is_split_into_one(service: TranscriptionService) -> None:
    path = wav(_uploads(service) / "mono.wav", sentence()[np.newaxis])

    transcript = _transcribe(service, path, channels="split")

    assert HEARD in transcript.text.lower()
    assert {segment.channel for segment in transcript.segments} == {0}


def test_without_split_no_channel_is_named(service: TranscriptionService) -> None:
    path = wav(_uploads(service) / "nine.wav", channels(9, 8))

    transcript = _transcribe(service, path)

    assert HEARD in transcript.text.lower()
    assert "channel" not in transcript.segments[0].model_dump()


@pytest.mark.parametrize(
    ("track", "expected"),
    [("auto", (2,)), (1, (1,)), (2, (2,)), ("mix", (1, 2, 3))],
)
def test_the_track_with_speech_is_heard(
    service: TranscriptionService, track: object, expected: tuple[int, ...]
) -> None:
    quiet, voice = silence(6.2)[np.newaxis], sentence()[np.newaxis]
    noise = np.random.default_rng(1).normal(0, 0.001, (1, len(sentence()))).astype(np.float32)
    path = _uploads(service) / "tracks.mkv"
    write(path, *(Part(sound, codec="flac") for sound in (quiet, voice, noise)))

    transcript = _transcribe(service, path, track=track)

    assert (HEARD in transcript.text.lower()) == (2 in expected)
    assert transcript.source is not None
    assert (transcript.source.tracks, transcript.source.tracks_read) == (3, expected)
    assert any("3 audio tracks" in warning for warning in transcript.warnings) == (track == "auto")


def test_tracks_may_be_the_channels(service: TranscriptionService, german: NDArray[np.float32]) -> None:
    path = _uploads(service) / "studio.mkv"
    write(path, Part(sentence()[np.newaxis], codec="flac"), Part(german[np.newaxis], codec="flac"))

    transcript = _transcribe(service, path, track="mix", channels="split")

    said = dict.fromkeys((0, 1), "")
    for segment in transcript.segments:
        assert segment.channel is not None
        said[segment.channel] += segment.text
    assert HEARD in said[0].lower()
    assert "unter dem alten Baum" in said[1]


def test_a_track_that_is_not_there_is_an_error(service: TranscriptionService) -> None:
    path = wav(_uploads(service) / "mono.wav", sentence()[np.newaxis])

    with pytest.raises(AudioUndecodable, match="no track 2: the file has 1 audio track"):
        _transcribe(service, path, track=2)
