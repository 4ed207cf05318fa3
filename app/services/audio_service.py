"""Take a recording: check what is asked, store it, make sure that it is one, queue its task."""

import logging
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, nullcontext
from dataclasses import asdict, dataclass

import anyio
from anyio import to_thread

from app.core.config import Settings
from app.core.decorators import timed_stage
from app.core.errors import (
    FetchFailed,
    FileMissing,
    MalformedUpload,
    QueueFull,
    UnsafeAddress,
)
from app.core.tracing import traceparent
from app.core.validation import extension_of, quoted, single_value
from app.housekeeping.store_binding import StoreBinding
from app.net.address_policy import AddressPolicy, check_url
from app.queue.awaited import AwaitedTasks
from app.queue.idempotency_keys import Holder, KeyedRequest
from app.queue.redis_errors import redis_or_not
from app.queue.usage import UsageCounter
from app.schemas.caller import Caller
from app.schemas.known_speaker import known_speakers
from app.schemas.task import Task
from app.services.capacity import Capacity
from app.services.earlier_recordings import EarlierRecordings
from app.services.idempotency import Idempotency
from app.services.options import AGAIN, UPLOAD, Options
from app.services.receiving import FILE_FIELD, Fields, FormPart, Received, Receiver
from app.services.recording_check import RecordingCheck
from app.services.redis_service import RedisService
from app.services.result_cache import ResultCache
from app.services.resumable_uploads import Arrived, ResumableUploads
from app.services.task_service import TaskService
from app.services.upload_request import Acceptance, UploadRequest
from app.storage.base import Storage
from utils.logger import task_context

logger = logging.getLogger(__name__)

ABLE_MODEL = "large-v3"
"""Translates, and knows every language."""


@dataclass(frozen=True, slots=True)
class _Begun:
    """What is known before the recording comes: the id of the task to be, who had the same Idempotency-Key
    then, and whether only an earlier task can be the answer."""

    task_id: str
    holder: Holder | None
    lacks_room: bool


@dataclass(frozen=True, slots=True)
class _Source:
    """The recording of a request, None where it only names one; `arrived` where it came before."""

    received: Received | None
    arrived: Arrived | None = None


