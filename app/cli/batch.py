"""Send many recordings, a few at a time, and put their transcripts where they belong."""

import asyncio
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from app.cli.display import Display, Row
from app.cli.inputs import CountingFile, Recording
from app.cli.outputs import Job, write_whole
from app.cli.resume import Note, ResumeFile
from app.client import (
    AsyncClient,
    ClientError,
    Resume,
    ServiceProblem,
    ServiceUnreachable,
    SubmitOptions,
    TaskFailed,
    TranscriptFormat,
)

GONE = "task_not_found"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done with every recording."""

    options: SubmitOptions
    form: TranscriptFormat
    wait: bool
    overwrite: bool
    at_a_time: int
    piped: BinaryIO | None


@dataclass(slots=True)
class Summary:
    """How a batch went, counted as it goes.

    `running` are the tasks that it has not seen end, by the name of their file; `printed` is what goes to
    stdout once the bars are gone: as long as they are there, rich takes it to the terminal.
    """

    done: int = 0
    skipped: int = 0
    failed: int = 0
    running: dict[str, str] = field(default_factory=dict)
    printed: list[str | bytes] = field(default_factory=list)
    unreachable: ServiceUnreachable | None = None


class Batch:
    """The jobs of one `send`."""

    def __init__(self, client: AsyncClient, display: Display, plan: Plan, summary: Summary) -> None:
        self._client = client
        self._display = display
        self._plan = plan
        self._summary = summary
        self._resume_files: dict[Path | None, ResumeFile] = {}

    async def run(self, jobs: Sequence[Job]) -> None:
        """Do them all; the summary tells how it went. A service that is unreachable ends all of them."""
        left = iter(jobs)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._plan.at_a_time, len(jobs))):
                    group.create_task(self._work(left))
        except* ServiceUnreachable as lost:
            self._summary.unreachable = next(
                error for error in lost.exceptions if isinstance(error, ServiceUnreachable)
            )

    async def _work(self, left: Iterator[Job]) -> None:
        for job in left:
            with self._display.row(job.recording.name) as row:
                try:
                    await self._do(job, row)
                except ServiceUnreachable:
                    raise
                except (ClientError, OSError) as error:
                    self._summary.failed += 1
                    self._display.say(f"{job.recording.name}: {error}")

    async def _do(self, job: Job, row: Row) -> None:
        targets = job.targets if self._plan.overwrite else job.missing()
        if job.targets and not targets:
            self._summary.skipped += 1
            return
        resume_file = self._resume_file(job)
        note = await self._known(resume_file.find(job.recording.path, self._plan.options))
        if note.task_id is None:
            note = await self._send(job, note, resume_file, row)
        task_id = str(note.task_id)
        self._summary.running[job.recording.name] = task_id
        if not self._plan.wait:
            self._summary.printed.append(f"{task_id}\t{job.recording.name}")
            self._summary.done += 1
            return
        await self._finish(task_id, note, resume_file, row)
        del self._summary.running[job.recording.name]
        await self._fetch(task_id, targets)
        resume_file.save(note.model_copy(update={"done": True}))
        self._summary.done += 1

    async def _known(self, note: Note) -> Note:
        """The note, as long as the task that it names is of use and still there."""
        blank = note.model_copy(update={"key": None, "upload": None, "task_id": None, "done": False})
        if note.done and self._plan.overwrite:
            return blank
        if note.task_id is not None:
            try:
                await self._client.state(note.task_id)
            except ServiceProblem as problem:
                if problem.code != GONE:
                    raise
                return blank
        return note

    async def _send(self, job: Job, note: Note, resume_file: ResumeFile, row: Row) -> Note:
        note = note.model_copy(update={"key": note.key or str(uuid.uuid4())})
        resume_file.save(note)
        resume = Resume(
            note.upload, lambda address: resume_file.save(note.model_copy(update={"upload": address}))
        )
        with self._opened(job.recording, note.size, row) as file:
            submitted = await self._client.submit(
                file,
                filename=Path(job.recording.name).name,
                idempotency_key=note.key,
                resume=resume,
                **self._plan.options,
            )
        note = note.model_copy(update={"task_id": submitted.task_id})
        resume_file.save(note)
        return note

    @contextmanager
    def _opened(self, recording: Recording, size: int, row: Row) -> Iterator[BinaryIO | None]:
        if recording.at_service:
            yield None
        elif recording.path is None:
            assert self._plan.piped is not None
            yield self._plan.piped
        else:
            with CountingFile(recording.path, lambda sent: row.sent(sent, size)) as file:
                yield file

    async def _finish(self, task_id: str, note: Note, resume_file: ResumeFile, row: Row) -> None:
        """Wait for the end of a task. Raises TaskFailed; then the recording is sent anew next time."""
        try:
            # Without bars there is nobody to tell, and one long poll takes the place of many short ones.
            await self._client.wait(task_id, on_progress=row.state if self._display.live else None)
        except TaskFailed:
            resume_file.save(note.model_copy(update={"key": None, "upload": None, "task_id": None}))
            raise

    async def _fetch(self, task_id: str, targets: Mapping[TranscriptFormat, Path]) -> None:
        if not targets:
            self._summary.printed.append(await self._content(task_id, self._plan.form))
        for form, path in targets.items():
            write_whole(path, await self._content(task_id, form))

    async def _content(self, task_id: str, form: TranscriptFormat) -> str | bytes:
        if form.is_text:
            return await self._client.transcript(task_id, form)
        return await self._client.transcript_file(task_id, form)

    def _resume_file(self, job: Job) -> ResumeFile:
        """That of its folder; what was piped in is never found there again, as it has no path."""
        if job.folder not in self._resume_files:
            self._resume_files[job.folder] = ResumeFile(job.folder)
        return self._resume_files[job.folder]
