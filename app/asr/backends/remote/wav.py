"""The sound of a window as the WAV file that a server is sent."""

import io
from typing import Literal

import av
import numpy as np

from app.audio.samples import SAMPLE_RATE, Samples

SampleFormat = Literal["s16", "f32"]


def wav_file(samples: Samples, sample_format: SampleFormat) -> bytes:
    """A mono file at 16 kHz: 16-bit samples, or 32-bit floating point ones, which are not rounded."""
    if sample_format == "f32":
        codec, layout, content = "pcm_f32le", "flt", samples.astype("<f4")
    else:
        codec, layout = "pcm_s16le", "s16"
        content = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2")
    file = io.BytesIO()
    with av.open(file, "w", format="wav") as container:
        stream = container.add_stream(codec, rate=SAMPLE_RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        frame = av.AudioFrame.from_ndarray(content[np.newaxis], format=layout, layout="mono")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()
