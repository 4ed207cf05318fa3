"""Measurements written down by hand."""

from benchmark.results import Measurement, Transcription, Variant, VariantScore
from benchmark.scoring import score

REFERENCES = {
    "one.wav": "the cat sat on the mat",
    "two.wav": "Ёжик идёт домой",
    "silence.wav": "",
}


def transcription(name: str, text: str, seconds: float = 2.0) -> Transcription:
    """A recording of 10 s, transcribed in `seconds`."""
    return Transcription(name=name, text=text, language="en", audio_seconds=10.0, processing_seconds=seconds)


def scored(
    texts: dict[str, str],
    *,
    model: str = "base",
    engine: str = "faster-whisper",
) -> VariantScore:
    """The score of these hypotheses against REFERENCES."""
    measurement = Measurement(
        variant=Variant(model, engine),
        transcriptions=tuple(transcription(name, text) for name, text in texts.items()),
        device="cpu",
        compute_type="int8",
        load_seconds=0.5,
        peak_memory_mb=321.0,
    )
    return score(measurement, REFERENCES, None)
