"""Where somebody speaks: the probability of speech, frame by frame, while the sound comes in (Silero VAD).

The model is the one that faster-whisper carries; https://github.com/snakers4/silero-vad. Its own helper takes
a whole recording at once, this one carries the network's state from chunk to chunk: the probabilities are the
same.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.audio.level import Leveller
from app.audio.samples import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

FRAME_SAMPLES = 512
"""Samples that share one probability."""

FRAMES_PER_SECOND = SAMPLE_RATE / FRAME_SAMPLES

Probabilities = NDArray[np.float32]
"""Probability of speech of each frame, shape (n,)."""

_CONTEXT_SAMPLES = 64
"""The end of the frame before, which the network sees again."""


_PITCH_SAMPLES, _HUM_SAMPLES = 27, 229
"""Lengths of the moving averages whose difference keeps 70 to 300 Hz, in which voices have their pitch."""


class _Pitch:
    """Puts a voice's fundamental frequency back where a telephone line has removed it.

    Lines pass 300 to 3400 Hz, and Silero takes half of the speech in that band for none. The amplitude of a
    voice pulses with its pitch, so that the rectified sound has it whatever is left of the spectrum
    (Kornagel 2002, "Techniques for artificial bandwidth extension of telephone speech"). Speech that has its
    low frequencies is detected as before.
    """

    def __init__(self) -> None:
        self._before = np.zeros(_HUM_SAMPLES, np.float32)

    def restored(self, samples: Samples) -> Samples:
        """The sound with its pitch."""
        amplitude = np.concatenate([self._before, np.abs(samples)])
        self._before = amplitude[-_HUM_SAMPLES:]
        sums = np.cumsum(amplitude, dtype=np.float64)
        ends = sums[_HUM_SAMPLES:]
        pitch = (ends - sums[_HUM_SAMPLES - _PITCH_SAMPLES : -_PITCH_SAMPLES]) / _PITCH_SAMPLES
        hum = (ends - sums[:-_HUM_SAMPLES]) / _HUM_SAMPLES
        return samples + (pitch - hum).astype(np.float32)


class SpeechDetector:
    """Listens to one recording. Not thread-safe; any number may listen at the same time."""

    def __init__(self) -> None:
        self._session = _session()
        self._state = np.zeros((1, 1, 128), np.float32), np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._rest = np.empty(0, np.float32)
        self._pitch = _Pitch()
        self._leveller = Leveller(FRAMES_PER_SECOND)

    def feed(self, samples: Samples) -> Probabilities:
        """Probabilities of the frames that these samples complete; what is left over waits for the next."""
        samples = np.concatenate([self._rest, self._pitch.restored(samples)])
        whole = len(samples) - len(samples) % FRAME_SAMPLES
        self._rest = samples[whole:]
        return self._listen(samples[:whole])

    def flush(self) -> Probabilities:
        """Probability of the last frame, which silence completes; empty where nothing is left over."""
        missing = -len(self._rest) % FRAME_SAMPLES
        return self.feed(np.zeros(missing, np.float32))

    def _listen(self, samples: Samples) -> Probabilities:
        if not len(samples):
            return np.empty(0, np.float32)
        frames = self._leveller.raised(samples.reshape(-1, FRAME_SAMPLES))
        ends = np.vstack([self._context, frames[:-1, -_CONTEXT_SAMPLES:]])
        self._context = frames[-1, -_CONTEXT_SAMPLES:]
        inputs = {"input": np.hstack([ends, frames]), "h": self._state[0], "c": self._state[1]}
        probabilities, *self._state = self._session.run(None, inputs)
        return np.asarray(probabilities, np.float32).reshape(-1)


def _session() -> "InferenceSession":
    """The network, loaded once per process; its sessions may run in several threads."""
    from faster_whisper.vad import get_vad_model

    return get_vad_model().session
