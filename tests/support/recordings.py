"""Odd recordings, made with PyAV and numpy from a sentence of the test assets."""

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

ASSETS = Path(__file__).parents[1] / "assets"
RATE = 16_000

Planes = NDArray[np.float32]


@cache
def sentence() -> NDArray[np.float32]:
    """6.2 s of English speech at RATE."""
    with av.open(str(ASSETS / "speech_en.flac")) as container:
        parts = [frame.to_ndarray().reshape(-1) for frame in container.decode(audio=0)]
    return np.concatenate(parts).astype(np.float32) / np.float32(32768)


def silence(seconds: float) -> NDArray[np.float32]:
    """As it says."""
    return np.zeros(round(seconds * RATE), np.float32)


def channels(count: int, speaking: int, sound: NDArray[np.float32] | None = None) -> Planes:
    """Silence in all of `count` channels but number `speaking`."""
    sound = sentence() if sound is None else sound
    planes = np.zeros((count, len(sound)), np.float32)
    planes[speaking] = sound
    return planes


@dataclass(frozen=True)
class Part:
    """A track: sound of shape (channels, n), from `start` seconds of the container's clock on."""

    sound: Planes
    codec: str = "pcm_s16le"
    start: float = 0.0
    rate: int = RATE
    layout: str | None = None
    pauses: dict[float, float] = field(default_factory=dict)
    """From that second of the sound on, the clock is so many seconds ahead."""
    options: dict[str, str] = field(default_factory=dict)
    """Of the encoder."""


def write(path: Path, *parts: Part, format: str | None = None, picture_seconds: float = 0.0) -> Path:
    """A file with some tracks; with `picture_seconds` of a picture before them."""
    options = {"strict": "experimental"}
    with av.open(str(path), "w", format=format, options=options) as container:
        video = _video(container) if picture_seconds else None
        streams = [(_stream(container, part), part) for part in parts]
        packets = [packet for stream, part in streams for packet in _packets(stream, part)]
        if video is not None:
            packets += _pictures(video, picture_seconds)
        for packet in sorted(packets, key=lambda each: float(each.dts * each.time_base)):
            container.mux(packet)
    return path


def wav(path: Path, planes: Planes, rate: int = RATE, dtype: Any = np.int16) -> Path:
    """A WAV file of any number of channels without a layout; `dtype` float32 for floating point."""
    is_float = np.dtype(dtype).kind == "f"
    samples = planes.T if is_float else np.clip(planes.T * 32767, -32768, 32767)
    data = np.ascontiguousarray(samples, dtype).tobytes()
    width, count = np.dtype(dtype).itemsize, len(planes)
    header = b"".join(
        (
            b"RIFF" + (36 + len(data)).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little"),
            (3 if is_float else 1).to_bytes(2, "little") + count.to_bytes(2, "little"),
            rate.to_bytes(4, "little") + (rate * count * width).to_bytes(4, "little"),
            (count * width).to_bytes(2, "little") + (8 * width).to_bytes(2, "little"),
            b"data" + len(data).to_bytes(4, "little"),
        )
    )
    path.write_bytes(header + data)
    return path


APPLE_LAYOUTS = {6: 124 << 16 | 6, 7: 125 << 16 | 7, 8: 127 << 16 | 8}
"""Core Audio's tags of layouts whose order is not FFmpeg's: MPEG 5.1 D, 6.1 A and 7.1 B."""


def reordered(path: Path, planes: Planes) -> Path:
    """A CAF file whose channels are in an order that FFmpeg lists one by one."""
    channel_layout = APPLE_LAYOUTS[len(planes)].to_bytes(4, "big") + bytes(8)
    samples = np.clip(planes.T * 32767, -32768, 32767).astype(">i2").tobytes()
    chunks = {
        b"desc": struct.pack(">d4sIIIII", RATE, b"lpcm", 0, 2 * len(planes), 1, len(planes), 16),
        b"chan": channel_layout,
        b"data": bytes(4) + samples,
    }
    content = b"".join(kind + len(chunk).to_bytes(8, "big") + chunk for kind, chunk in chunks.items())
    path.write_bytes(b"caff\0\1\0\0" + content)
    return path


