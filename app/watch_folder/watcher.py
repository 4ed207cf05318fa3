"""From a recording in the folder to the transcript beside it."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from anyio import to_thread

from app.client import AsyncClient, ClientError, ServiceProblem, SubmitOptions, TaskFailed, TranscriptFormat
from app.client.retries import worth_another_try
from app.core.background import end
from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.watch_folder.outputs import Outputs
from app.watch_folder.records import Outcome, Record, Records
from app.watch_folder.tree import Settling, Tree, Version, version_of

logger = logging.getLogger(__name__)

TIDY_SECONDS = 3600.0

POSTPONED_SECONDS = 60.0
"""How long a recording that cannot be read, or whose files cannot be written, makes room for others."""

ERROR_SUFFIX = "error.txt"

GONE = "task_not_found"

_OF_THE_SERVICE = frozenset({401, 403, 404, 405})
"""Refusals that have nothing to do with the recording: a key, or another program at that address."""


class FolderWatcher:
    """Watches WATCH_DIR until cancelled. Nothing is kept in memory that a restart needs."""

    def __init__(self, settings: Settings, folder: Path, client: AsyncClient) -> None:
        self._settings = settings
        self._root = folder
        self._client = client
        self._options = SubmitOptions(**settings.watch_fields)  # type: ignore[typeddict-item]
        self._request = hashlib.sha256(json.dumps(settings.watch_fields, sort_keys=True).encode()).hexdigest()
        self._tree = Tree(str(folder), settings.allowed_extensions, settings.watch_max_files)
        self._settling = Settling(settings.watch_settle_seconds)
        self._records = Records(folder)
        self._outputs = Outputs(folder, self._records.folder)
        self._ended: dict[str, Version] = {}
        self._postponed: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._backoff = Backoff(logger, "Watching WATCH_DIR", quiet_seconds=QUIET_SECONDS)
        self._not_before = self._tidied = 0.0

    async def run(self) -> None:
        """Look, and look again. Raises OSError where the folder cannot be written at the start."""
        await to_thread.run_sync(self._records.prepare)
        try:
            while True:
                pause = self._settings.watch_seconds
                try:
                    await self.look()
                except OSError as error:  # the share is away
                    pause = max(pause, self._backoff.failed(error))
                await asyncio.sleep(pause)
        finally:
            await end(self._running.values())

    async def look(self) -> None:
        """Begin with what has settled, as far as there is room; records of what is gone go now and then."""
        now = time.monotonic()
        found = await to_thread.run_sync(self._tree.recordings)
        settled = self._settling.settled(found, now)
        self._ended = {path: each for path, each in self._ended.items() if path in found}
        self._postponed = {path: until for path, until in self._postponed.items() if path in found}
        for path in settled:
            if len(self._running) >= self._settings.watch_open_tasks or now < self._not_before:
                break
            is_new = self._ended.get(path) != found[path] and self._postponed.get(path, now) <= now
            if is_new and path not in self._running:
                self._running[path] = asyncio.create_task(self._carry(path, found[path]))
        if now - self._tidied >= TIDY_SECONDS:
            self._tidied = now
            await to_thread.run_sync(self._records.tidy)

    async def _carry(self, path: str, version: Version) -> None:
        """Do one recording; what goes wrong for now is tried again with one of the next looks."""
        try:
            if await self._is_ended(path, version):
                self._ended[path] = version
            self._backoff.succeeded()
        except ClientError as error:
            self._not_before = time.monotonic() + self._backoff.failed(error)
        except OSError as error:  # of this file, or of all where the share is away
            self._backoff.failed(error)
            self._postponed[path] = time.monotonic() + POSTPONED_SECONDS
        finally:
            self._running.pop(path, None)

    async def _is_ended(self, path: str, version: Version) -> bool:
        """Bring a recording to its end; False where it changes meanwhile. Raises ClientError, OSError."""
        known = await to_thread.run_sync(self._records.read, path)
        is_known = known is not None and known.is_of(version, self._request)
        if known is not None and is_known and known.outcome is not None:
            return True
        if known is not None and is_known and known.task_id is not None:
            record = known
        else:
            before = known.outputs if known is not None else {}
            record = Record(path, version.size, version.mtime_ns, self._request, outputs=before)
            try:
                task_id = await self._send(record, version)
            except ServiceProblem as problem:
                if worth_another_try(problem) or problem.status in _OF_THE_SERVICE:
                    raise
                await self._fail(record, problem.detail)
                return True
            if task_id is None:
                return False
            record = replace(record, task_id=task_id)
            await to_thread.run_sync(self._records.save, record)
        await self._finish(record)
        return True

    async def _send(self, record: Record, version: Version) -> str | None:
        """The task of a recording; None where the recording has changed while it was sent."""
        path = self._root / record.path
        submitted = await self._client.submit(path, idempotency_key=record.key, **self._options)
        if await to_thread.run_sync(version_of, str(path)) == version:
            logger.info("%r is task %s", record.path, submitted.task_id)
            return submitted.task_id
        logger.info("%r changed while it was sent; it is sent again when it has settled", record.path)
        await self._client.delete(submitted.task_id)
        return None

    async def _finish(self, record: Record) -> None:
        """Wait for the end of a task, and write what came of it."""
        assert record.task_id is not None
        try:
            await self._client.wait(record.task_id)
            contents = {form.extension: await self._file(record.task_id, form) for form in self._forms}
        except TaskFailed as failure:
            await self._fail(record, str(failure))
            return
        except ServiceProblem as problem:
            if problem.code == GONE:
                await self._fail(record, "Its task was deleted, or its result has expired.")
                return
            if worth_another_try(problem) or problem.status in _OF_THE_SERVICE:
                raise
            await self._fail(record, problem.detail)
            return
        await self._write(record, "done", contents)
        logger.info("The transcript of %r is there", record.path)

    async def _file(self, task_id: str, form: TranscriptFormat) -> bytes:
        return await self._client.transcript_file(task_id, form)

    async def _fail(self, record: Record, sentence: str) -> None:
        logger.warning("%r has no transcript: %s", record.path, sentence)
        await self._write(record, "error", {ERROR_SUFFIX: f"{sentence}\n".encode()})

    async def _write(self, record: Record, outcome: Outcome, contents: Mapping[str, bytes]) -> None:
        """Files first: a record that tells of an end is believed for ever."""
        if not (self._root / record.path).parent.is_dir():
            logger.warning("The folder of %r is gone; its transcript stays at the service", record.path)
            return
        outputs = await to_thread.run_sync(self._outputs.write, record.path, contents, record.outputs)
        await to_thread.run_sync(self._records.save, record.ended(outcome, outputs))

    @property
    def _forms(self) -> tuple[TranscriptFormat, ...]:
        return tuple(TranscriptFormat(name) for name in self._settings.watch_formats)
