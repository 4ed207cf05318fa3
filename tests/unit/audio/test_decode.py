import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from app.audio.blocks import BLOCK_SAMPLES
from app.audio.decode import read_samples, stream_samples
from app.audio.samples import SAMPLE_RATE
from app.core.errors import AudioMissing, AudioUndecodable


@pytest.mark.parametrize(
    "name",
    [
        "speech_en.flac",
        "speech_en.mp3",
        "speech_en.webm",
        "speech_en_mulaw_8k.wav",
        "speech_en_stereo.m4a",
        "speech_en_with_cover.mp3",
        "video_with_sound.mp4",
    ],
)
def test_every_format_gives_the_same_sound(assets: Path, name: str) -> None:
    samples, report = read_samples(assets / name)
    reference, _ = read_samples(assets / "speech_en.flac")

    assert samples.dtype == np.float32
    assert report.seconds == pytest.approx(6.2, abs=0.05)
    assert report.warnings == ()
    assert _loudness(samples) == pytest.approx(_loudness(reference), rel=0.15)


def test_comes_as_a_stream_of_chunks(assets: Path) -> None:
    chunks = list(stream_samples(assets / "speech_en.flac"))

    assert len(chunks) > 5
    assert all(BLOCK_SAMPLES <= len(chunk) < 2 * BLOCK_SAMPLES for chunk in chunks[:-1])
    assert sum(map(len, chunks)) == 99112


def test_trim_takes_the_first_seconds(assets: Path) -> None:
    whole, _ = read_samples(assets / "speech_en.flac")
    part, report = read_samples(assets / "speech_en.flac", trim=2.5)

    assert report.trimmed
    assert len(part) == 2.5 * SAMPLE_RATE
    assert np.array_equal(part, whole[: len(part)])


@pytest.mark.parametrize("trim", [99112 / SAMPLE_RATE, 60.0, 1e306])
def test_trim_beyond_the_end_cuts_nothing(assets: Path, trim: float) -> None:
    samples, report = read_samples(assets / "speech_en.flac", trim=trim)

    assert not report.trimmed
    assert len(samples) == 99112


def test_trim_leaves_the_rest_of_the_file_alone(assets: Path) -> None:
    _, report = read_samples(assets / "truncated_after_index.m4a", trim=1)

    assert report.damaged_packets == 0
    assert report.warnings == ()


def test_one_channel_of_two_is_heard(assets: Path) -> None:
    samples, report = read_samples(assets / "speech_left_channel_only.ogg")

    assert report.seconds == pytest.approx(2.76, abs=0.02)
    assert np.abs(samples).max() > 0.2


def test_damage_is_skipped_and_told(assets: Path) -> None:
    _, report = read_samples(assets / "damaged_middle.mp3")

    assert report.seconds == pytest.approx(5.45, abs=0.1)
    assert report.damaged_packets == 1
    assert "could not be decoded" in report.warnings[0]


def test_a_recording_that_breaks_off_says_so(assets: Path) -> None:
    _, report = read_samples(assets / "truncated_after_index.m4a")

    assert report.incomplete
    assert "says it lasts 6.2 s, but only 3.1 s" in report.warnings[-1]


def test_a_cut_mp3_with_a_length_header_says_so(assets: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.mp3").write_bytes((assets / "speech_en.mp3").read_bytes()[:12000])

    assert read_samples(tmp_path / "cut.mp3")[1].incomplete


@pytest.mark.parametrize(
    "name",
    ["empty.mp3", "text_renamed.mp3", "zero_samples.wav", "noise_for_samples.m4a", "video_without_sound.mp4"],
)
def test_nothing_to_hear_is_an_error(assets: Path, name: str) -> None:
    with pytest.raises(AudioUndecodable):
        read_samples(assets / name)


def test_a_missing_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(AudioMissing, match="upload it again"):
        read_samples(tmp_path / "gone.wav")


def test_a_pause_of_the_recorder_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "paused.mka"
    path.write_bytes(_matroska([(0.0, 8000, 1), (3.0, 8000, 1)]))

    samples, report = read_samples(path)

    assert report.seconds == pytest.approx(4.0, abs=0.05)
    assert np.abs(samples[SAMPLE_RATE + 800 : 3 * SAMPLE_RATE - 800]).max() == 0
    assert np.abs(samples[3 * SAMPLE_RATE + 800 :]).max() > 0.4


def test_an_absurd_timestamp_makes_no_hours_of_silence(tmp_path: Path) -> None:
    path = tmp_path / "jump.mka"
    path.write_bytes(_matroska([(0.0, 8000, 1), (90_000.0, 8000, 1)]))

    assert read_samples(path)[1].seconds == pytest.approx(2.0, abs=0.05)


def test_joined_streams_of_different_rates_are_both_decoded(assets: Path, tmp_path: Path) -> None:
    first, second = assets / "speech_en.mp3", assets / "speech_en_with_cover.mp3"
    (tmp_path / "joined.mp3").write_bytes(first.read_bytes() + second.read_bytes())

    _, report = read_samples(tmp_path / "joined.mp3")

    assert report.seconds == pytest.approx(12.4, abs=0.3)


def _loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def _matroska(tones: list[tuple[float, int, int]]) -> bytes:
    """Tones of one second: start in seconds, rate, channels."""
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=tones[0][1], layout="mono")
        for start, rate, channels in tones:
            tone = np.sin(np.arange(rate) * 0.3) * 16000
            frame = av.AudioFrame.from_ndarray(tone.astype(np.int16).reshape(channels, -1), "s16", "mono")
            frame.sample_rate = rate
            frame.time_base = Fraction(1, rate)
            frame.pts = round(start * rate)
            for packet in stream.encode(frame):
                container.mux(packet)
        container.mux(stream.encode(None))
    return target.getvalue()