def ambisonic(path: Path, planes: Planes) -> Path:
    """Matroska with Opus whose header calls the first channels ambisonic, and the last two a stereo mix."""
    sound = np.repeat(planes, 48_000 // RATE, axis=1)
    write(
        path,
        Part(
            sound, "libopus", rate=48_000, layout=f"{len(planes)} channels", options={"mapping_family": "255"}
        ),
    )
    content = bytearray(path.read_bytes())
    content[content.index(b"OpusHead") + 18] = 2
    path.write_bytes(content)
    return path


def loudness(samples: NDArray[np.float32]) -> float:
    """Root mean square."""
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def likeness(samples: NDArray[np.float32], sound: NDArray[np.float32]) -> float:
    """Correlation with a sound at the delay that fits best: 1 is the same, 0 another, whatever the sign."""
    length = 1 << (len(samples) + len(sound)).bit_length()
    spectrum = np.fft.rfft(samples, length) * np.conj(np.fft.rfft(sound, length))
    product = float(np.abs(np.fft.irfft(spectrum, length)).max())
    power = float(np.linalg.norm(samples) * np.linalg.norm(sound))
    return product / power if power else 0.0


def begin_of(samples: NDArray[np.float32]) -> float:
    """Second at which the first sound is."""
    return float(np.argmax(np.abs(samples) > 0.02)) / RATE


def _stream(container: Any, part: Part) -> Any:
    layout = part.layout or ("mono", "stereo")[len(part.sound) - 1]
    stream = container.add_stream(part.codec, rate=part.rate, layout=layout)
    stream.codec_context.options = {"strict": "experimental"} | part.options
    return stream


def _packets(stream: Any, part: Part) -> list[Any]:
    packets = []
    size = stream.codec_context.frame_size or 1024
    kind = stream.codec_context.format.name
    layout = part.layout or ("mono", "stereo")[len(part.sound) - 1]
    for first in range(0, part.sound.shape[1], size):
        frame = _frame(part.sound[:, first : first + size], kind, layout)
        frame.sample_rate = part.rate
        frame.time_base = Fraction(1, part.rate)
        pause = sum(length for at, length in part.pauses.items() if first >= at * part.rate)
        frame.pts = round((part.start + pause) * part.rate) + first
        packets += stream.encode(frame)
    return [packet for packet in [*packets, *stream.encode(None)] if packet.dts is not None]


def _frame(sound: Planes, kind: str, layout: str) -> av.AudioFrame:
    planar = kind.endswith("p")
    scaled: Any = sound if kind.startswith("flt") else np.clip(sound * 32767, -32768, 32767).astype(np.int16)
    if kind.startswith("s32"):
        scaled = scaled.astype(np.int32) * 65536
    content = scaled if planar else scaled.T.reshape(1, -1)
    return av.AudioFrame.from_ndarray(np.ascontiguousarray(content), kind, layout)


def _video(container: Any) -> Any:
    stream = container.add_stream("mpeg2video", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
    return stream


def _pictures(stream: Any, seconds: float) -> list[Any]:
    packets: list[Any] = []
    for number in range(round(seconds * 25)):
        frame = av.VideoFrame(64, 64, "yuv420p")
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.pts, frame.time_base = number, Fraction(1, 25)
        packets += stream.encode(frame)
    return [packet for packet in [*packets, *stream.encode(None)] if packet.dts is not None]


def joined(path: Path, *parts: Path) -> Path:
    """Files one behind the other, as `cat` does it."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def planes(*rows: NDArray[np.floating[Any]]) -> Planes:
    """Rows of one length: the shorter ones get silence at the end."""
    longest = max(len(row) for row in rows)
    return np.stack([np.pad(np.asarray(row, np.float32), (0, longest - len(row))) for row in rows])
