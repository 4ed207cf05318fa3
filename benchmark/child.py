"""The measuring process: one engine, one model, so that memory and load time are theirs alone.

Started by `benchmark.measure` as `python -m benchmark.child`; a `Job` comes on stdin, events leave on stdout.
"""

import os
import resource
import sys
import time
from pathlib import Path
from typing import BinaryIO

from app.asr.base import DecodeOptions
from app.audio.listening import Listening
from app.core.config import Settings
from app.core.errors import ServiceError
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import UNWATCHED
from app.transcription.request import Job as RecognitionJob
from benchmark.messages import Ended, Failed, Job, Loaded, Transcribed

PROC_STATUS = Path("/proc/self/status")


def run(job: Job, out: BinaryIO) -> None:
    """Load the model, transcribe every recording, and write what came of it."""
    settings = Settings(**job.settings)
    recogniser = SpeechRecogniser.from_settings(settings)
    started = time.perf_counter()
    try:
        info = recogniser.load(job.model)
        load_seconds = time.perf_counter() - started
        _send(out, Loaded(device=info.device, compute_type=info.compute_type, load_seconds=load_seconds))
        options = DecodeOptions(beam_size=settings.whisper_beam_size, language=job.language)
        for audio in job.audios:
            _send(out, _transcribe(recogniser, _job(job.model, audio, options)))
    except ServiceError as error:
        _send(out, Failed(audio=None, message=error.detail))
    _send(out, Ended(peak_memory_mb=peak_memory_mb()))


def _job(model: str, audio: str, options: DecodeOptions) -> RecognitionJob:
    return RecognitionJob(path=Path(audio), model=model, listening=Listening(), options=options)


def _transcribe(recogniser: SpeechRecogniser, job: RecognitionJob) -> Transcribed | Failed:
    audio = str(job.path)
    started = time.perf_counter()
    try:
        transcript = recogniser.transcribe(job, UNWATCHED)
    except (ServiceError, OSError, MemoryError) as error:
        message = error.detail if isinstance(error, ServiceError) else f"{type(error).__name__}: {error}"
        return Failed(audio=audio, message=message)
    return Transcribed(
        audio=audio,
        text=transcript.text,
        language=transcript.language,
        audio_seconds=transcript.duration,
        processing_seconds=time.perf_counter() - started,
        warnings=transcript.warnings,
    )


def peak_memory_mb() -> float:
    """Largest resident size of this process so far, in MiB.

    Linux's ru_maxrss starts with that of the process which forked this one, VmHWM does not.
    """
    if PROC_STATUS.exists():
        line = next(line for line in PROC_STATUS.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _send(out: BinaryIO, message: Loaded | Transcribed | Failed | Ended) -> None:
    out.write(message.line())
    out.flush()


def main() -> None:
    """Measure what stdin asks for."""
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a library prints must not get between the events
        run(Job.model_validate_json(sys.stdin.buffer.read()), out)


if __name__ == "__main__":
    main()
