"""The odd recordings of this project: how each is made and sent, and what must come."""

from pathlib import Path

import numpy as np

from tests.odd_recordings.case import Case, Recipe
from tests.odd_recordings.making import (
    as_format,
    as_tracks,
    as_wav,
    at_peak,
    broken,
    bytewise,
    copied,
    german,
    hum,
    late,
    mono,
    noise,
    one_behind_the_other,
    opus,
    stating,
    tone,
)
from tests.support.recordings import Part, ambisonic, channels, planes, reordered, sentence, silence
from tests.support.transcoding import Target

HEARD = "done; lunch, old, tree"
QUIET = f"{HEARD}; no warning"
GERMAN = "Kinder, Fluss, Baum"
TWICE = "done; tree twice; duration = 12.4 s; no warning"
UNKNOWN_LAYOUT = "warning of no known layout"
OPPOSITE = "warning of opposite phase"

UNKNOWN = b"\xff\xff\xff\xff"
"""The length that programs write which do not know it beforehand."""

TELEPHONE = copied("speech_en_mulaw_8k.wav")
PLAIN = as_wav(lambda: mono(sentence()))
AIFF = Target("aiff", "pcm_s16be")
FLAC = Target("flac", "flac")
FILM = Target("mp4", "aac", sample_format="fltp")
TIMED = (("word_timestamps", "true"),)
SPLIT = (("channels", "split"),)


def _voice(codec: str, start: float = 0.0) -> Part:
    return Part(mono(sentence()), codec=codec, start=start)


