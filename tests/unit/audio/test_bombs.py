"""Small files cannot ask for much: memory stays the same whatever they say."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import SoundStream, read_samples
from app.audio.limits import AudioLimits
from app.audio.listening import Listening
from app.audio.probe import probe
from app.core.errors import AudioUndecodable, NoAudio, RecordingTooLong
from app.schemas.task import TrackChoice
from tests.support.recordings import RATE, Part, channels, likeness, sentence, silence, wav, write

LARGE = 64 * 1024 * 1024
FREE_KB = 40 * 1024
"""What opening may take: far below LARGE."""

_PEAK = """
import sys
from pathlib import Path
from app.audio.decode import SoundStream
from app.audio.listening import Listening
from app.audio.probe import probe
small, tested = map(Path, sys.argv[1:])
def peak(path):
    probe(path)
    for _ in SoundStream(path, Listening()): pass
    status = Path("/proc/self/status").read_text()  # ru_maxrss begins with what the parent had
    return int(status.split("VmHWM:")[1].split()[0])
before = peak(small)
print(peak(tested) - before)
"""


def _extra_kb(small: Path, tested: Path) -> int:
    """Memory that decoding a file takes at its peak beyond that of another one."""
    command = [sys.executable, "-c", _PEAK, str(small), str(tested)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _attached(path: Path, matroska: Path) -> Path:
    """The same recording with an attachment behind its header."""
    content = matroska.read_bytes()
    cluster = content.index(b"\x1f\x43\xb6\x75")
    name, data = b"\x46\x6e\x81a\x46\x60\x81a\x46\xae\x81\x01", b"\x46\x5c\x08" + LARGE.to_bytes(7, "big")
    data = b"\x46\x5c\x01" + LARGE.to_bytes(7, "big") + bytes(LARGE)
    inner = b"\x61\xa7\x01" + (len(name) + len(data)).to_bytes(7, "big") + name + data
    element = b"\x19\x41\xa4\x69\x01" + len(inner).to_bytes(7, "big") + inner
    segment = content.index(b"\x18\x53\x80\x67")
    unknown = content[: segment + 4] + b"\x01" + b"\xff" * 7 + content[segment + 12 : cluster]
    path.write_bytes(unknown + element + content[cluster:])
    return path


def _tagged(path: Path, mp3: Path) -> Path:
    frame = b"APIC" + _synchsafe(LARGE) + b"\0\0" + b"\0image/png\0\3\0".ljust(LARGE, b"x")
    path.write_bytes(b"ID3\4\0\0" + _synchsafe(len(frame)) + frame + mp3.read_bytes())
    return path


def _synchsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _with_user_data(path: Path, mp4: Path) -> Path:
    content = mp4.read_bytes()
    moov = content.index(b"moov") - 4
    size = int.from_bytes(content[moov : moov + 4], "big")
    assert moov + size == len(content)  # at the end, so that no offset changes
    cover = _box(b"covr", _box(b"data", b"\0\0\0\x0e\0\0\0\0" + bytes(LARGE)))
    meta = _box(b"meta", bytes(4) + _box(b"hdlr", bytes(8) + b"mdirappl" + bytes(9)) + _box(b"ilst", cover))
    added = _box(b"udta", meta)
    path.write_bytes(content[:moov] + _box(b"moov", content[moov + 8 :] + added))
    return path


def _box(kind: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + kind + content


def _with_pictures(path: Path, flac: Path) -> Path:
    content = flac.read_bytes()
    length = 2**24 - 1
    picture = b"\x06" + length.to_bytes(3, "big") + bytes(length)
    path.write_bytes(content[:4] + content[4:42] + picture * 5 + content[42:])
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path / "small.mka", Part(sentence()[np.newaxis], codec="flac"))


def test_an_attachment_is_not_read(tmp_path: Path, small: Path) -> None:
    large = _attached(tmp_path / "large.mka", small)

    assert _extra_kb(small, large) < FREE_KB
    assert np.array_equal(read_samples(large)[0], read_samples(small)[0])


def test_a_picture_before_mp3_is_not_read(tmp_path: Path, small: Path, assets: Path) -> None:
    large = _tagged(tmp_path / "large.mp3", assets / "speech_en.mp3")

    assert _extra_kb(small, large) < FREE_KB
    assert np.array_equal(read_samples(large)[0], read_samples(assets / "speech_en.mp3")[0])


def test_a_picture_in_mp4_is_not_read(tmp_path: Path, small: Path) -> None:
    plain = write(tmp_path / "plain.m4a", Part(sentence()[np.newaxis], codec="aac"), format="mp4")
    large = _with_user_data(tmp_path / "large.m4a", plain)

    assert _extra_kb(small, large) < FREE_KB
    assert np.array_equal(read_samples(large)[0], read_samples(plain)[0])


def test_pictures_in_flac_are_not_read(tmp_path: Path, small: Path) -> None:
    plain = write(tmp_path / "plain.flac", Part(sentence()[np.newaxis], codec="flac"))
    large = _with_pictures(tmp_path / "large.flac", plain)

    assert _extra_kb(small, large) < FREE_KB
    assert np.array_equal(read_samples(large)[0], read_samples(plain)[0])


@pytest.mark.parametrize("rate", [1, 4, 1999])
def test_a_rate_at_which_there_is_no_speech_is_refused(tmp_path: Path, rate: int) -> None:
    path = wav(tmp_path / "slow.wav", sentence()[np.newaxis], rate=rate)

    with pytest.raises(NoAudio, match="MIN_SAMPLE_RATE=2000"):
        probe(path)
    with pytest.raises(AudioUndecodable, match="MIN_SAMPLE_RATE=2000"):
        read_samples(path)


def test_a_rate_that_nothing_has_is_refused(tmp_path: Path) -> None:
    path = wav(tmp_path / "fast.wav", sentence()[np.newaxis], rate=400_000_000)

    with pytest.raises(AudioUndecodable, match="MAX_SAMPLE_RATE=4000000"):
        read_samples(path)


def test_low_rates_take_no_more_memory(tmp_path: Path, small: Path) -> None:
    slow = wav(tmp_path / "slow.wav", np.tile(sentence(), 20)[np.newaxis], rate=2_000)

    assert _extra_kb(small, slow) < FREE_KB


def test_too_many_channels_are_not_kept_apart(tmp_path: Path) -> None:
    path = wav(tmp_path / "many.wav", channels(100, 99))

    assert likeness(read_samples(path)[0], sentence()) > 0.99
    with pytest.raises(AudioUndecodable, match="MAX_CHANNELS"):
        list(SoundStream(path, Listening(split=True)))


def test_too_many_tracks_are_not_mixed(tmp_path: Path) -> None:
    path = write(tmp_path / "many.mka", *[Part(silence(1)[np.newaxis])] * 5)

    with pytest.raises(AudioUndecodable, match="MAX_CHANNELS"):
        list(SoundStream(path, Listening(track=TrackChoice.MIX, limits=AudioLimits(max_channels=4))))


def test_a_recording_that_is_too_long_is_refused(small: Path) -> None:
    with pytest.raises(RecordingTooLong, match="MAX_DURATION_SECONDS") as caught:
        probe(small, AudioLimits(max_seconds=5))

    assert "trim" in caught.value.detail
    assert probe(small, AudioLimits(max_seconds=5), trim=4).codec == "flac"


def test_a_length_that_is_not_stated_is_cut_and_told(small: Path) -> None:
    stream = SoundStream(small, Listening(limits=AudioLimits(max_seconds=5)))

    assert sum(block.shape[1] for block in stream) == 5 * RATE
    assert stream.report.trimmed
    assert "MAX_DURATION_SECONDS" in stream.report.warnings[0]


@pytest.mark.parametrize("trim", [1e306, 1e30, float("inf")])
def test_any_trim_may_be_asked_for(small: Path, trim: float) -> None:
    samples, report = read_samples(small, trim=trim)

    assert len(samples) == len(sentence())
    assert not report.trimmed


def test_hours_of_silence_take_no_memory(tmp_path: Path, small: Path) -> None:
    sound = silence(4)[np.newaxis]
    long = write(tmp_path / "long.mka", Part(sound, codec="flac", pauses={2.0: 20 * 3600.0}))

    assert _extra_kb(small, long) < FREE_KB
