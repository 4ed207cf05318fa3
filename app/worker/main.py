"""Put a worker together and run it."""

import asyncio
import logging
import os
from collections.abc import Mapping

from app.asr.hardware import runtime_environment
from app.core.config import Settings
from app.core.errors import DeviceLost, UnsafeRedis
from app.core.lifeline import end_with_parent
from app.core.startup import read_settings, start_watching
from app.housekeeping.outbox_sweep import OutboxSweep
from app.housekeeping.store_binding import StoreBinding
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer, new_worker_id
from app.queue.maintenance import Maintenance
from app.queue.troubles import Troubles
from app.storage.opening import check_storage, open_storage
from app.weights.model_choice import check_translate_model
from app.worker.disk import DiskWatch
from app.worker.engine_client import EngineClient
from app.worker.folder import FolderWatch
from app.worker.gpu_choice import chosen_gpu
from app.worker.health import Pulse
from app.worker.helper import Helper
from app.worker.models import ModelWatch
from app.worker.reporter import Reporter
from app.worker.runner import TaskRunner
from app.worker.stage_totals import StageTotals
from app.worker.supervisor import Supervisor

logger = logging.getLogger(__name__)

DEVICE_LOST_STATUS = os.EX_UNAVAILABLE
"""Exit status 69 of a worker whose GPU is lost."""


async def work(settings: Settings, gpu: Mapping[str, str]) -> None:
    """Run one worker until it is told to stop; the engine process finds its GPU by the variables in `gpu`.

    Raises DeviceLost where that is lost.
    """
    commands, blocking = command_client(settings), blocking_client(settings)
    try:
        consumer = Consumer(settings, worker_id=new_worker_id(), commands=commands, blocking=blocking)
        stages = StageTotals(consumer.counters)
        engine = EngineClient(runtime_environment(settings), stages.hear, gpu)
        storage = open_storage(settings)
        troubles = Troubles(commands, settings)
        folder = FolderWatch(StoreBinding(commands, settings, storage))
        models = ModelWatch(settings, consumer.worker_id, troubles)
        runner = TaskRunner(settings, consumer, engine, storage, folder, models)
        pulse = Pulse(consumer.worker_id, settings.lease_seconds)
        supervisor = Supervisor(
            settings,
            commands,
            consumer,
            Maintenance(commands, settings),
            OutboxSweep(commands, settings, storage),
            engine,
            runner,
            DiskWatch(settings, storage),
            Reporter(consumer.worker_id, troubles, folder, models, pulse, stages),
            Helper(settings, consumer, runner.runs, models),
        )
        await supervisor.run()
    finally:
        await commands.aclose()
        await blocking.aclose()


def main() -> None:
    """What `python worker.py` does."""
    settings = read_settings()
    start_watching(settings, "worker")
    check_translate_model(settings)
    end_with_parent()
    check_storage(settings)
    try:
        with chosen_gpu(settings) as gpu:
            asyncio.run(work(settings, gpu))
    except UnsafeRedis as error:
        raise SystemExit(error.detail) from None
    except DeviceLost as error:
        logger.critical(error.detail)
        raise SystemExit(DEVICE_LOST_STATUS) from None
