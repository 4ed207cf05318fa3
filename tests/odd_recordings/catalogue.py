"""The odd recordings of this project: what is made, under which name it is sent, what must come."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.odd_recordings.case import Case
from tests.odd_recordings.making import (
    Sound,
    at_peak,
    at_rate,
    eight_bit,
    german,
    mixed,
    noise,
    patched,
    spoken_late,
    tone,
    without_lengths,
)
from tests.recordings import ASSETS, Part, channels, joined, planes, sentence, silence, wav, write
from tests.transcoding import Target, transcode

HEARD = "done; lunch, old, tree"
GERMAN = "Kinder, Fluss, Baum"
QUIET = f"{HEARD}; no warning"
UNKNOWN_LAYOUT = "warning of no known layout"
OPPOSITE = "warning of opposite phase"
STREAMED = b"\xff\xff\xff\xff"
"""The length that programs write which do not know it beforehand."""

Make = Callable[[Path], Path]


def mono(sound: Sound) -> np.ndarray:
    """One channel."""
    return sound[np.newaxis]


def names(folder: Path) -> list[Case]:
    """Names and ways of sending."""
    film = transcode(ASSETS / "speech_en.flac", folder / "lies.mp3", Target("mp4", "aac", sample_format="fltp"))
    return [
        Case(ASSETS / "speech_en.webm", "blob", (), QUIET, "audio/webm;codecs=opus"),
        Case(ASSETS / "speech_de.ogg", "voice", (), f"done; German; {GERMAN}; no warning"),
        Case(ASSETS / "speech_en_mulaw_8k.wav", "a.wav?token=1", (), QUIET),
        Case(film, film.name, (), QUIET, "audio/mpeg"),
        Case(ASSETS / "speech_en.spx", None, (), QUIET, "audio/ogg"),
        Case(ASSETS / "speech_en.dts", "…/..", (), QUIET),
    ]


def headers(folder: Path) -> list[Case]:
    """Lengths and rates that are wrong, unknown or unusual."""
    telephone = ASSETS / "speech_en_mulaw_8k.wav"
    au = transcode(ASSETS / "speech_en.flac", folder / "plain.au", Target("au", "pcm_s16be", 11_025))
    plain = wav(folder / "plain.wav", mono(sentence()))
    tenth = (len(sentence()) // 10 * 2).to_bytes(4, "little")
    four = wav(folder / "four_hertz.wav", mono(sentence()[:400]), rate=4)
    return [
        _case(without_lengths(folder / "streamed_ulaw.wav", telephone, (b"RIFF", b"data"), STREAMED), QUIET),
        _case(without_lengths(folder / "no_length.wav", plain, (b"RIFF", b"data"), bytes(4)), QUIET),
        _case(without_lengths(folder / "stale_length.wav", plain, (b"data",), tenth), HEARD),
        _case(patched(folder / "streamed.au", au, (8, STREAMED)), QUIET),
        _case(four, "422 that names MIN_SAMPLE_RATE"),
        _case(eight_bit(folder / "bytes.wav", at_rate(mono(sentence()), 11_025)[0], 11_025), QUIET),
    ]


def many_channels(folder: Path) -> list[Case]:
    """Speech in a channel where it is not looked for."""
    voice = at_peak(sentence(), -6)
    three = planes(voice, -voice, np.zeros_like(voice))
    hum = np.stack([tone(6.5, 50, 0.05)] * 6)
    hum[4, : len(voice)] = at_peak(voice, -20)
    late = planes(voice, -np.roll(voice, 3))
    return [
        _case(
            write(folder / "lfe.flac", Part(channels(6, 3), codec="flac", layout="5.1")),
            f"{HEARD}; 6 channels; warning of LFE",
        ),
        _case(
            write(folder / "side.mkv", Part(channels(8, 7), codec="flac", layout="7.1")),
            f"{QUIET}; 8 channels",
        ),
        _case(wav(folder / "nine.wav", channels(9, 4)), f"{HEARD}; 9 channels; {UNKNOWN_LAYOUT}"),
        _case(wav(folder / "twenty_four.wav", channels(24, 23)), f"{HEARD}; 24 channels; {UNKNOWN_LAYOUT}"),
        _case(
            wav(folder / "thirty_two.wav", channels(32, 19), dtype=np.float32),
            f"{HEARD}; 32 channels; {UNKNOWN_LAYOUT}",
        ),
        _case(wav(folder / "three_cancel.wav", three), f"{HEARD}; 3 channels; {OPPOSITE}"),
        _case(wav(folder / "five_hum.wav", hum), f"{HEARD}; 6 channels"),
        _case(_opus(folder / "opposite.opus", planes(voice, -voice)), f"{HEARD}; {OPPOSITE}"),
        _case(write(folder / "opposite.m4a", Part(late, codec="aac")), f"{HEARD}; {OPPOSITE}"),
        _case(
            wav(folder / "call.wav", planes(sentence(), np.concatenate([silence(4), german()]))),
            "done; river/lunch/tree in 0; Kinder/Fluss/Baum in 1; two channels",
            channels="split",
        ),
    ]


def tracks_and_clocks(folder: Path) -> list[Case]:
    """Several tracks, and clocks that do not begin at zero."""
    voice, still = mono(sentence()), mono(silence(6.2))
    other = mono(german())
    late = Part(voice, codec="aac", start=5)
    return [
        _case(
            write(folder / "second.mkv", Part(still, codec="flac"), Part(voice, codec="flac")),
            f"{HEARD}; two tracks; track 2 is read; warning of track 2",
        ),
        _case(
            write(folder / "dual.avi", Part(voice), Part(other), picture_seconds=8),
            f"done; German; {GERMAN}; two tracks; track 2 is read; no warning",
            track="2",
        ),
        _case(
            write(folder / "late.mp4", late, picture_seconds=14),
            f"{QUIET}; first word >= 5 s; duration = the container's",
        ),
        _case(
            write(folder / "begun.ts", Part(voice, codec="mp2", start=20), picture_seconds=27),
            f"{QUIET}; first word >= 20 s; duration = the container's",
        ),
        _case(
            write(folder / "wraps.ts", Part(voice, codec="mp2", start=2**33 / 90_000 - 3)),
            f"{QUIET}; duration = 6.2 s",
        ),
        _case(
            write(folder / "paused.mka", Part(voice, codec="flac", pauses={3.2: 30.0})),
            f"{QUIET}; duration = 36.2 s",
        ),
    ]


def joined_files(folder: Path) -> list[Case]:
    """Files one behind the other, as `cat` does it."""
    voice = mono(sentence())
    mp3, opus, speex = (ASSETS / f"speech_en.{name}" for name in ("mp3", "webm", "spx"))
    louder = Target("mp3", "libmp3lame", 44_100, "stereo", "s16p")
    second = transcode(ASSETS / "speech_en.flac", folder / "second.mp3", louder)
    flac = [
        write(folder / f"{rate}.flac", Part(at_rate(voice, rate), codec="flac", rate=rate))
        for rate in (16_000, 48_000)
    ]
    plain = wav(folder / "english.wav", voice)
    other = wav(folder / "other.wav", np.repeat(at_rate(voice, 44_100), 2, axis=0), rate=44_100)
    aiff = transcode(plain, folder / "plain.aiff", Target("aiff", "pcm_s16be"))
    chain = (transcode(plain, folder / "opus.ogg", Target("ogg", "libopus", 48_000)), speex)
    twice = "done; tree twice; duration = 12.4 s; no warning"
    return [
        _case(joined(folder / "joined.mp3", mp3, second), twice),
        _case(joined(folder / "joined.wav", plain, other), twice),
        _case(joined(folder / "mp3_behind.wav", plain, mp3), twice),
        _case(joined(folder / "joined.ogg", *chain), twice),
        _case(joined(folder / "joined.flac", *flac), twice),
        _case(joined(folder / "joined.aiff", aiff, aiff), twice),
        _case(joined(folder / "joined.webm", opus, opus), twice),
    ]


def formats(folder: Path) -> list[Case]:
    """Containers and codecs that few programs write."""
    targets = {
        "alac.caf": Target("caf", "alac", 44_100, "stereo", "s16p"),
        "ulaw.aifc": Target("aiff", "pcm_mulaw", 8000),
        "long.w64": Target("w64", "pcm_s24le", 192_000, sample_format="s32"),
        "true.tta": Target("tta", "tta", 22_050),
        "pack.wv": Target("wv", "wavpack", 32_000, sample_format="s16p"),
        "adpcm.wav": Target("wav", "adpcm_ima_wav", 8000, sample_format="s16p"),
        "media.wma": Target("asf", "wmav2", 22_050, sample_format="fltp", bit_rate=64_000),
        "high.flac": Target("flac", "flac", 192_000, sample_format="s32"),
    }
    source = ASSETS / "speech_en.flac"
    return [_case(transcode(source, folder / name, target), QUIET) for name, target in targets.items()]


def levels(folder: Path) -> list[Case]:
    """Samples that are too soft, too loud, beside zero, or no numbers."""
    broken = sentence().copy()
    broken[1000::5000] = np.nan
    broken[2500::20_000] = np.inf
    click = spoken_late(45)
    click[100:120] = 0.9
    softly = mixed(noise(7, -70), np.concatenate([at_peak(sentence(), -40), silence(1)]))
    return [
        _case(wav(folder / "nan.wav", mono(broken), dtype=np.float32), f"{HEARD}; warning of no numbers"),
        _case(wav(folder / "minus_50.wav", mono(at_peak(sentence(), -50))), QUIET),
        _case(
            wav(folder / "minus_60.wav", mono(at_peak(sentence(), -60))),
            "done; words, or a warning that almost nothing was taken for speech",
        ),
        _case(wav(folder / "offset.wav", mono(at_peak(sentence(), -12) + np.float32(0.6))), QUIET),
        _case(wav(folder / "loud.wav", mono(at_peak(sentence(), 18)), dtype=np.float32), HEARD),
        _case(wav(folder / "soft_in_noise.wav", mono(softly)), QUIET),
        _case(wav(folder / "late_after_click.wav", mono(click)), f"{HEARD}; first word >= 45 s"),
    ]


def made(folder: Path) -> list[Case]:
    """All of them."""
    groups = (names, headers, many_channels, tracks_and_clocks, joined_files, formats, levels)
    return [case for group in groups for case in group(folder)]


def _case(path: Path, expected: str, **query: str) -> Case:
    return Case(path, path.name, tuple(query.items()), expected)


def _opus(path: Path, sound: np.ndarray) -> Path:
    """Ogg with Opus."""
    return write(path, Part(at_rate(sound, 48_000), codec="libopus", rate=48_000), format="ogg")
