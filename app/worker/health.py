"""Are the workers of this host or container alive? `python -m app.worker.health` exits with 0 if all are, and
see the recordings.

Each worker has a pulse file of its own, and writes to it whenever Redis has renewed its lease. The file is
locked as long as its worker runs, which tells what a dead one left from a worker that stands still. In a
container, whose host name is its own, exactly the container's worker is meant, also where TMPDIR is shared.
On a host with several workers `--worker ID` asks about one; without it, the fresh pulse of one does not hide
that another has stopped.
"""

import fcntl
import socket
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

import typer
from pydantic import BaseModel, ConfigDict, ValidationError

from app.schemas.operations import WorkerTroubles

MOST_CHARACTERS, MOST_MODELS, MOST_NAME = 500, 10, 50
LINE_LENGTH = 4000
"""Of a pulse file, characters: more than its longest content."""

PREFIX, SUFFIX = "transcriber-worker-", ".pulse"


class Beat(BaseModel):
    """What a pulse file holds. `at` is on the monotonic clock, which all processes of a host share and nobody
    sets; a pulse is too old after `lease_seconds`. `storage` says why the worker does not see the recordings,
    `models` name those that it cannot load."""

    model_config = ConfigDict(frozen=True)

    host: str
    worker_id: str
    lease_seconds: float
    at: float
    storage: str | None = None
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vitality:
    """A worker whose process runs, and how long ago its lease was renewed."""

    worker_id: str
    silent_seconds: float
    is_alive: bool
    storage: str | None = None
    models: tuple[str, ...] = ()


class Pulse:
    """The pulse file of one worker process, from its first beat on."""

    def __init__(self, worker_id: str, lease_seconds: float, directory: Path | None = None) -> None:
        self._worker_id = worker_id
        self._lease_seconds = lease_seconds
        self._path = _folder(directory) / f"{PREFIX}{worker_id}{SUFFIX}"
        self._file: IO[str] | None = None

    def beat(self, troubles: WorkerTroubles = WorkerTroubles()) -> None:  # noqa: B008 - frozen
        """The lease has just been renewed; what the worker cannot use."""
        if self._file is None:
            self._file = self._path.open("w", encoding="utf-8")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        beat = Beat(
            host=socket.gethostname(),
            worker_id=self._worker_id,
            lease_seconds=self._lease_seconds,
            at=time.monotonic(),
            storage=troubles.storage and troubles.storage[:MOST_CHARACTERS],
            models=tuple(dict.fromkeys(each.model[:MOST_NAME] for each in troubles.models))[:MOST_MODELS],
        )
        self._file.seek(0)
        self._file.write(
            f"{beat.model_dump_json():<{LINE_LENGTH}}"
        )  # of one length: no reader sees the end of another
        self._file.flush()

    def end(self) -> None:
        """The worker ends."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None


def workers_here(directory: Path | None = None) -> list[Vitality]:
    """The workers of this host name whose processes run."""
    found = [_vitality(path) for path in sorted(_folder(directory).glob(f"{PREFIX}*{SUFFIX}"))]
    return [each for each in found if each is not None]


def _vitality(path: Path) -> Vitality | None:
    """None for a worker that is gone, or another host's."""
    try:
        with path.open(encoding="utf-8") as file:
            if not _is_locked(file):
                return None
            beat = Beat.model_validate_json(file.read().strip())
    except (OSError, ValidationError):  # it ends, or begins, just now
        return None
    if beat.host != socket.gethostname():
        return None
    silent = time.monotonic() - beat.at
    is_alive = 0 <= silent < beat.lease_seconds
    return Vitality(beat.worker_id, silent, is_alive, beat.storage, beat.models)


def _is_locked(file: IO[str]) -> bool:
    """Whether somebody else holds the lock; the lock of a process ends with it."""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _folder(directory: Path | None) -> Path:
    return directory or Path(tempfile.gettempdir())


def main(
    worker: Annotated[str | None, typer.Option(help="Ask about this worker id only.")] = None,
) -> None:
    """Tell whether the workers of this host name are alive and see the recordings.

    Exit status 0 if all do, and there is one.
    """
    asked = [each for each in workers_here() if worker in (None, each.worker_id)]
    for each in asked:
        state = "alive" if each.is_alive else "NOT ALIVE"
        typer.echo(f"{each.worker_id}: {state}, its lease was renewed {each.silent_seconds:.0f} s ago")
        if each.storage:
            typer.echo(f"{each.worker_id}: TAKES NO TASKS. {each.storage}")
        if each.models:
            typer.echo(f"{each.worker_id}: cannot load {', '.join(each.models)}; other workers may")
    if not asked:
        typer.echo(f"No worker {worker or ''} of host {socket.gethostname()} runs.".replace("  ", " "))
    healthy = all(each.is_alive and each.storage is None for each in asked)
    raise typer.Exit(0 if asked and healthy else 1)


if __name__ == "__main__":
    typer.run(main)
