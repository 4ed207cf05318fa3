"""The measuring process: one engine, one model, so that memory and load time are theirs alone.

Started by `benchmark.measure` as `python -m benchmark.child`; a `Job` comes on stdin, events leave on stdout.
"""

import ctypes
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import BinaryIO

from app.asr.base import DecodeOptions
from app.audio.listening import Listening
from app.core.config import Settings
from app.core.errors import ServiceError
from app.transcription.recognisers import Recogniser, recogniser_for
from app.transcription.recording import SpeechRecogniser
from app.transcription.request import UNWATCHED
from app.transcription.request import Job as RecognitionJob
from benchmark.energy import EnergyMeter, energy_meter
from benchmark.messages import Ended, Event, Failed, Job, Loaded, Transcribed

PROC_STATUS = Path("/proc/self/status")
PR_SET_PDEATHSIG = 1  # from linux/prctl.h


def run(job: Job, out: BinaryIO) -> None:
    """Load the model, transcribe every recording, and write what came of it."""
    settings = Settings(**job.settings)
    recogniser = recogniser_for(settings)
    try:
        _send(out, _load(recogniser, job.model))
        options = DecodeOptions(beam_size=settings.whisper_beam_size, language=job.language)
        with energy_meter() as meter:
            for audio in job.audios:
                _send(out, _transcribe(recogniser, _job(job.model, audio, options), meter))
    except ServiceError as error:
        _send(out, Failed(audio=None, message=error.detail))
    _send(out, Ended(peak_memory_mb=peak_memory_mb()))


def _load(recogniser: Recogniser, model: str) -> Loaded:
    """Raises ModelUnavailable or EngineFailed."""
    started = time.perf_counter()
    device, compute_type = "cpu", "none"  # the fake engine, which has nothing to load
    if isinstance(recogniser, SpeechRecogniser):
        info = recogniser.load(model)
        device, compute_type = info.device, info.compute_type
    return Loaded(device=device, compute_type=compute_type, load_seconds=time.perf_counter() - started)


def _job(model: str, audio: str, options: DecodeOptions) -> RecognitionJob:
    return RecognitionJob(path=Path(audio), model=model, listening=Listening(), options=options)


def _transcribe(recogniser: Recogniser, job: RecognitionJob, meter: EnergyMeter) -> Transcribed | Failed:
    audio = str(job.path)
    started, spent = time.perf_counter(), meter.joules()
    try:
        transcript = recogniser.transcribe(job, UNWATCHED)
    except (ServiceError, OSError, MemoryError) as error:
        message = error.detail if isinstance(error, ServiceError) else f"{type(error).__name__}: {error}"
        return Failed(audio=audio, message=message)
    seconds, spent_now = time.perf_counter() - started, meter.joules()
    return Transcribed(
        audio=audio,
        text=transcript.text,
        language=transcript.language,
        audio_seconds=transcript.duration,
        processing_seconds=seconds,
        peak_memory_mb=peak_memory_mb(),
        joules=None if spent is None or spent_now is None else spent_now - spent,
        gpu_peak_mb=meter.gpu_peak_mb(),
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


def die_with_parent() -> None:
    """Have the kernel kill this process with its parent: it would take time from the run that goes on."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _send(out: BinaryIO, message: Event) -> None:
    out.write(message.line())
    out.flush()


def main() -> None:
    """Measure what stdin asks for."""
    die_with_parent()
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)  # what a library prints must not get between the events
        run(Job.model_validate_json(sys.stdin.buffer.read()), out)


if __name__ == "__main__":
    main()
