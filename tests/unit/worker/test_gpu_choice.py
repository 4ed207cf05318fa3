"""Which of several GPUs a worker takes. The workers are real: only nvidia-smi is a stand-in."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from app.core.config import Settings
from app.core.gpus import Gpu
from app.worker.gpu_choice import chosen_gpu, take_one
from tests.support.nvidia_smi import nvidia_smi

CARDS = ("GPU-aa11", "GPU-bb22", "GPU-cc33")
GPUS = tuple(Gpu(uuid, uuid) for uuid in CARDS)
LISTED = "\n".join(f"GPU {number}: X (UUID: {uuid})" for number, uuid in enumerate(CARDS))

HOLDER = """
import sys
from app.core.startup import read_settings
from app.worker.gpu_choice import chosen_gpu
with chosen_gpu(read_settings()) as gpu:
    print(gpu.get("CUDA_VISIBLE_DEVICES", "none"), flush=True)
    sys.stdin.read()
"""


class Workers:
    """Processes that have chosen a GPU, each as a worker does, until they are killed."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ
        self.running: list[subprocess.Popen[str]] = []

    def start(self, number: int) -> list[str]:
        """So many more, at the same time; what their engine processes would find in CUDA_VISIBLE_DEVICES."""
        started = [
            subprocess.Popen(
                [sys.executable, "-c", HOLDER],
                env=self._environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(number)
        ]
        self.running += started
        return [str(each.stdout and each.stdout.readline().strip()) for each in started]

    def kill(self, place: int) -> None:
        with self.running.pop(place) as process:
            process.kill()


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    path = f"{nvidia_smi(tmp_path, LISTED).parent}{os.pathsep}{os.environ['PATH']}"
    environ = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    workers = Workers(environ | {"PATH": path, "CACHE_DIR": str(tmp_path / "cache"), "ENGINE": "auto"})
    yield workers
    while workers.running:
        workers.kill(0)


def test_workers_that_start_together_are_spread_over_the_gpus_evenly(workers: Workers) -> None:
    first = workers.start(3)
    assert sorted(first) == sorted(CARDS), "as many workers as GPUs use all of them"

    second = workers.start(2)
    assert len(set(second)) == 2


def test_one_chooses_at_a_time(tmp_path: Path) -> None:
    """Each lock is of a file that was opened for it, so that threads are as good as processes here."""
    for folder in (tmp_path / str(number) for number in range(20)):
        start = Barrier(8)
        with ExitStack() as held, ThreadPoolExecutor(8) as threads:
            stacks = [held.enter_context(ExitStack()) for _ in range(8)]

            def take(stack: ExitStack, folder: Path = folder, start: Barrier = start) -> str:
                start.wait()
                return take_one(GPUS[:2], folder, stack).name

            assert Counter(threads.map(take, stacks)) == {"GPU-aa11": 4, "GPU-bb22": 4}


def test_a_worker_that_comes_again_takes_the_gpu_that_was_left(workers: Workers) -> None:
    taken = workers.start(3)
    workers.kill(1)

    assert workers.start(1) == [taken[1]]


def test_the_least_used_gpu_is_taken_whatever_places_are_free(tmp_path: Path) -> None:
    """The first two of three workers that have the first GPU are gone: the third counts all the same."""
    stacks = [ExitStack() for _ in range(9)]
    taken = [take_one(GPUS, tmp_path, stack).name for stack in stacks[:7]]
    assert taken == [*CARDS, *CARDS, CARDS[0]]
    stacks[0].close()
    stacks[3].close()

    assert take_one(GPUS, tmp_path, stacks[7]).name == CARDS[0]
    stacks[2].close()
    assert take_one(GPUS, tmp_path, stacks[8]).name == CARDS[2]
    for stack in stacks:
        stack.close()


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process finds CARDS."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", f"{nvidia_smi(tmp_path, LISTED).parent}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.usefixtures("cards")
def test_only_what_is_visible_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-cc33,1")
    settings = Settings(engine="auto", cache_dir=tmp_path)

    with chosen_gpu(settings) as first, chosen_gpu(settings) as second, chosen_gpu(settings) as third:
        taken = [each["CUDA_VISIBLE_DEVICES"] for each in (first, second, third)]
    assert taken == ["GPU-cc33", "1", "GPU-cc33"]


@pytest.mark.usefixtures("cards")
def test_workers_that_call_the_gpus_otherwise_take_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(engine="auto", cache_dir=tmp_path)
    with ExitStack() as held:
        taken = [held.enter_context(chosen_gpu(settings))]
        for named in ("0,1,2", "GPU-a,GPU-b,GPU-c"):
            monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
            taken.append(held.enter_context(chosen_gpu(settings)))

    assert [each["CUDA_VISIBLE_DEVICES"] for each in taken] == ["GPU-aa11", "1", "GPU-c"]


@pytest.mark.parametrize(
    ("given", "visible"),
    [({"device": "cuda:1"}, None), ({"device": "cpu"}, None), ({"engine": "fake"}, None), ({}, "2")],
)
@pytest.mark.usefixtures("cards")
def test_where_there_is_no_choice_the_environment_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], visible: str | None
) -> None:
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)

    with chosen_gpu(Settings.model_validate({"cache_dir": tmp_path, **given})) as gpu:
        assert gpu == {}


def test_numbers_of_two_hosts_that_share_a_cache_are_other_gpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gpus = (Gpu("0", "0"), Gpu("1", "1"))
    with ExitStack() as held:
        assert take_one(gpus, tmp_path, held).name == "0"
        monkeypatch.setattr("app.worker.gpu_choice._host", lambda: "another")
        assert take_one(gpus, tmp_path, held).name == "0"


@pytest.mark.usefixtures("cards")
def test_a_cache_that_cannot_be_written_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "gpus").write_text("no folder")

    with chosen_gpu(Settings(engine="auto", cache_dir=tmp_path)) as gpu:
        assert gpu == {}
    assert "Give each worker its own with DEVICE=cuda:0" in caplog.text
