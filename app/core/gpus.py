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
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.config import Settings

logger = logging.getLogger(__name__)

VISIBLE_DEVICES = "CUDA_VISIBLE_DEVICES"
"""Environment variable of CUDA: the GPUs of a process, by number or by UUID."""

DRIVER_SECONDS = 60.0
"""Time the driver gets to list the GPUs; without persistence mode it takes seconds for each."""

_DEVICES = Path("/dev")
_LISTED = re.compile(r"^\s*(GPU|MIG) .*\(UUID: ([^)]+)\)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU, or a part of one (MIG).

    `name` is what CUDA_VISIBLE_DEVICES calls it: a UUID, the beginning of one, or a number. `identity` is the
    same in all processes of a host, whatever they call it: the UUID; the number where the driver does not
    list the GPUs.
    """

    name: str
    identity: str


def has_gpu(devices: Path = _DEVICES, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is an NVIDIA GPU that this process may use, as far as device files tell."""
    return bool(_visible(_Files(devices), environ))


def usable_gpus(settings: Settings) -> tuple[Gpu, ...]:
    """The GPUs that DEVICE and ENGINE leave to choose among; none where DEVICE names one, or the CPU."""
    if settings.device not in ("auto", "cuda") or settings.engine in ("fake", "remote"):
        return ()
    return visible_gpus()


def visible_gpus(
    environ: Mapping[str, str] = os.environ,
    ask: Callable[[], str | None] | None = None,
    devices: Path = _DEVICES,
) -> tuple[Gpu, ...]:
    """Those that CUDA_VISIBLE_DEVICES leaves to this process. Of a GPU that is divided (MIG), its parts.

    `ask` gives what nvidia-smi lists; None: nothing is known.
    """
    text = (ask or _ask_driver)()
    return _visible(_Files(devices) if text is None else _Listed(text), environ)


class _Found(Protocol):
    """The GPUs of the machine, or of a container."""

    @property
    def names(self) -> Sequence[str]:
        """What CUDA sees where the variable is not set, in its order."""

    def identity(self, name: str) -> str | None:
        """Of the GPU that a number from 0, or the beginning of a UUID, names; None where CUDA finds none."""


class _Files:
    """By their device files. A container may have device 3 alone, which is its number 0."""

    def __init__(self, devices: Path) -> None:
        self.names = [str(number) for number, _ in enumerate(devices.glob("nvidia[0-9]*"))]

    def identity(self, name: str) -> str | None:
        """See _Found. Which UUIDs there are is not known."""
        is_one = name in self.names if name.isdecimal() else bool(self.names)
        return name if is_one else None


class _Listed:
    """By nvidia-smi's list."""

    def __init__(self, text: str) -> None:
        self._listed: list[tuple[str, str]] = _LISTED.findall(text)
        self.names = list(_in_parts(self._listed))

    def identity(self, name: str) -> str | None:
        """See _Found."""
        if name.isdecimal():
            whole = [uuid for kind, uuid in self._listed if kind == "GPU"]
            return whole[int(name)] if int(name) < len(whole) else None
        return next((uuid for _, uuid in self._listed if uuid.startswith(name)), None)


def _visible(found: _Found, environ: Mapping[str, str]) -> tuple[Gpu, ...]:
    """All, or, where the variable is set, what it names before the first that is none."""
    named = environ.get(VISIBLE_DEVICES)
    names = found.names if named is None else [each.strip() for each in named.split(",")]
    visible: dict[str, Gpu] = {}
    for name in names:
        is_name = name.isdecimal() or name.startswith(("GPU-", "MIG-"))
        identity = found.identity(name) if is_name else None  # empty, -1, or another sign: there are no more
        if identity is None:
            break
        visible.setdefault(identity, Gpu(name, identity))
    return tuple(visible.values())


def _in_parts(listed: Sequence[tuple[str, str]]) -> Iterator[str]:
    """UUIDs of a list: of a GPU, or of the parts that are listed below it."""
    undivided: str | None = None
    for kind, uuid in listed:
        if kind == "GPU":
            if undivided is not None:
                yield undivided
            undivided = uuid
        else:
            undivided = None
            yield uuid
    if undivided is not None:
        yield undivided


def _ask_driver() -> str | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        listed = subprocess.run(
            [program, "--list-gpus"],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=DRIVER_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("The GPUs cannot be listed: %s", error)
        return None
    if listed.returncode == 0:
        return listed.stdout
    told = (listed.stderr or listed.stdout).strip()
    logger.warning("nvidia-smi fails with status %d: %s", listed.returncode, told)
    # of several GPUs one may be lost: the others are then used
    return listed.stdout if _LISTED.search(listed.stdout) else None
