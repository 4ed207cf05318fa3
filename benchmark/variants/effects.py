"""What happens to sound on its way: level, noise, a room, a telephone line, another speed, a codec."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from app.audio.samples import SAMPLE_RATE, Samples

TELEPHONE_RATE = 8000
TELEPHONE_HERTZ = (300.0, 3400.0)
REVERBERATION_SECONDS = 0.5
"""Time in which the room's sound falls by 60 dB."""

REVERBERATION_DECIBELS = -6.0
"""Energy of the reverberation relative to the direct sound."""

ROOM_NOISE_DECIBELS = -25.0
"""Noise of the room, relative to what is said."""

SPEECH_DECIBELS = -30.0
"""Blocks less than this below the loudest one count as speech where its level is measured."""

BLOCK = SAMPLE_RATE // 50


def at_peak(samples: Samples, decibels: float) -> Samples:
    """The sound at a peak level relative to full scale; above 0 dB it is clipped, as by a recorder."""
    peak = float(np.abs(samples).max(initial=0.0)) or 1.0
    return np.asarray(np.clip(samples * (10 ** (decibels / 20) / peak), -1, 1), np.float32)


def in_noise(samples: Samples, decibels: float, random: np.random.Generator) -> Samples:
    """With pink noise, softer by so many dB than the speech is (without its pauses)."""
    spectrum = np.fft.rfft(random.standard_normal(len(samples)))
    spectrum /= np.sqrt(np.maximum(1, np.arange(len(spectrum))))
    noise = np.fft.irfft(spectrum, len(samples))
    noise *= speech_level(samples) * 10 ** (-decibels / 20) / (_level(noise) or 1.0)
    return _within_scale(samples + noise)


def speech_level(samples: Samples) -> float:
    """Effective value where somebody speaks."""
    blocks = samples[: len(samples) // BLOCK * BLOCK].reshape(-1, BLOCK)
    if not len(blocks):
        return _level(samples)
    levels = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    spoken = levels[levels >= levels.max() * 10 ** (SPEECH_DECIBELS / 20)]
    return float(np.sqrt(np.mean(spoken**2)))


def at_speed(samples: Samples, speed: float) -> Samples:
    """The sound played faster or slower, its pitch moved with it."""
    places = np.arange(0, len(samples) - 1, speed)
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), np.float32)


def in_room(samples: Samples, random: np.random.Generator) -> Samples:
    """Heard from across a room: exponentially decaying reverberation, and noise."""
    count = round(REVERBERATION_SECONDS * SAMPLE_RATE)
    tail = random.standard_normal(count) * 10 ** (-3 * np.arange(count) / count)
    tail *= 10 ** (REVERBERATION_DECIBELS / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    size = len(samples) + count
    heard = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)[: len(samples)]
    noise = random.standard_normal(len(heard)) * np.sqrt(np.mean(heard**2))
    heard += noise * 10 ** (ROOM_NOISE_DECIBELS / 20)
    return _within_scale(heard)


def write_telephone(path: Path, samples: Samples) -> None:
    """G.711: 300 to 3400 Hz, 8 kHz, mu-law."""
    write_encoded(path, _band(samples, *TELEPHONE_HERTZ)[::2], "pcm_mulaw", TELEPHONE_RATE)


def write_narrow(path: Path, samples: Samples) -> None:
    """All below 4 kHz, at a rate of 8 kHz."""
    write_encoded(path, _band(samples, 0, TELEPHONE_RATE / 2)[::2], "pcm_s16le", TELEPHONE_RATE)


def write_encoded(
    path: Path, samples: Samples, codec: str, rate: int = SAMPLE_RATE, bit_rate: int | None = None
) -> None:
    """Mono, by an encoder of FFmpeg; `bit_rate` in bits per second."""
    pcm = (np.clip(samples, -1, 1) * 32767).astype("<i2")[None]
    frame = av.AudioFrame.from_ndarray(pcm, format="s16", layout="mono")
    frame.sample_rate = rate
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)


def _band(samples: Samples, low: float, high: float) -> Samples:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    spectrum[(hertz < low) | (hertz > high)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(samples)))


def _level(samples: NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def _within_scale(heard: NDArray[np.floating]) -> Samples:
    """Turned down where it would be louder than full scale."""
    loudest = np.abs(heard).max(initial=0.0)
    return np.asarray(heard / max(1.0, 1.01 * loudest), np.float32)
