"""What every system that is compared can do, and what those share that compute in the measuring process."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from app.core.config import Settings
from benchmark.child import peak_memory_mb
from benchmark.engine.messages import Said


def compute_type_on_cpu(settings: Settings) -> str:
    """CTranslate2's name for what the weights are computed in: int8 unless the settings name another."""
    return "int8" if settings.compute_type == "auto" else settings.compute_type


class System(Protocol):
    """A loaded model that transcribes files."""

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """Transcribe all of them, as fast as it can."""

    def peak_memory_mb(self) -> float | None:
        """Most memory so far, of all its processes, in MiB; None where it cannot be known."""

    def cpu_seconds(self) -> float | None:
        """Processor time so far, of all its processes and threads; None where it cannot be known."""

    def device_busy(self) -> float | None:
        """Share of the last transcription in which the device worked while windows waited, if counted."""

    def close(self) -> None:
        """End what it has started."""


class InProcess:
    """Systems that are nothing but this process."""

    def peak_memory_mb(self) -> float | None:
        """See System."""
        return peak_memory_mb()

    def cpu_seconds(self) -> float | None:
        """See System."""
        return time.process_time()

    def device_busy(self) -> float | None:
        """Not counted."""
        return None

    def close(self) -> None:
        """Nothing to end."""
