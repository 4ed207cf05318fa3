"""Windows that somebody else has cut: their sound is the same, to the last sample."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from app.audio.calls import CallSides
from app.audio.channels import ChannelWindow
from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading import slicing
from app.audio.reading.connection import LOST, Follower, ReaderLost
from app.audio.reading.cutting import Cutting
from app.audio.reading.pool import ProcessReaders, Readers, ThreadReaders
from app.audio.reading.process_reading import ProcessSlices
from app.audio.reading.slicing import offer_of
from app.core.errors import AudioMissing, EngineFailed
from app.schemas.lending import OfferedWindow
from tests.support.recordings import planes, sentence, silence, wav

RULES = ChunkRules()


@pytest.fixture(scope="module")
def processes() -> Iterator[ProcessReaders]:
    readers = ProcessReaders(1)
    yield readers
    readers.close()


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """Two channels that speak in turn; it ends in the middle of a frame."""
    left = np.concatenate([sentence(), silence(12)] * 2)
    right = np.concatenate([silence(9), sentence(), silence(3)] * 2)
    length = min(len(left), len(right)) - 100
    left, right = left[:length], right[:length]
    return wav(tmp_path / "call.wav", planes(left, right))


def whole(cutting: Cutting) -> list[ChannelWindow]:
    return list(ThreadReaders().open(cutting, lambda: None, lambda: None))


def offered(windows: list[ChannelWindow]) -> list[OfferedWindow]:
    """As they travel: as JSON."""
    texts = [offer_of(each, 1.0, "en").model_dump_json(exclude_defaults=True) for each in windows]
    return [OfferedWindow.model_validate_json(text) for text in texts]


def sliced(readers: Readers, cutting: Cutting, *portions: list[ChannelWindow]) -> list[ChannelWindow]:
    source = readers.open_slices(cutting, lambda: None, lambda: None)
    try:
        return [window for portion in portions for window in source.slices(offered(portion))]
    finally:
        source.close()


def plain(windows: list[ChannelWindow]) -> list[tuple[object, ...]]:
    return [
        (
            *(each.channel, each.window.number, each.window.start, each.window.end),
            *(each.window.speech, each.window.voiced, each.window.anchors, each.window.samples.tobytes()),
        )
        for each in windows
    ]


@pytest.mark.parametrize(
    "cutting",
    [
        {},
        {"vad": False},
        {"listening": Listening(split=True)},
        {"listening": Listening(split=True), "sides": CallSides((-20.0, -20.0))},
        {"listening": Listening(trim=12.3)},
    ],
    ids=["plain", "no detection", "split", "call", "trimmed"],
)
@pytest.mark.parametrize("readers", ["threads", "processes"])
def test_the_sound_is_the_same(
    processes: ProcessReaders, call: Path, cutting: dict[str, object], readers: str
) -> None:
    chosen: Readers = processes if readers == "processes" else ThreadReaders()
    how = Cutting(call, **({"listening": Listening(), "rules": RULES} | cutting))  # type: ignore[arg-type]
    windows = whole(how)
    assert len(windows) >= 2
    assert plain(sliced(chosen, how, windows)) == plain(windows)
    others = windows[1::2]
    assert plain(sliced(chosen, how, others[:1], others[1:])) == plain(others)


@pytest.mark.parametrize("name", ["speech_en.mp3", "speech_en.webm", "video_with_sound.mp4"])
def test_formats_that_cannot_be_sought_in(assets: Path, name: str) -> None:
    how = Cutting(assets / name, Listening(), RULES)
    assert plain(sliced(ThreadReaders(), how, whole(how))) == plain(whole(how))


def test_a_window_that_was_given_back_is_read_anew(call: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been passed is not kept for ever, and no window is refused for that."""
    monkeypatch.setattr(slicing, "KEPT_SECONDS", 10.0)
    how = Cutting(call, Listening(), RULES)
    windows = whole(how)
    assert plain(sliced(ThreadReaders(), how, windows, windows[:1])) == plain([*windows, windows[0]])


def test_a_recording_that_is_another_one_here_is_refused(call: Path, tmp_path: Path) -> None:
    windows = whole(Cutting(call, Listening(), RULES))
    shorter = wav(tmp_path / "shorter.wav", planes(sentence()))
    with pytest.raises(EngineFailed, match="ends earlier"):
        sliced(ThreadReaders(), Cutting(shorter, Listening(), RULES), windows)
    with pytest.raises(AudioMissing):
        sliced(ThreadReaders(), Cutting(tmp_path / "none.wav", Listening(), RULES), windows)


def test_a_reader_process_that_dies_is_replaced_once(processes: ProcessReaders, call: Path) -> None:
    how = Cutting(call, Listening(), RULES)
    windows = whole(how)
    source = processes.open_slices(how, lambda: None, lambda: None)
    found = list(source.slices(offered(windows[:1])))
    os.kill(processes.pids[0], signal.SIGKILL)
    found += source.slices(offered(windows[1:]))
    source.close()
    assert plain(found) == plain(windows)


def test_a_reader_process_that_dies_before_it_is_asked_is_replaced(
    processes: ProcessReaders, call: Path
) -> None:
    how = Cutting(call, Listening(), RULES)
    windows = whole(how)

    @contextmanager
    def connected(*, alone: bool) -> Iterator[Connection]:
        if alone:
            with processes.connected(alone=True) as connection:
                yield connection
            return
        ours, theirs = Pipe()
        theirs.close()
        try:
            yield ours
        except LOST as error:
            raise ReaderLost("killed") from error
        finally:
            ours.close()

    source = ProcessSlices(connected, how, Follower(lambda: None, lambda: None))
    assert plain(list(source.slices(offered(windows)))) == plain(windows)
    source.close()
