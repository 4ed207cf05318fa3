"""Which GPU a worker uses where its machine has several: one that the fewest other workers have.

Each worker holds a lock on a file below CACHE_DIR, which workers in containers of one host share, too. So N
workers use N GPUs however they are started, and one that is started again gets the GPU that it left: the
kernel ends a lock with its process, however that ends.

The choice is handed to the engine process as CUDA_VISIBLE_DEVICES: it then sees one GPU, a part of one (MIG)
as well, and no library in it can touch another. A number of DEVICE (`cuda:1`) would leave all of them in
sight, and cannot name a part.
"""

import fcntl
import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path

from app.core.config import Settings
from app.core.file_locks import hold, is_held
from app.core.gpus import VISIBLE_DEVICES, Gpu, usable_gpus

logger = logging.getLogger(__name__)

FOLDER = "gpus"
"""In CACHE_DIR: a folder for each GPU, with a file for each worker that has it."""

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@contextmanager
def chosen_gpu(settings: Settings) -> Iterator[Mapping[str, str]]:
    """Variables that give the engine process its GPU, which is held meanwhile; none where there is no choice:
    one GPU or none, or DEVICE names one."""
    gpus = usable_gpus(settings)
    with ExitStack() as held:
        yield _chosen(gpus, settings.cache_dir / FOLDER, held) if len(gpus) > 1 else {}


def _chosen(gpus: Sequence[Gpu], folder: Path, held: ExitStack) -> dict[str, str]:
    try:
        gpu = take_one(gpus, folder, held)
    except OSError as error:
        logger.warning(
            "%d GPUs are here, and which of them other workers use is not known (%s): the first one is used. "
            "Give each worker its own with DEVICE=cuda:0, cuda:1 …",
            len(gpus),
            error,
        )
        return {}
    logger.info("This worker uses the GPU %s, one of %d", gpu.name, len(gpus))
    return {VISIBLE_DEVICES: gpu.name}


def take_one(gpus: Sequence[Gpu], folder: Path, held: ExitStack) -> Gpu:
    """One that the fewest have, the first of several, held until `held` is closed. Raises OSError where that
    cannot be told."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "choosing.lock").open("ab") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # one worker chooses at a time, for moments
        gpu = min(gpus, key=lambda each: _users(_folder_of(each, folder)))
        _hold_a_place(_folder_of(gpu, folder), held)
    return gpu


def _users(folder: Path) -> int:
    return sum(is_held(path) for path in folder.iterdir()) if folder.is_dir() else 0


def _hold_a_place(folder: Path, held: ExitStack) -> None:
    folder.mkdir(exist_ok=True)
    free = (path for path in (folder / f"{number}.lock" for number in count()) if not is_held(path))
    path = next(free)
    hold(held.enter_context(path.open("ab")))
    if not is_held(path):
        raise OSError(f"the file system of {folder} has no locks")


def _folder_of(gpu: Gpu, folder: Path) -> Path:
    """Numbers count the GPUs of one host only, and the folder may be shared by several."""
    name = gpu.identity
    return folder / (f"{_host()}-{name}" if name.isdecimal() else name.replace("/", "_"))


def _host() -> str:
    """The same in all containers of a host."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return socket.gethostname()
