"""Recordings of many containers from which mutants are made."""

from pathlib import Path

import numpy as np

from tests.support.recordings import (
    ASSETS,
    Part,
    ambisonic,
    channels,
    planes,
    reordered,
    sentence,
    silence,
    wav,
    write,
)

SECONDS = 3


def sources(folder: Path) -> list[Path]:
    """Short recordings: 16 containers, one and several tracks, up to nine channels."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = sentence()[: SECONDS * 16_000]
    mono, stereo = voice[np.newaxis], planes(voice, -voice)
    film = channels(6, 3, voice)
    late = Part(stereo, codec="mp2", start=1.0, rate=16_000)
    return [
        wav(folder / "mono.wav", mono),
        wav(folder / "nine.wav", channels(9, 8, voice)),
        wav(folder / "float.wav", stereo * np.float32(32768), dtype=np.float32),
        write(folder / "plain.flac", Part(stereo, codec="flac")),
        write(
            folder / "tracks.mka", Part(silence(SECONDS)[np.newaxis], codec="flac"), Part(mono, codec="flac")
        ),
        write(folder / "film.mkv", Part(film, codec="flac", layout="5.1"), picture_seconds=SECONDS),
        write(folder / "tracks.mp4", Part(mono, codec="aac"), Part(stereo, codec="aac", start=1.0)),
        write(folder / "film.mov", Part(mono, codec="pcm_s16le", start=0.5), picture_seconds=SECONDS),
        write(folder / "late.ts", late, picture_seconds=SECONDS),
        write(folder / "late.mpg", late, format="mpeg", picture_seconds=SECONDS),
        write(folder / "film.avi", Part(stereo, codec="mp2"), picture_seconds=SECONDS),
        write(folder / "talk.flv", Part(mono, codec="aac"), format="flv"),
        write(folder / "talk.wma", Part(mono, codec="mp2"), format="asf"),
        write(folder / "talk.aac", Part(mono, codec="aac"), format="adts"),
        write(folder / "talk.aiff", Part(mono, codec="pcm_s16be")),
        write(folder / "talk.caf", Part(mono), format="caf"),
        reordered(folder / "film.caf", film),
        ambisonic(folder / "sphere.mka", film),
        write(folder / "talk.w64", Part(mono), format="w64"),
        *(ASSETS / name for name in ("speech_en.webm", "speech_ru.ogg", "speech_en_with_cover.mp3")),
    ]
