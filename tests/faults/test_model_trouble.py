"""A worker that cannot have a model hands its tasks back: another one does them."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.schemas.task import Task, TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, running_service

pytestmark = pytest.mark.faults

COUNT = 20
SPEECH = Path(__file__).parents[1] / "assets" / "speech_en.flac"

TROUBLES = {
    "broken weights": {"broken": True},
    "too little memory": {"allocate_mb": 2**60},
    "killed while it loads": {"killed": True},
}


def _cache(folder: Path, trouble: str) -> Path:
    """A model cache whose `base` has that trouble."""
    weights = folder / trouble.replace(" ", "_") / "fake" / "base.json"
    weights.parent.mkdir(parents=True)
    weights.write_text(json.dumps(TROUBLES[trouble]))
    return weights.parent.parent


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_beside_a_healthy_worker(
    service: Service, tmp_path: Path, ledger: Ledger, trouble: str, attempt: int
) -> None:
    """No task ends as error, none is charged with an attempt, and health and metrics tell of the worker."""
    healthy = service.start_worker()
    service.start_worker(CACHE_DIR=str(_cache(tmp_path, trouble)))
    await service.alive(2)
    healthy.signal(signal.SIGSTOP)  # the other one takes tasks first, however slow the machine
    task_ids = [await service.accept(seconds=0.3) for _ in range(COUNT)]
    await service.until(lambda: service.logged("hands back tasks for the model"), 60)
    fault = f"one of two workers: {trouble}"
    with ledger.recovery(fault):
        healthy.signal(signal.SIGCONT)
        states = await service.ended(task_ids)
    assert {state.status for state in states.values()} == {TaskStatus.DONE}
    for task_id in task_ids:
        assert await service.client.hget(service.keys.task(task_id), "attempts") == b"1"
    ledger.ran_again(fault, sum(map(service.executions, task_ids)), len(task_ids))
    async with service.api() as client:
        (told,) = (await client.get("/health/ready")).json()["troubles"]
        assert (told["kind"], told["model"]) == ("model", "base")
        metrics = (await client.get("/metrics")).text
        assert 'transcriber_workers_without_model{model="base"} 1.0' in metrics


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ("broken weights", "model_unavailable"),
        ("too little memory", "model_out_of_memory"),
        ("killed while it loads", "model_out_of_memory"),
    ],
)
async def test_no_live_worker_has_the_model(
    service: Service, tmp_path: Path, ledger: Ledger, trouble: str, code: str, attempt: int
) -> None:
    """Then, and only then, the tasks end as error; they can be tried again once the weights are repaired."""
    cache = _cache(tmp_path, trouble)
    service.start_worker(CACHE_DIR=str(cache), MODEL_RETRY_SECONDS="0.3")
    task_ids = [await service.accept(seconds=0.05) for _ in range(3)]
    states = await service.ended(task_ids, 120)
    errors = [state.error for state in states.values()]
    assert [error and error.code for error in errors] == [code] * len(task_ids)
    if code == "model_out_of_memory":
        assert all(error and "memory" in error.message for error in errors)
    shutil.rmtree(cache)
    with ledger.recovery(f"the only worker, repaired: {trouble}"):
        await service.until(lambda: _all_done_but_retried(service, task_ids), 120)


async def test_real_weights_that_are_broken(
    settings_for: Callable[..., Settings],
    cache_with_base: Path,
    tmp_path: Path,
    ledger: Ledger,
    attempt: int,
) -> None:
    """With the real engine: a cut `model.bin` on one of two workers."""
    broken = tmp_path / "broken" / "whisper" / "base"
    shutil.copytree(cache_with_base / "whisper" / "base", broken)
    with (broken / "model.bin").open("r+b") as weights:
        weights.truncate(1000)
    settings = settings_for(**QUICK | {"engine": "faster-whisper", "cache_dir": cache_with_base})
    async with running_service(settings, tmp_path) as service:
        service.start_worker(CACHE_DIR=str(tmp_path / "broken"))
        healthy = service.start_worker()
        await service.alive(2)
        healthy.signal(signal.SIGSTOP)
        task_ids = [await _accept_speech(service, f"t{number}") for number in range(8)]
        await service.until(lambda: service.logged("The weights of 'base'"), 60)
        with ledger.recovery("one of two workers: a cut model.bin"):
            healthy.signal(signal.SIGCONT)
            states = await service.ended(task_ids, 120)
    assert {state.status for state in states.values()} == {TaskStatus.DONE}


async def _all_done_but_retried(service: Service, task_ids: list[str]) -> bool:
    """What an operator does who has repaired the weights: what still fails is queued once more."""
    states = [await service.state(task_id) for task_id in task_ids]
    for state in states:
        if state.status is TaskStatus.ERROR:
            await service.admin.requeue(state.task_id)
    return all(state.status is TaskStatus.DONE for state in states)


async def _accept_speech(service: Service, task_id: str) -> str:
    service.recordings.mkdir(parents=True, exist_ok=True)
    (service.recordings / f"{task_id}.flac").write_bytes(SPEECH.read_bytes())
    task = Task(task_id=task_id, file_path=f"{task_id}.flac", model="base")
    service.storage.outbox.save(task)
    await service.producer.enqueue(task)
    return task_id