NAMES = (
    Recipe(
        "browser.webm", copied("speech_en.webm"), QUIET, sent_as="blob", content_type="audio/webm;codecs=opus"
    ),
    Recipe("bot.ogg", copied("speech_de.ogg"), f"done; German; {GERMAN}; no warning", sent_as="voice"),
    Recipe("query.wav", TELEPHONE, QUIET, sent_as="a.wav?token=1"),
    Recipe("film.mp4", as_format(FILM), QUIET, sent_as="lies.mp3", content_type="audio/mpeg"),
    Recipe("dots.dts", copied("speech_en.dts"), QUIET, sent_as="…/.."),
    Recipe("body.spx", copied("speech_en.spx"), QUIET, is_body=True, content_type="audio/ogg"),
)
HEADERS = (
    Recipe("streamed_ulaw.wav", stating(TELEPHONE, (b"RIFF", b"data"), UNKNOWN), QUIET),
    Recipe("no_length.wav", stating(PLAIN, (b"RIFF", b"data"), bytes(4)), QUIET),
    Recipe("stale_length.wav", stating(PLAIN, (b"data",), (20_000).to_bytes(4, "little")), QUIET),
    Recipe(
        "streamed.au",
        stating(as_format(Target("au", "pcm_s16be", 11_025)), (b".snd",), UNKNOWN, behind=8),
        QUIET,
    ),
    Recipe(
        "four_hertz.wav", as_wav(lambda: mono(sentence()[:400]), rate=4), "422 that names MIN_SAMPLE_RATE"
    ),
    Recipe("bytes.wav", bytewise, QUIET),
    Recipe("big_endian.wav", stating(PLAIN, (b"RIFF",), b"RIFX", behind=0), "422 that names RIFX"),
)
CHANNELS = (
    Recipe(
        "lfe.flac",
        as_tracks(lambda: Part(channels(6, 3), codec="flac", layout="5.1")),
        f"{HEARD}; 6 channels; warning of LFE",
    ),
    Recipe(
        "side.mkv",
        as_tracks(lambda: Part(channels(8, 7), codec="flac", layout="7.1")),
        f"{QUIET}; 8 channels",
    ),
    Recipe(
        "apple.caf", lambda path: reordered(path, channels(6, 5)), f"{HEARD}; 6 channels; {UNKNOWN_LAYOUT}"
    ),
    Recipe(
        "sphere.mka", lambda path: ambisonic(path, channels(6, 1)), f"{HEARD}; 6 channels; {UNKNOWN_LAYOUT}"
    ),
    Recipe("nine.wav", as_wav(lambda: channels(9, 4)), f"{HEARD}; 9 channels; {UNKNOWN_LAYOUT}"),
    Recipe("twenty_four.wav", as_wav(lambda: channels(24, 23)), f"{HEARD}; 24 channels; {UNKNOWN_LAYOUT}"),
    Recipe(
        "thirty_two.wav",
        as_wav(lambda: channels(32, 19), dtype=np.float32),
        f"{HEARD}; 32 channels; {UNKNOWN_LAYOUT}",
    ),
    Recipe(
        "three_cancel.wav",
        as_wav(lambda: planes(sentence() / 2, -sentence() / 2, silence(1))),
        f"{HEARD}; 3 channels; {OPPOSITE}",
    ),
    Recipe("five_hum.wav", as_wav(lambda: hum(6, 4, -20)), f"{HEARD}; 6 channels"),
    Recipe("opposite.opus", opus(lambda: planes(sentence(), -sentence())), f"{HEARD}; {OPPOSITE}"),
    Recipe(
        "opposite_late.m4a",
        as_tracks(lambda: Part(planes(sentence(), -np.roll(sentence(), 3)), codec="aac")),
        f"{HEARD}; {OPPOSITE}",
    ),
    Recipe(
        "call.wav",
        as_wav(lambda: planes(sentence(), np.concatenate([silence(4), german()]))),
        "done; river/lunch/tree in 0; Kinder/Fluss/Baum in 1; two channels",
        SPLIT,
    ),
    Recipe(
        "tone_beside.wav",
        as_wav(lambda: planes(at_peak(sentence(), -20), tone(6, 1000, 0.5))),
        "done; warning of channels=split",
    ),
    Recipe(
        "tone_apart.wav",
        as_wav(lambda: planes(at_peak(sentence(), -20), tone(6, 1000, 0.5))),
        "done; river/lunch/tree in 0",
        SPLIT,
    ),
)
TRACKS = (
    Recipe(
        "second.mkv",
        as_tracks(lambda: Part(mono(silence(6.2)), codec="flac"), lambda: _voice("flac")),
        f"{HEARD}; two tracks; track 2 is read; warning of track 2",
    ),
    Recipe(
        "dual.avi",
        as_tracks(lambda: _voice("pcm_s16le"), lambda: Part(mono(german())), picture_seconds=8),
        f"done; German; {GERMAN}; two tracks; track 2 is read; no warning",
        (("track", "2"),),
    ),
    Recipe(
        "late.mp4",
        as_tracks(lambda: _voice("aac", 5), picture_seconds=14),
        f"{QUIET}; first word >= 5 s; duration = the container's",
        TIMED,
    ),
    Recipe(
        "begun.ts",
        as_tracks(lambda: _voice("mp2", 20), picture_seconds=27),
        f"{QUIET}; first word >= 20 s; duration = the container's",
        TIMED,
    ),
    Recipe(
        "late.wma",
        as_tracks(lambda: _voice("aac", 5), picture_seconds=14),
        f"{QUIET}; first word >= 5 s; duration = 14 s",
        TIMED,
    ),
    Recipe("wraps.ts", as_tracks(lambda: _voice("mp2", 2**33 / 90_000 - 3)), f"{QUIET}; duration = 6.2 s"),
    Recipe(
        "paused.mka",
        as_tracks(lambda: Part(mono(sentence()), codec="flac", pauses={3.2: 30.0})),
        f"{QUIET}; duration = 36.2 s",
        TIMED,
    ),
)
JOINED = (
    Recipe(
        "joined.mp3",
        one_behind_the_other(
            copied("speech_en.mp3"), as_format(Target("mp3", "libmp3lame", 44_100, "stereo", "s16p"))
        ),
        TWICE,
        TIMED,
    ),
    Recipe(
        "joined.wav",
        one_behind_the_other(PLAIN, as_format(Target("wav", "pcm_f32le", 44_100, "stereo", "flt"))),
        TWICE,
    ),
    Recipe("mp3_behind.wav", one_behind_the_other(PLAIN, copied("speech_en.mp3")), TWICE),
    Recipe(
        "joined.ogg",
        one_behind_the_other(as_format(Target("ogg", "libopus", 48_000)), copied("speech_en.spx")),
        TWICE,
        TIMED,
    ),
    Recipe(
        "joined.flac", one_behind_the_other(as_format(FLAC), as_format(Target("flac", "flac", 48_000))), TWICE
    ),
    Recipe("joined.aiff", one_behind_the_other(as_format(AIFF), as_format(AIFF)), TWICE),
    Recipe("joined.webm", one_behind_the_other(*[copied("speech_en.webm")] * 2), TWICE),
)
FORMATS = tuple(
    Recipe(name, as_format(target), QUIET)
    for name, target in {
        "alac.caf": Target("caf", "alac", 44_100, "stereo", "s16p"),
        "ulaw.aifc": Target("aiff", "pcm_mulaw", 8000),
        "long.w64": Target("w64", "pcm_s24le", 192_000, sample_format="s32"),
        "true.tta": Target("tta", "tta", 22_050),
        "pack.wv": Target("wv", "wavpack", 32_000, sample_format="s16p"),
        "adpcm.wav": Target("wav", "adpcm_ima_wav", 8000, sample_format="s16p"),
        "media.wma": Target("asf", "wmav2", 22_050, sample_format="fltp", bit_rate=64_000),
        "high.flac": Target("flac", "flac", 192_000, sample_format="s32"),
    }.items()
)
LEVELS = (
    Recipe("nan.wav", as_wav(lambda: mono(broken()), dtype=np.float32), f"{HEARD}; warning of no numbers"),
    Recipe("minus_50.wav", as_wav(lambda: mono(at_peak(sentence(), -50))), QUIET),
    Recipe(
        "minus_60.wav",
        as_wav(lambda: mono(at_peak(sentence(), -60))),
        "done; words, or a warning that almost nothing was taken for speech",
    ),
    Recipe("offset.wav", as_wav(lambda: mono(at_peak(sentence(), -12) + np.float32(0.6))), QUIET),
    Recipe("loud.wav", as_wav(lambda: mono(at_peak(sentence(), 17)), dtype=np.float32), HEARD),
    Recipe(
        "soft_in_noise.wav",
        as_wav(lambda: mono(at_peak(sentence(), -40) + noise(6.2, -70)[: len(sentence())])),
        QUIET,
    ),
    Recipe("after_click.wav", as_wav(lambda: mono(late(45))), f"{HEARD}; first word >= 45 s", TIMED),
)
RECIPES = (*NAMES, *HEADERS, *CHANNELS, *TRACKS, *JOINED, *FORMATS, *LEVELS)


def made(folder: Path) -> list[Case]:
    """All of them."""
    return [recipe.made(folder) for recipe in RECIPES]
