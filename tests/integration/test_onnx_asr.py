"""A recording through windows and a network on onnxruntime and back: networks.py says what it hears."""

import wave

import numpy as np
import pytest

from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.transcription.request import UNWATCHED
from app.transcription.service import TranscriptionService
from tests.unit.asr.backends.onnx_asr.networks import begins, sung, write_rnnt

SENTENCE = "да нет."
PAUSE_SECONDS = 3.0


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> TranscriptionService:
    """One whose folder of uploads holds `tones.wav`: the sentence twice, some seconds apart."""
    folder = tmp_path_factory.mktemp("service")
    write_rnnt(folder / "_cache" / "whisper" / "gigaam-v3-e2e-rnnt")
    uploads = folder / "uploads"
    uploads.mkdir()
    pause = np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE), np.float32)
    sound = np.concatenate([sung(SENTENCE), pause, sung(f" {SENTENCE}")])
    with wave.open(str(uploads / "tones.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return TranscriptionService(
        Settings(upload_dir=uploads, cache_dir=folder / "_cache", engine="auto", model_downloads=False)
    )


def transcribe(service: TranscriptionService, **fields: object) -> Transcript:
    task = {"task_id": "t", "file_path": "tones.wav", "model": "gigaam-v3", "vad": False, **fields}
    return service.transcribe(Task.model_validate(task), None, UNWATCHED)


def test_a_recording_becomes_sentences_with_words(service: TranscriptionService) -> None:
    transcript = transcribe(service, word_timestamps=True)

    assert transcript.text == f"{SENTENCE} {SENTENCE}"
    assert (transcript.language, transcript.language_probability) == ("ru", 1.0)
    assert (transcript.engine, transcript.model) == ("onnx-asr", "gigaam-v3-e2e-rnnt")
    assert (transcript.device, transcript.compute_type) == ("cpu", "float32")
    words = [word for segment in transcript.segments for word in segment.words or ()]
    second = len(sung(SENTENCE)) / SAMPLE_RATE + PAUSE_SECONDS
    assert [word.word for word in words] == [" да", " нет."] * 2
    assert [word.start for word in words] == pytest.approx(
        [begins(0), begins(3), second + begins(1), second + begins(4)], abs=0.05
    )
    assert transcript.warnings == ()
    assert transcript.quality is not None
    assert transcript.quality.low_confidence == ()
    assert transcript.provenance is not None
    assert transcript.provenance.model_digest.startswith("sha256:")
    assert transcript.provenance.versions.keys() == {"onnx-asr", "onnxruntime"}


def test_what_the_model_cannot_heed_is_told(service: TranscriptionService) -> None:
    transcript = transcribe(service, prompt="Ким", hotwords="Ким", temperature=0.2)

    assert transcript.text == f"{SENTENCE} {SENTENCE}"
    assert [each for each in transcript.warnings if "gigaam-v3-e2e-rnnt" in each] == [
        "The model gigaam-v3-e2e-rnnt cannot heed prompt, hotwords, temperature: it transcribed without."
    ]


def test_a_language_that_the_model_does_not_know(service: TranscriptionService) -> None:
    with pytest.raises(InvalidParameter, match="knows Russian only"):
        transcribe(service, language="English")
