"""`make run` as a user meets it: up, used, killed, up again, stopped."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import psutil
import pytest

from app.launcher.redis_programs import SERVER_NAMES
from app.storage.marker import Marker, read_marker, write_marker
from tests.support.nvidia_smi import nvidia_smi
from tests.support.old_redis import old_redis_in

ROOT = Path(__file__).parents[3]
RECORDING = ROOT / "tests" / "assets" / "speech_en.flac"
LONG_SECONDS = 120.0


class Service:
    """One `python -m app.launcher` after the other, all on the same folders."""

    def __init__(self, folder: Path, port: int, redis_port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment = dict(os.environ) | {
            "PORT": str(port),
            "REDIS_PORT": str(redis_port),
            "MODEL": "base",
            "DATA_DIR": str(folder / "data"),
            "UPLOAD_DIR": str(folder / "audio"),
            "LOG_DIR": str(folder / "logs"),
            "MIN_FREE_DISK_MB": "1",
            "DRAIN_SECONDS": "1",
        }
        self._out = folder / "out.txt"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **more: str) -> None:
        self._out.write_bytes(b"")
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.launcher"],
                cwd=ROOT,
                env=self.environment | more,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def output(self) -> str:
        return self._out.read_text()

    def start_and_wait(self, **more: str) -> list[psutil.Process]:
        self.start(**more)
        assert self.process is not None
        wait_for(lambda: "TASK_ID" in self.output() or self.process.poll() is not None)  # type: ignore[union-attr]
        assert self.process.poll() is None, self.output()
        return psutil.Process(self.process.pid).children(recursive=True)

    def end(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(LONG_SECONDS)

    def get(self, path: str) -> dict[str, object]:
        with urllib.request.urlopen(self.url + path) as answer:
            body: dict[str, object] = json.load(answer)
        return body

    def queue_command(self, *arguments: str) -> str:
        """What `python -m app.queue` says in this folder; nobody tells it the port."""
        environment = {name: value for name, value in self.environment.items() if name != "REDIS_PORT"}
        return subprocess.run(
            [sys.executable, "-m", "app.queue", *arguments],
            cwd=ROOT,
            env=environment | {"COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
        ).stdout

    def upload(self) -> str:
        with RECORDING.open("rb") as file:
            answer = httpx2.post(self.url + "/transcribe/", files={"file": (RECORDING.name, file)})
        return str(answer.json()["task_id"])


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONG_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def all_ended(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=60)
    return not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def service(tmp_path: Path, free_tcp_port: int, redis_port: int) -> Iterator[Service]:
    service = Service(tmp_path, free_tcp_port, redis_port)
    yield service
    if service.process is not None and service.process.poll() is None:
        service.end(signal.SIGTERM)


@pytest.mark.weights
def test_a_recording_survives_stops_and_kills(service: Service) -> None:
    first = service.start_and_wait()
    task_id = service.upload()
    wait_for(lambda: service.get(f"/transcribe/{task_id}")["status"] == "done")
    result = service.get(f"/transcribe/{task_id}")["result"]
    assert "river" in json.dumps(result)
    assert service.end(signal.SIGINT) == 0, service.output()
    assert all_ended(first)

    second = service.start_and_wait()
    assert service.get(f"/transcribe/{task_id}")["result"] == result
    assert service.end(signal.SIGKILL) == -signal.SIGKILL

    third = service.start_and_wait()  # waits for the guard of the killed run
    assert all_ended(second)
    assert service.get(f"/transcribe/{task_id}")["result"] == result
    [worker] = [process for process in third if "worker.py" in " ".join(process.cmdline())]
    worker.kill()
    wait_for(lambda: "ended with signal 9" in service.output())
    task_id = service.upload()
    wait_for(lambda: service.get(f"/transcribe/{task_id}")["status"] == "done")
    remaining = psutil.Process(service.process.pid).children(recursive=True) if service.process else []
    assert service.end(signal.SIGTERM) == 0, service.output()
    assert all_ended(third + remaining)


@pytest.mark.weights
def test_each_gpu_that_may_be_used_has_a_worker(service: Service, tmp_path: Path) -> None:
    """Also after one was killed. The GPUs are nvidia-smi's word alone: nothing is transcribed."""
    program = nvidia_smi(tmp_path, "\n".join(f"GPU {name}: X (UUID: GPU-{name})" for name in "abc"))
    service.environment["CUDA_VISIBLE_DEVICES"] = "GPU-b,GPU-a"
    processes = service.start_and_wait(PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    assert service.process is not None
    launcher = psutil.Process(service.process.pid)
    assert "Starting the API and 2 workers" in service.output()
    wait_for(lambda: sorted(gpus_of(launcher)) == ["GPU-a", "GPU-b"])

    worker, gpu = next((engine.parent(), gpu) for gpu, engine in gpus_of(launcher).items())
    assert worker is not None
    worker.kill()
    wait_for(lambda: gpu in (after := gpus_of(launcher)) and after[gpu].parent() != worker)
    assert sorted(gpus_of(launcher)) == ["GPU-a", "GPU-b"]
    processes += launcher.children(recursive=True)
    assert service.end(signal.SIGTERM) == 0, service.output()
    assert all_ended(processes)


def gpus_of(launcher: psutil.Process) -> dict[str, psutil.Process]:
    """The engine processes, by the GPU that each finds in its environment."""
    found = {}
    for process in launcher.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if "app.worker.engine_process" in process.cmdline() and process.parent() is not None:
                found[process.environ().get("CUDA_VISIBLE_DEVICES", "")] = process
    return found


def test_nothing_keeps_the_port_when_launcher_and_guard_are_killed(service: Service) -> None:
    service.environment["ENGINE"] = "fake"
    first = service.start_and_wait()
    [guard] = [process for process in first if "app.launcher.guard" in process.cmdline()]
    [redis] = [process for process in first if process.name() in SERVER_NAMES]
    guard.kill()
    assert service.end(signal.SIGKILL) == -signal.SIGKILL
    assert all_ended([process for process in first if process != redis])

    second = service.start_and_wait()  # ends the Redis that was left
    assert all_ended([redis])
    assert service.end(signal.SIGTERM) == 0, service.output()
    assert all_ended(second)


@pytest.mark.weights
def test_a_redis_that_does_not_answer_is_replaced_by_our_own(service: Service) -> None:
    service.environment["REDIS_HOST"] = "127.0.0.1"
    processes = service.start_and_wait()
    assert "The Redis of the settings does not answer" in service.output()
    assert service.end(signal.SIGTERM) == 0
    assert all_ended(processes)


def test_results_outlive_a_change_of_the_path(service: Service, tmp_path: Path) -> None:
    """The bundled server wrote them; an old redis-server is first on the PATH at the next start."""
    processes = service.start_and_wait(ENGINE="fake", PATH="")
    task_id = service.upload()
    wait_for(lambda: service.get(f"/transcribe/{task_id}")["status"] == "error")  # it is no script
    answer = service.get(f"/transcribe/{task_id}")
    assert service.end(signal.SIGINT) == 0, service.output()
    assert all_ended(processes)

    processes = service.start_and_wait(ENGINE="fake", PATH=str(old_redis_in(tmp_path / "old")))
    assert re.search(r"Valkey 9[.\d]+ is up on port", service.output())
    assert service.get(f"/transcribe/{task_id}") == answer
    assert "audio_undecodable" in service.queue_command("dead", "list")
    assert service.end(signal.SIGTERM) == 0, service.output()
    assert all_ended(processes)


def test_a_port_in_use_ends_it_with_one_sentence(service: Service, redis_server: object) -> None:
    port = redis_server.port  # type: ignore[attr-defined]
    service.start(PORT=str(port))
    assert service.process is not None
    assert service.process.wait(LONG_SECONDS) == 1
    [line] = service.output().splitlines()
    assert re.fullmatch(rf"error: Port {port} of 127\.0\.0\.1 is in use .*PORT={port + 1}`\.", line)


def test_a_folder_of_another_service_ends_it_with_a_sentence(service: Service, tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    folder.mkdir()
    marker = Marker.new("another_queue", "redis:6379/0")
    write_marker(folder, marker, replace=True)
    (folder / f"{uuid.uuid4()}.wav").write_bytes(b"a recording")
    service.start(ENGINE="fake")
    assert service.process is not None
    assert service.process.wait(LONG_SECONDS) == 1
    assert "UPLOAD_DIR belongs to the service with the queue another_queue" in service.output()
    assert read_marker(folder) == marker


def test_a_misspelt_setting_is_warned_of(service: Service, redis_server: object) -> None:
    service.start(PORT=str(redis_server.port), DEFAULT_MODLE="base")  # type: ignore[attr-defined]
    assert service.process is not None
    assert service.process.wait(LONG_SECONDS) == 1
    warning, _ = service.output().splitlines()
    assert warning == (
        "warning: The environment sets DEFAULT_MODLE, which is no setting; the nearest is DEFAULT_MODEL."
    )


def test_weights_that_cannot_be_had(service: Service, tmp_path: Path) -> None:
    service.start(MODEL="no-such-model", CACHE_DIR=str(tmp_path / "empty"))
    assert service.process is not None
    assert service.process.wait(LONG_SECONDS) == 1
    assert service.output().rstrip().endswith("as in `make run MODEL=base`.")


def test_an_api_that_cannot_start_shows_its_last_words(service: Service) -> None:
    service.start(ENGINE="fake", LOG_MAX_MB="1", PYTHONWARNINGS="", UVICORN_FACTORY="true")
    assert service.process is not None
    assert service.process.wait(LONG_SECONDS) == 1
    assert "api      | " in service.output()
    assert service.output().rstrip().endswith("The api ended while starting: its last words are above.")
