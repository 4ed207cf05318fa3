"""Sound lies on the clock of its container, and lengths are told as they are."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.probe import probe
from tests.support.recordings import (
    RATE,
    Part,
    begin_of,
    joined,
    likeness,
    sentence,
    silence,
    write,
)

MONO = sentence()[np.newaxis]
BEGIN = begin_of(sentence())


@pytest.mark.parametrize("name", ["late.mkv", "late.mp4", "late.mov", "late.ts", "late.mpg", "late.asf"])
def test_sound_that_begins_after_the_picture(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, Part(MONO, codec="mp2", start=5), picture_seconds=14)

    samples, report = read_samples(path)

    assert begin_of(samples) == pytest.approx(5 + BEGIN, abs=0.15)
    assert report.duration == pytest.approx(14.0, abs=0.2)
    assert report.warnings == ()


@pytest.mark.parametrize("name", ["late.mka", "late.m4a", "late.webm", "late.ogg", "late.wma"])
def test_sound_that_begins_after_the_zero_of_its_container(tmp_path: Path, name: str) -> None:
    codec, rate = ("aac", RATE) if name.endswith(("mka", "m4a", "wma")) else ("libopus", 48_000)
    sound = MONO if rate == RATE else np.repeat(MONO, 3, axis=1)
    path = write(tmp_path / name, Part(sound, codec=codec, start=5, rate=rate))

    samples, report = read_samples(path)

    assert begin_of(samples) == pytest.approx(5 + BEGIN, abs=0.1)
    assert report.duration == pytest.approx(11.2, abs=0.1)
    assert report.warnings == ()


@pytest.mark.parametrize("name", ["begun.ts", "begun.mpg"])
def test_sound_that_begins_long_after_the_picture_is_found(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / name, Part(MONO, codec="mp2", start=20), picture_seconds=27)

    assert probe(path).channels == 1
    samples, report = read_samples(path)

    assert begin_of(samples) == pytest.approx(20 + BEGIN, abs=0.15)
    assert report.damaged_packets == 0


def test_a_clock_that_begins_at_ten_hours(tmp_path: Path) -> None:
    path = write(tmp_path / "clock.mka", Part(MONO, codec="aac", start=36_000))

    samples, report = read_samples(path)

    assert begin_of(samples) == pytest.approx(BEGIN, abs=0.1)
    assert report.duration == pytest.approx(6.2, abs=0.1)
    assert [warning for warning in report.warnings if "breaks off" in warning] == []
    assert "begins at 36000 s" in report.warnings[0]


def test_a_clock_that_begins_with_the_delay_of_a_codec_is_ordinary(assets: Path) -> None:
    samples, report = read_samples(assets / "speech_en.spx")

    assert begin_of(samples) == pytest.approx(BEGIN, abs=0.1)
    assert report.warnings == ()


@pytest.mark.parametrize("name", ["short.mkv", "short.mp4", "short.avi", "short.flv"])
def test_a_picture_that_lasts_longer_is_no_loss(tmp_path: Path, name: str) -> None:
    codec = "pcm_s16le" if name.endswith("avi") else "aac"
    video = 0 if name.endswith("flv") else 20
    sound = Part(MONO, codec=codec)
    path = write(tmp_path / name, sound, picture_seconds=video)

    _, report = read_samples(path)

    assert report.warnings == ()
    assert report.duration == pytest.approx(video or 6.2, abs=0.2)


def test_what_is_asked_for_is_no_longer_than_that(tmp_path: Path) -> None:
    path = write(tmp_path / "short.mkv", Part(MONO, codec="aac"), picture_seconds=20)

    assert read_samples(path, trim=10)[1].duration == 10


@pytest.mark.parametrize("name", ["tracks.mkv", "tracks.mp4"])
def test_another_track_that_lasts_longer_is_no_loss(tmp_path: Path, name: str) -> None:
    longer = Part(silence(15)[np.newaxis], codec="aac")
    _, report = read_samples(write(tmp_path / name, Part(MONO, codec="aac"), longer))

    assert report.source.read == (1,)
    assert not report.incomplete
    assert report.duration == pytest.approx(15, abs=0.2)


def test_what_breaks_off_still_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "cut.mkv", Part(MONO, codec="aac"), picture_seconds=6)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    assert "breaks off" in read_samples(path)[1].warnings[-1]


def test_a_pause_of_hours_keeps_its_time(tmp_path: Path) -> None:
    path = write(tmp_path / "pause.mka", Part(MONO, codec="flac", pauses={3.0: 7200.0}))

    samples, report = read_samples(path)

    assert report.seconds == pytest.approx(7206.2, abs=0.1)
    assert likeness(samples[7203 * RATE :], sentence()[3 * RATE :]) > 0.9
    assert report.warnings == ()


@pytest.mark.parametrize("rates", [(44_100, 16_000), (16_000, 44_100)])
def test_joined_adts_streams_of_two_rates(tmp_path: Path, rates: tuple[int, int]) -> None:
    parts = [
        write(tmp_path / f"{rate}.aac", Part(_at(rate), codec="aac", rate=rate), format="adts")
        for rate in rates
    ]

    samples, report = read_samples(joined(tmp_path / "both.aac", *parts))

    assert report.seconds == pytest.approx(12.4, abs=0.3)
    assert likeness(samples[: 6 * RATE], sentence()) > 0.9
    assert likeness(samples[-6 * RATE :], sentence()) > 0.9


def test_joined_mp3_files_keep_their_times(tmp_path: Path, assets: Path) -> None:
    parts = [assets / "speech_en.mp3", assets / "speech_en_with_cover.mp3"] * 5

    samples, report = read_samples(joined(tmp_path / "joined.mp3", *parts))

    assert report.seconds == pytest.approx(10 * 6.2, abs=0.2 * 10)
    for number in range(10):
        begun = 6.195 * number
        part = samples[round(begun * RATE) : round((begun + 7.5) * RATE)]
        assert likeness(part[: 7 * RATE], sentence()) > 0.6


@pytest.mark.parametrize("name", ["talk.wav", "talk.m4a", "talk.flac", "talk.ogg", "talk.webm", "talk.ts"])
def test_joined_files_are_heard_to_their_end(tmp_path: Path, name: str) -> None:
    codecs = {"wav": "pcm_s16le", "m4a": "aac", "flac": "flac", "ts": "aac"}
    codec = codecs.get(name[5:], "libopus")
    sound = MONO if codec != "libopus" else np.repeat(MONO, 3, axis=1)
    rate = RATE if codec != "libopus" else 48_000
    one = write(tmp_path / name, Part(sound, codec=codec, rate=rate))
    path = joined(tmp_path / f"joined_{name}", one, one, one)

    samples, report = read_samples(path)

    assert report.seconds == pytest.approx(3 * 6.2, abs=0.3)
    assert likeness(samples[-7 * RATE :], sentence()) > 0.9
    assert report.warnings == ()
    if name[5:] in ("wav", "m4a"):
        assert probe(path).duration == pytest.approx(3 * 6.2, abs=0.3)


def test_a_joined_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    one = write(tmp_path / "talk.wav", Part(MONO))
    broken = tmp_path / "broken.wav"
    broken.write_bytes(one.read_bytes()[:12] + bytes(500))

    samples, report = read_samples(joined(tmp_path / "joined.wav", one, broken))

    assert len(samples) == len(sentence())
    assert "damaged" in report.warnings[0]


def _at(rate: int) -> np.ndarray:
    places = np.arange(round(len(sentence()) * rate / RATE)) * RATE / rate
    return np.interp(places, np.arange(len(sentence())), sentence()).astype(np.float32)[np.newaxis]
