"""This project's whole service as one of the systems: Redis, API and a worker of their own."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from app.core.config import Settings
from benchmark.engine.harness import running_service
from benchmark.engine.messages import Round, Said
from benchmark.processes import families, family_seconds, peak_mb


class OurService:
    """All recordings are posted at once, as by many clients; the time ends with the last result."""

    def __init__(self, order: Round, settings: Settings) -> None:
        self._model = order.model
        with ExitStack() as started:
            folder = Path(started.enter_context(tempfile.TemporaryDirectory()))
            self._harness = started.enter_context(running_service(folder, settings))
            self._harness.start_worker(
                WHISPER_BEAM_SIZE=str(order.beam_size), COMPUTE_TYPE=settings.compute_type
            )
            self._started = started.pop_all()

    def transcribe(self, paths: Sequence[Path]) -> list[Said]:
        """See System."""
        tasks = [(path, self._harness.post(path, model=self._model)) for path in paths]
        return [self._said(path, task_id) for path, task_id in tasks]

    def _said(self, path: Path, task_id: str) -> Said:
        self._harness.await_end(task_id)
        result = self._harness.state(task_id)["result"]
        return Said(path=str(path), text=result["text"], language=result["language"])

    def peak_memory_mb(self) -> float | None:
        """The peaks of all its processes together."""
        return sum(peak_mb(process) for process in self._harness.processes().values())

    def device_busy(self) -> float | None:
        """Not counted; `/metrics` has it."""
        return None

    def cpu_seconds(self) -> float | None:
        """Of all its processes, those that read recordings for the engine included."""
        return sum(map(family_seconds, families(self._harness.processes()).values()))

    def close(self) -> None:
        """Stop the service."""
        self._started.close()
