from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.engines import openai_whisper
from app.engines.base import DecodeOptions
from app.engines.openai_whisper import BLOCK_SAMPLES, _blocks
from app.weights.store import WeightStore


@pytest.mark.weights
@pytest.mark.filterwarnings(
    "ignore:unclosed file:ResourceWarning"
)  # openai-whisper leaves its vocabulary open
def test_base_made_from_ctranslate2_transcribes(
    settings: Settings, cache_with_base: Path, assets: Path
) -> None:
    file = WeightStore(cache_with_base, downloads=False).ensure_openai("base")
    engine = openai_whisper.load(file, "base", settings)
    speech, _ = read_samples(assets / "speech_en.flac")
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)

    recognition = engine.recognise(np.concatenate([silence, speech]), DecodeOptions(beam_size=1))
    segments = list(recognition.segments)

    assert recognition.language == "en"
    assert "we will walk to the river" in "".join(segment.text for segment in segments).lower()
    assert segments[0].start >= 4.0
    assert segments[-1].end == pytest.approx(11.2, abs=0.7)
    assert [segment.id for segment in segments] == list(range(len(segments)))


def test_times_are_those_of_the_recording() -> None:
    samples = np.arange(100 * SAMPLE_RATE, dtype=np.float32)
    spans = [_span(10, 20), _span(50, 60)]

    [(speech, clock)] = _blocks(samples, spans)

    assert len(speech) == 20 * SAMPLE_RATE
    assert speech[10 * SAMPLE_RATE] == 50 * SAMPLE_RATE
    assert [clock.original(time) for time in (0, 9.5, 10, 15, 99)] == [10, 19.5, 50, 55, 60]
    assert clock.original(10, end=True) == 20


def test_long_speech_is_given_in_blocks() -> None:
    seconds = BLOCK_SAMPLES // SAMPLE_RATE
    samples = np.zeros(3 * seconds * SAMPLE_RATE, np.float32)
    spans = [_span(0, seconds - 1), _span(seconds, seconds + 5), _span(2 * seconds, 2 * seconds + 7)]

    blocks = [len(speech) // SAMPLE_RATE for speech, _ in _blocks(samples, spans)]

    assert blocks == [seconds - 1 + 5, 7]


def _span(start: int, end: int) -> dict[str, int]:
    return {"start": start * SAMPLE_RATE, "end": end * SAMPLE_RATE}
