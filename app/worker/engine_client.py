"""The supervisor's side of the engine process: start it, give it tasks, hear its answers, replace it."""

import asyncio
import itertools
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from app.core.errors import EngineCrashed
from app.core.tracing import traceparent
from app.schemas.task import Task
from app.schemas.window import Checkpoint
from app.worker.engine_life import ENGINE_PROGRAM, EngineLife, describe, start_engine
from app.worker.messages import (
    Abort,
    Alive,
    Failed,
    Fetch,
    Fetched,
    Finished,
    GivingBack,
    Help,
    Helped,
    Question,
    Ready,
    Reply,
    Run,
    Stage,
    StageSeconds,
    ToEngine,
    Window,
    from_engine,
)
from app.worker.pending import End, EngineLost, Listener, Pending

logger = logging.getLogger(__name__)

START_SECONDS = 120.0
"""Time the engine process gets to say that it is ready (imports on a cold disk included)."""

CLOSE_SECONDS = 2.0
"""Time it gets to end by itself, e.g. to write its last log line."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 30.0
"""Pause before the engine process is started again; doubles while it dies before it is ready."""

Answer = Finished | Failed


class EngineClient:
    """Keeps one engine process alive and runs tasks in it; not thread-safe (one event loop)."""

    def __init__(
        self,
        environment: Mapping[str, str],
        on_stage_seconds: Callable[[Mapping[str, float]], None] = lambda _: None,
        overrides: Mapping[str, str] | None = None,
        program: Sequence[str] = ENGINE_PROGRAM,
    ) -> None:
        """`environment` is added to that of the engine process: what its runtime reads when it starts.

        `on_stage_seconds` hears how the engine process spends its time; `overrides` has the last word on its
        environment; `program` is what is run as it.
        """
        self._environment = environment
        self._overrides = overrides or {}
        self._program = program
        self._on_stage_seconds = on_stage_seconds
        self._current: EngineLife | None = None
        self._start_lock = asyncio.Lock()
        self._pause_seconds = 0.0
        self._run_ids = itertools.count(1)
        self._answering: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Make sure that an engine process is up. Raises EngineCrashed where it does not come up."""
        await self._alive()

    @property
    def runs(self) -> int:
        """Recordings that are transcribed in the engine process now."""
        pending = self._current.pending.values() if self._current else ()
        return sum(each.listener is not None for each in pending)

    async def run(self, task: Task, checkpoint: Checkpoint | None, listener: Listener) -> Answer:
        """Transcribe `task` in the engine process, going on from `checkpoint`.

        Raises EngineLost where the process ends meanwhile. When the caller is cancelled the task is aborted.
        """
        run = Run(run_id=next(self._run_ids), task=task, checkpoint=checkpoint, traceparent=traceparent())
        answer = await self._ask(run, listener)
        assert isinstance(answer, Finished | Failed)
        return answer

    async def fetch(self, task: Task) -> Fetched | Failed:
        """Have the recording of `task` fetched by the engine process. As `run`."""
        fetch = Fetch(run_id=next(self._run_ids), task=task, traceparent=traceparent())
        answer = await self._ask(fetch, None)
        assert isinstance(answer, Fetched | Failed)
        return answer

    async def help(self, task: Task, listener: Listener, enough: asyncio.Event) -> Helped | Failed:
        """Help in the engine process with a task that another worker has, until `enough` is set.

        Then what has begun is finished first. As `run`.
        """
        answer = await self._ask(Help(run_id=next(self._run_ids), task=task), listener, enough)
        assert isinstance(answer, Helped | Failed)
        return answer

    async def _ask(
        self, message: Run | Fetch | Help, listener: Listener | None, enough: asyncio.Event | None = None
    ) -> End:
        engine = await self._alive()
        run_id = message.run_id
        pending = Pending(message.task.task_id, asyncio.get_running_loop().create_future(), listener)
        engine.pending[run_id] = pending
        try:
            await self._send(engine, message)
            if enough is not None and not await _first(pending.answer, enough):
                await self._send(engine, Abort(run_id=run_id))
            return await pending.answer
        except asyncio.CancelledError:
            engine.writer.write(Abort(run_id=run_id).line())  # its answer then finds nobody waiting
            raise
        finally:
            del engine.pending[run_id]

    def kill(self) -> None:
        """Kill the engine process whose fault is known: other tasks inside it are not suspected."""
        if self._current is not None:
            self._current.blamed = True
            self._current.kill()

    async def close(self) -> None:
        """End the engine process for good: it goes when its socket closes, or is killed where it does not."""
        if self._current is None:
            return
        engine = self._current
        engine.blamed = True
        engine.writer.close()
        await asyncio.wait([engine.listener], timeout=CLOSE_SECONDS)
        engine.kill()
        await engine.listener

    async def _alive(self) -> EngineLife:
        async with self._start_lock:
            if self._current is None:
                await asyncio.sleep(self._pause_seconds)
                self._pause_seconds = min(
                    max(FIRST_PAUSE_SECONDS, self._pause_seconds * 2), LONGEST_PAUSE_SECONDS
                )
                self._current = await self._spawn()
                await self._until_ready(self._current)
                self._pause_seconds = 0.0
            return self._current

    async def _spawn(self) -> EngineLife:
        environment = {**self._environment, **os.environ, **self._overrides}
        process, reader, writer = await start_engine(self._program, environment)
        engine = EngineLife(process, writer, asyncio.Event())
        engine.listener = asyncio.create_task(self._listen(engine, reader))
        logger.info("Engine process started (pid %d)", process.pid)
        return engine

    async def _until_ready(self, engine: EngineLife) -> None:
        waiting = asyncio.create_task(engine.ready.wait())
        done, _ = await asyncio.wait(
            {waiting, engine.listener}, timeout=START_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )
        waiting.cancel()
        if waiting in done:
            return
        engine.kill()
        await engine.listener
        raise EngineCrashed("The engine process does not start; its log says why.")

    async def _listen(self, engine: EngineLife, reader: asyncio.StreamReader) -> None:
        """Hand answers to those who wait; when the process ends, tell all who still do.

        A line without an end is no nonsense: the process died in the middle of it, and how tells its cause.
        """
        try:
            while (line := await reader.readline()).endswith(b"\n"):
                self._hear(engine, line)
        except (ConnectionError, ValueError):
            logger.exception("The engine process talks nonsense; it is replaced")
            engine.kill()
        engine.writer.close()
        status = await engine.reaped()
        if self._current is engine:
            self._current = None
        self._report_loss(engine, status)

    def _hear(self, engine: EngineLife, line: bytes) -> None:
        message = from_engine.validate_json(line)
        if isinstance(message, Ready):
            engine.ready.set()
            return
        if isinstance(message, StageSeconds):
            self._on_stage_seconds(message.seconds)
            return
        pending = engine.pending.get(message.run_id)
        if pending is None or pending.answer.done():
            return  # aborted meanwhile
        if isinstance(message, End):
            pending.answer.set_result(message)
        elif pending.listener is not None:
            self._tell(engine, pending, pending.listener, message)

    def _tell(
        self,
        engine: EngineLife,
        pending: Pending,
        listener: Listener,
        message: Alive | Window | Question | GivingBack,
    ) -> None:
        if isinstance(message, Alive):
            pending.stage = message.stage
            listener.on_alive(message.stage)
        elif isinstance(message, Window):
            pending.stage = Stage.LOADED
            listener.on_window(message.done)
        elif isinstance(message, GivingBack):
            listener.on_give_back(message.numbers)
        elif listener.on_question is not None:
            answering = asyncio.create_task(self._reply(engine, listener.on_question(message)))
            self._answering.add(answering)
            answering.add_done_callback(self._answering.discard)

    async def _reply(self, engine: EngineLife, answer: Awaitable[Reply]) -> None:
        await self._send(engine, await answer)

    def _report_loss(self, engine: EngineLife, status: int) -> None:
        loading = not engine.blamed and all(each.stage is Stage.LOADING for each in engine.pending.values())
        guilty = len(engine.pending) == 1 and not engine.blamed and not loading
        text = f"The engine process ended under the task ({describe(status)})."
        if engine.pending:
            logger.error(
                "%s Tasks in flight: %s",
                text,
                ", ".join(pending.task_id for pending in engine.pending.values()),
            )
        for pending in engine.pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(EngineLost(text, guilty=guilty, loading=loading, status=status))

    async def _send(self, engine: EngineLife, message: ToEngine) -> None:
        try:
            engine.writer.write(message.line())
            await engine.writer.drain()
        except ConnectionError:
            await asyncio.wait([engine.listener])  # it then has told every waiting task


async def _first(answer: "asyncio.Future[End]", event: asyncio.Event) -> bool:
    """Wait until either is there; whether it is the answer."""
    waiting = asyncio.ensure_future(event.wait())
    both: list[asyncio.Future[Any]] = [answer, waiting]
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return answer.done()
