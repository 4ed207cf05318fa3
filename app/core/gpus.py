"""The NVIDIA GPUs that this process may use, found without loading CUDA.

What CUDA_VISIBLE_DEVICES allows counts. The driver is asked through `nvidia-smi --list-gpus`: no library of
it is loaded into this process. Where that program is not installed, device files are counted.
"""

import logging
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from app.core.config import Settings

logger = logging.getLogger(__name__)

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
"""Environment variable of CUDA: the GPUs of a process, by number or by UUID."""

DRIVER_SECONDS = 60.0
"""Time the driver gets to list the GPUs; without persistence mode it takes seconds for each."""

_DEVICES = Path("/dev")
_LISTED = re.compile(r"^\s*(GPU|MIG) .*\(UUID: ([^)]+)\)", re.MULTILINE)


def has_gpu(devices: Path = _DEVICES, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is an NVIDIA GPU that this process may use, as far as device files tell."""
    return bool(_visible(tuple(_numbers(devices)), environ))


def usable_gpus(settings: Settings) -> tuple[str, ...]:
    """The GPUs that DEVICE and ENGINE leave to choose among; none where DEVICE names one, or the CPU."""
    if settings.device not in ("auto", "cuda") or settings.engine in ("fake", "remote"):
        return ()
    return visible_gpus()


def visible_gpus(
    environ: Mapping[str, str] = os.environ,
    ask: Callable[[], str | None] | None = None,
    devices: Path = _DEVICES,
) -> tuple[str, ...]:
    """Each as CUDA_VISIBLE_DEVICES names it: a UUID, or a number. Of a GPU that is divided (MIG), its parts.

    `ask` gives what nvidia-smi lists; None: nothing is known.
    """
    text = (ask or _ask_driver)()
    if text is None:
        return _visible(tuple(_numbers(devices)), environ)
    return _visible(tuple(_in_parts(text)), environ, whole=_LISTED.findall(text))


def _visible(
    found: tuple[str, ...], environ: Mapping[str, str], whole: Sequence[tuple[str, str]] = ()
) -> tuple[str, ...]:
    """Those of `found`, or, where the variable is set, what it names before the first that is none.

    `whole` is everything that the driver lists, by kind and UUID; empty: what is named cannot be checked.
    """
    named = environ.get(VISIBLE_DEVICES)
    if named is None:
        return found
    visible: list[str] = []
    for entry in (each.strip() for each in named.split(",")):
        if not _exists(entry, whole):
            break
        visible.append(entry)
    return tuple(dict.fromkeys(visible))


def _exists(entry: str, whole: Sequence[tuple[str, str]]) -> bool:
    """Whether CUDA would find a GPU of that name: a number from 0, or the beginning of a UUID."""
    if entry.isdigit():
        count = sum(kind == "GPU" for kind, _ in whole)
        return not whole or int(entry) < count
    if not entry.startswith(("GPU-", "MIG-")):
        return False  # empty, -1, or another sign that there are no more
    return not whole or any(uuid.startswith(entry) for _, uuid in whole)


def _in_parts(text: str) -> Iterator[str]:
    """UUIDs of nvidia-smi's list: of a GPU, or of the parts that are listed below it."""
    undivided: str | None = None
    for kind, uuid in _LISTED.findall(text):
        if kind == "GPU":
            if undivided is not None:
                yield undivided
            undivided = uuid
        else:
            undivided = None
            yield uuid
    if undivided is not None:
        yield undivided


def _numbers(devices: Path) -> Iterator[str]:
    """As CUDA counts them: a container may have device 3 alone, which is its number 0."""
    return (str(number) for number, _ in enumerate(devices.glob("nvidia[0-9]*")))


def _ask_driver() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        listed = subprocess.run(
            [program, "--list-gpus"], capture_output=True, text=True, check=True, timeout=DRIVER_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("The GPUs cannot be listed: %s", error)
        return None
    return listed.stdout
