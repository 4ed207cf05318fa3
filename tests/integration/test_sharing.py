"""A long recording that is shared: the real model, the real queue, and the text of one worker."""

import asyncio
import wave
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.audio.decode import read_samples
from app.audio.samples import SAMPLE_RATE
from app.core.config import Settings
from app.queue.consumer import Consumer
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.schemas.window import WindowDone
from app.transcription.request import UNWATCHED
from app.transcription.service import TranscriptionService
from app.worker.engine_process.desk import Desk
from app.worker.lending import HelperDesk, OwnerDesk
from app.worker.messages import GivingBack, Lent, Offered, Question, Reply, Taking, Window
from tests.support.queue import claim, connected

pytestmark = pytest.mark.weights


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def settings(settings_for: Callable[..., Settings], base_weights: Path) -> Settings:
    return settings_for(
        cache_dir=base_weights, default_model="base", share_min_seconds=10, share_loan_seconds=5
    )


@pytest.fixture
def recordings(settings: Settings, assets: Path) -> Path:
    """`mono.wav`: six windows; `call.wav`: two channels with as many."""
    settings.upload_dir.mkdir(parents=True)
    sentence, _ = read_samples(assets / "speech_en.flac")
    pause = np.zeros(SAMPLE_RATE * 5 // 2, np.float32)
    once = np.concatenate([sentence, pause])
    _write(settings.upload_dir / "mono.wav", np.tile(once, 6)[:, None])
    silent = np.zeros_like(once)
    call = np.stack([np.tile(np.concatenate(turns), 3) for turns in ([once, silent], [silent, once])], axis=1)
    _write(settings.upload_dir / "call.wav", call)
    return settings.upload_dir


def _write(path: Path, samples: Any) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())


class Shared:
    """The run of an owner and that of a helper, whose questions their supervisors answer."""

    def __init__(self, settings: Settings, owner: Consumer, helper: Consumer) -> None:
        self._settings = settings
        self._owner = owner
        self._helper = helper
        self._loop = asyncio.get_running_loop()

    async def transcribe(self, service: TranscriptionService, task: Task) -> Transcript:
        """The task's transcript, whose windows a helper shares."""
        claimed = await claim(self._owner)
        await self._owner.heartbeat([claimed])
        owning = OwnerDesk(self._owner, claimed, may_lend=True)
        has_asked, has_borrowed = asyncio.Event(), asyncio.Event()
        helping = HelperDesk(self._settings, self._helper, task.task_id, lambda: None)

        async def answer_owner(question: Question) -> Reply:
            """Nothing but the first windows are decoded before somebody wants to help, and has begun to."""
            if isinstance(question, Taking):
                await has_borrowed.wait()
            reply = await owning.answer(question)
            if reply == Offered(run_id=1, is_asked=False):  # it waits for the answer
                await has_asked.wait()
                reply = await owning.answer(question)
            return reply

        async def answer_helper(question: Question) -> Reply:
            reply = await helping.answer(question)
            has_asked.set()
            if isinstance(reply, Lent) and reply.loan.windows:
                has_borrowed.set()
            return reply

        async def own() -> Transcript:
            watch = replace(UNWATCHED, lender=self._desk(answer_owner, lambda _: None))
            transcript = await asyncio.to_thread(service.transcribe, task, None, watch)
            await owning.withdraw()
            return transcript

        async with helping.open():
            transcribing = asyncio.create_task(own())
            while task.task_id not in await self._helper.lending.recordings():
                assert not transcribing.done(), await transcribing
                await asyncio.sleep(0.05)
            desk = self._desk(answer_helper, helping.on_window)
            await asyncio.to_thread(service.help, task, desk, UNWATCHED)
            return await transcribing

    def _desk(
        self, answer: Callable[[Question], Awaitable[Reply]], on_window: Callable[[WindowDone], None]
    ) -> Desk:
        def send(message: Question | GivingBack | Window) -> None:
            if isinstance(message, Window):
                self._loop.call_soon_threadsafe(on_window, message.done)
            elif not isinstance(message, GivingBack):
                asyncio.run_coroutine_threadsafe(hear(message), self._loop)

        async def hear(question: Question) -> None:
            desk.hear(await answer(question))

        desk = Desk(send, 1, lambda: None)
        return desk


@pytest.mark.parametrize(
    ("file_path", "fields"),
    [("mono.wav", {}), ("call.wav", {"channels": "split", "word_timestamps": True})],
    ids=["mono", "channels"],
)
async def test_a_shared_recording_has_the_text_of_one_worker(
    settings: Settings, recordings: Path, file_path: str, fields: dict[str, object]
) -> None:
    service = TranscriptionService(settings)
    task = Task.model_validate({"task_id": "t", "file_path": file_path, **fields})
    alone = await asyncio.to_thread(service.transcribe, task, None, UNWATCHED)
    assert len(alone.segments) >= 6
    async with connected(settings) as queue:
        owner, helper = await queue.worker("w1"), await queue.worker("w2")
        await queue.producer.enqueue(task)
        shared = await Shared(settings, owner, helper).transcribe(service, task)
    assert shared.provenance is not None
    assert shared.provenance.windows_lent >= 1
    assert shared.segments == alone.segments
    assert (shared.text, shared.language, shared.quality) == (alone.text, alone.language, alone.quality)
    assert (shared.duration, shared.warnings) == (alone.duration, alone.warnings)