class AudioService:
    """The use case of an upload."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        folder: StoreBinding,
        queue: RedisService,
        results: ResultCache,
        idempotency: Idempotency,
        awaited: AwaitedTasks,
        uploads: ResumableUploads,
        tasks: TaskService,
        usage: UsageCounter,
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._folder = folder
        self._queue = queue
        self._results = results
        self._idempotency = idempotency
        self._awaited = awaited
        self._uploads = uploads
        self._usage = usage
        self._capacity = Capacity(settings, queue, usage, idempotency)
        self._receiver = Receiver(settings, storage)
        self._recordings = EarlierRecordings(tasks, storage, self._receiver)
        self._policy = AddressPolicy.from_settings(settings)
        self._check = RecordingCheck(settings)

    async def accept(self, form: AsyncIterator[FormPart], request: UploadRequest) -> Acceptance:
        """Turn a form into an enqueued task.

        Raises RequestError or CapacityError, and then leaves nothing.
        """
        request.read(_before_the_form(request.values))
        await self._receiver.refuse_early(request.content_length)
        await self._folder.require()
        begun = await self._begin(request)
        with task_context(begun.task_id):
            async with AsyncExitStack() as held, AsyncExitStack() as undo:
                with timed_stage("receive upload"):
                    source = await self._receive(form, request, begun, held, undo)
                if isinstance(source, Acceptance):
                    return source
                accepted = await self._accept(source, request, begun, undo)
                if source.arrived is not None:
                    await self._uploads.take(source.arrived, accepted.task_id)
        if request.is_awaited and not accepted.replayed:
            await self._expect(accepted, request.caller)
        return accepted

    async def _begin(self, request: UploadRequest) -> _Begun:
        """Raises as `Capacity.is_lacking` does.

        The earlier task of a caller who waits may be given up as nobody's before the recording is here.
        """
        lacks_room, holder = await self._capacity.is_lacking(request), None
        if request.idempotency_key is not None and not request.is_awaited:
            holder = await self._idempotency.holder(request.caller.name, request.idempotency_key)
        return _Begun(str(uuid.uuid4()), holder, lacks_room)

    async def _accept(
        self, source: _Source, request: UploadRequest, begun: _Begun, undo: AsyncExitStack
    ) -> Acceptance:
        """Have what was received enqueued as that task, unless the same request became another before."""
        options, received, task_id = request.read(request.values), source.received, begun.task_id
        fingerprint = options.fingerprint(_source(received, options))
        named = _named(request, fingerprint, task_id)
        earlier = await self._earlier(request, named, begun.holder, fingerprint)
        if earlier is not None:
            return Acceptance(earlier, fingerprint, options.may_be_reused, replayed=True)
        async with self._idempotency.accepting(named) if named else nullcontext():
            if begun.lacks_room:
                await self._capacity.require(request.caller)
            sent_bytes = received.size if received is not None else 0
            if received is None and options.url is None and options.again_of is not None:
                received = await self._recordings.received(options.again_of, request.caller, task_id, undo)
                fingerprint = options.fingerprint(received.digest)
            task = await self._task(task_id, received, options, fingerprint, request.caller)
            await self._count(task, sent_bytes, undo)
            await self._keep_clips(task_id, options)
            await self._hand_in(task, received, named, undo)
        return Acceptance(task_id, fingerprint, options.may_be_reused)

    async def _receive(
        self,
        form: AsyncIterator[FormPart],
        request: UploadRequest,
        begun: _Begun,
        held: AsyncExitStack,
        undo: AsyncExitStack,
    ) -> _Source | Acceptance:
        """What is to be transcribed; the earlier task where it is a resumable upload that became one.

        Raises as Receiver and ResumableUploads do, and for an upload that became none as `Capacity.require`
        does; `held` gets what keeps others off the upload.
        """
        fields = Fields(request.values, request.refuses_unknown, request.named)
        received = await self._receiver.receive(form, fields, begun.task_id, undo)
        upload_id = single_value(UPLOAD, request.values.get(UPLOAD, ()))
        if upload_id is None:
            return _Source(received)
        if received is not None or any(request.values.get("url", ())):
            raise MalformedUpload("The request names an `upload` and another source; send one of them.")
        arrived = await self._uploads.arrived(upload_id, request.caller, held, is_left=request.is_left)
        if isinstance(arrived, str):
            return Acceptance(arrived, "", may_be_shared=False, replayed=True)
        if begun.lacks_room and not await self._capacity.may_have_come(request):
            await self._capacity.require(request.caller)
        return _Source(await self._uploads.received(arrived, begun.task_id, undo), arrived)

    async def _expect(self, accepted: Acceptance, caller: Caller) -> None:
        async with redis_or_not("A task is not found by the same request, sent again", logging.WARNING):
            await self._awaited.expect(
                accepted.task_id,
                caller.name,
                accepted.fingerprint,
                begin=True,
                share=accepted.may_be_shared,
            )

    async def _earlier(
        self,
        request: UploadRequest,
        named: KeyedRequest | None,
        began: Holder | None,
        fingerprint: str,
    ) -> str | None:
        """The task that the same request became before. Raises IdempotencyConflict where it was another."""
        if named is not None:
            return await self._idempotency.earlier(named, began)
        if request.is_awaited:
            return await self._awaited.join(request.caller.name, fingerprint)
        return None

    async def _task(
        self, task_id: str, received: Received | None, options: Options, fingerprint: str, caller: Caller
    ) -> Task:
        for address in filter(None, (options.url, options.webhook)):
            await self._check_address(address)
        extension = received.extension if received else extension_of(options.url or "", None)
        again_of = await self._recordings.first(options.again_of, caller) if options.again_of else None
        return Task(
            task_id=task_id,
            file_path=f"{task_id}.{extension}",
            filename=received.filename if received else None,
            duration=await self._check.duration(received, options) if received else None,
            fingerprint=fingerprint if options.may_be_reused else None,
            owner=caller.name,
            traceparent=traceparent(),
            **asdict(options)
            | {"known_speakers": [each.name for each in options.known_speakers], "again_of": again_of},
        )

    async def _check_address(self, address: str) -> None:
        """Raises UnsafeAddress. Who uses the address checks it again: names may lead elsewhere by then."""
        try:
            await to_thread.run_sync(check_url, address, self._policy)
        except FetchFailed as error:
            raise UnsafeAddress(error.detail) from error

    async def _count(self, task: Task, sent_bytes: int, undo: AsyncExitStack) -> None:
        """Count it for its owner's quota, as long as it is accepted. Raises QuotaExceeded."""
        await self._usage.admit(task, sent_bytes)

        async def withdraw() -> None:
            async with redis_or_not("A task that was not accepted counts for its key", logging.WARNING):
                await self._usage.withdraw(task, sent_bytes)

        undo.push_async_callback(withdraw)

    async def _keep_clips(self, task_id: str, options: Options) -> None:
        """Store the clips of known speakers beside the recording; without a note they are orphans."""
        if options.known_speakers:
            clips = known_speakers.dump_json(options.known_speakers)
            await to_thread.run_sync(self._storage.save_clips, task_id, clips)

    async def _hand_in(
        self, task: Task, received: Received | None, named: KeyedRequest | None, undo: AsyncExitStack
    ) -> None:
        """Make the upload durable, then have its task known to Redis: what Redis may lose is noted."""
        if received is not None:
            await to_thread.run_sync(received.upload.commit)
        if named is not None:
            await self._idempotency.confirm(named)
        undo.push_async_exit(self._withdraws(task))
        await to_thread.run_sync(self._storage.outbox.save, task)
        if not await self._results.reuse(task):
            await self._queue.enqueue(task)
        undo.pop_all()
        await self._results.note(task)
        logger.info("Queued %s for %s", quoted(task.filename or task.url or ""), task.model)

    def _withdraws(self, task: Task) -> Callable[..., Awaitable[None]]:
        """Ends a block in which the client is told that its task was not taken.

        Where only the reply was lost it may be in the queue all the same: a tombstone keeps it from being
        done. A full queue has surely not taken it.
        """

        async def leave(error: type[BaseException] | None, *_: object) -> None:
            with anyio.CancelScope(shield=True):
                if not await to_thread.run_sync(self._storage.outbox.holds, task.task_id):
                    return
                if error is not None and issubclass(error, QueueFull):
                    await to_thread.run_sync(self._storage.outbox.remove, task.task_id)
                else:
                    await to_thread.run_sync(self._storage.discard, task)

        return leave


def _before_the_form(values: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """What is known before the form is read; where it names no model, one that refuses nothing.

    The form may still name one: what DEFAULT_MODEL cannot do (translate, Cantonese) is no reason to refuse.
    """
    return {**values, "model": values.get("model") or [ABLE_MODEL]}


def _named(request: UploadRequest, fingerprint: str, task_id: str) -> KeyedRequest | None:
    """What the request is remembered by, where its client gave it a name."""
    if request.idempotency_key is None:
        return None
    return KeyedRequest(request.caller.name, request.idempotency_key, fingerprint, task_id)


def _source(received: Received | None, options: Options) -> str:
    """What is transcribed: by its content, its address, or the task that had it, which names it even when it
    is gone. Raises FileMissing, MalformedUpload."""
    if received is not None and options.url is not None:
        raise MalformedUpload("The request holds a file and a `url`; send one of them.")
    if received is not None:
        return received.digest
    if options.url is not None:
        return options.url
    if options.again_of is not None:
        return f"{AGAIN}={options.again_of}"
    raise FileMissing(
        f"The request holds no file; send the recording in the form field `{FILE_FIELD}`, or its address in "
        "`url`."
    )
