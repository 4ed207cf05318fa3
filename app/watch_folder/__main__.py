"""`python -m app.watch_folder`: what `make run` starts where WATCH_DIR is set."""

import asyncio
import contextlib
import logging
import signal
from pathlib import Path

import typer

from app.client import AsyncClient, RetryPolicy
from app.client.companions import KeyOption, ServiceOption, service_address
from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.core.lifeline import end_with_parent
from app.core.startup import read_settings, start_watching
from app.watch_folder.watcher import FolderWatcher

logger = logging.getLogger(__name__)


async def watch(settings: Settings, folder: Path, service: str, api_key: str | None) -> None:
    """Watch until SIGTERM. Raises OSError where the folder cannot be used."""
    async with AsyncClient(service, api_key, policy=_telling_policy()) as client:
        watching = asyncio.create_task(FolderWatcher(settings, folder, client).run())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, watching.cancel)
        logger.info("Recordings that appear in %s are sent to %s", folder, service)
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def _telling_policy() -> RetryPolicy:
    """A client waits for minutes where the service says so (a quota, a full queue): the log tells why."""
    backoff = Backoff(logger, "Asking the service", quiet_seconds=QUIET_SECONDS)

    def tell(error: BaseException, _: float) -> None:
        backoff.failed(error)

    return RetryPolicy(on_retry=tell)


def main(service: ServiceOption = "", api_key: KeyOption = None) -> None:
    """Transcribe the recordings that appear in WATCH_DIR; the transcripts appear beside them."""
    settings = read_settings()
    folder = settings.watch_dir
    if folder is None:
        raise SystemExit("WATCH_DIR names no folder; set it in `.env` or the environment.")
    address = service_address(service, api_key, settings)
    start_watching(settings, "watch")
    end_with_parent()
    try:
        asyncio.run(watch(settings, folder, address, api_key))
    except OSError as error:
        raise SystemExit(f"WATCH_DIR cannot be used: {error}") from error


if __name__ == "__main__":
    typer.run(main)
