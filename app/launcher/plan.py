"""What a run consists of: which model, which Redis, and what the children are told about both."""

import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core import lifeline
from app.core.config import Settings
from app.core.gpus import usable_gpus
from app.core.machine import available_memory, usable_cores
from app.core.validation import is_loopback
from app.queue.local_server import own_redis_url

ROOT = Path(__file__).resolve().parents[2]
FALLBACK_MODEL = "base"
"""Small enough to fetch while one waits; used where the user names no model."""

CORES_PER_WORKER = 4
MEMORY_PER_WORKER = 4 * 1024**3
"""Bytes; `large-v3` in int8 and the windows in hand need less."""

STOP_MARGIN_SECONDS = 10.0

NO_OTHER_REDIS = {
    **dict.fromkeys(("REDIS_SENTINELS", "REDIS_SENTINEL_USERNAME", "REDIS_SENTINEL_PASSWORD"), " "),
    **{"REDIS_CA_FILE": " ", "REDIS_TLS": "false", "REDIS_SENTINEL_TLS": "false"},
}
"""What `.env` says of a Redis that is not used; an empty value would let its line through."""

SOMEWHERE = "192.0.2.1"
"""An address that nobody has (RFC 5737): the way there begins with this machine's address in its network."""


@dataclass(frozen=True, slots=True)
class Program:
    """A child: its name in the output, its command line, and how long it may take to end."""

    name: str
    command: tuple[str, ...]
    stop_seconds: float


def chosen_model(settings: Settings, environ: Mapping[str, str]) -> str:
    """MODEL of this run; else DEFAULT_MODEL where the user has set it; else `base`."""
    named = environ.get("MODEL", "").strip()
    if named:
        return named
    return settings.default_model if "default_model" in settings.model_fields_set else FALLBACK_MODEL


def child_environment(
    settings: Settings, model: str, own_redis_port: int | None, workers: int
) -> dict[str, str]:
    """The environment of the API and of so many workers; `own_redis_port` is None where the user's Redis is
    used.

    Nothing of GPUs: each worker takes one that the fewest others have (app.worker.gpu_choice).
    """
    environment = dict(os.environ) | {
        "DEFAULT_MODEL": model,
        "PYTHONUNBUFFERED": "1",
        lifeline.VARIABLE: lifeline.STDIN,
    }
    if workers > 1 and not settings.cpu_threads:
        environment["CPU_THREADS"] = str(max(1, usable_cores() // workers))
    if own_redis_port is not None:
        environment |= {"REDIS_URL": own_redis_url(own_redis_port, settings), **NO_OTHER_REDIS}
    return environment


def worker_count(settings: Settings) -> int:
    """WORKERS; 0 chooses: one for each GPU, else one for every CORES_PER_WORKER processors.

    One worker leaves a third of 16 processors idle, four do 1.6 times as much (docs/performance.md). Each has
    the model in memory. Where DEVICE names a GPU (`cuda:1`), one worker has it.
    """
    if settings.workers:
        return settings.workers
    if settings.device.startswith("cuda:"):
        return 1
    gpus = len(usable_gpus(settings))
    if gpus or settings.device == "cuda":
        return max(1, gpus)
    fitting = _workers_of(usable_cores())
    memory = available_memory()
    if memory is not None:
        fitting = min(fitting, memory // MEMORY_PER_WORKER)
    return max(1, fitting)


def _workers_of(cores: int) -> int:
    """One for every CORES_PER_WORKER, and one more where that keeps more of the cores busy.

    So 6 cores have two workers of three, and 9 have three of three; 7 would else have one of four.
    """
    fewest = max(1, cores // CORES_PER_WORKER)
    return max(fewest, fewest + 1, key=lambda workers: workers * min(CORES_PER_WORKER, cores // workers))


def programs(settings: Settings, workers: int) -> tuple[Program, ...]:
    """The API, so many workers and the server for voice assistants, in the order of their start."""
    api = Program(
        "api",
        (
            *(sys.executable, "-m", "uvicorn", "main:app", "--app-dir", str(ROOT)),
            *("--host", settings.host, "--port", str(settings.port)),
            "--no-proxy-headers",  # TRUSTED_PROXIES says whom to believe
        ),
        STOP_MARGIN_SECONDS,
    )
    command = (sys.executable, str(ROOT / "worker.py"))
    stop_seconds = settings.drain_seconds + STOP_MARGIN_SECONDS
    each_worker = (Program(f"worker-{number + 1}", command, stop_seconds) for number in range(workers))
    assistants = Program("wyoming", (sys.executable, "-m", "app.wyoming"), STOP_MARGIN_SECONDS)
    watcher = Program("watch", (sys.executable, "-m", "app.watch_folder"), STOP_MARGIN_SECONDS)
    return (
        *(api, *each_worker),
        *([assistants] if settings.wyoming_port else []),
        *([watcher] if settings.watch_dir else []),
    )


def network_url(settings: Settings) -> str | None:
    """Where others in the network find the API; None where it listens on this machine only."""
    if settings.host not in ("0.0.0.0", "::", ""):
        return None if is_loopback(settings.host) else base_url(settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((SOMEWHERE, 9))  # sends nothing: the system only chooses the way
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if is_loopback(address) else f"http://{address}:{settings.port}"


def base_url(settings: Settings) -> str:
    """Where a browser on this machine finds the API."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
