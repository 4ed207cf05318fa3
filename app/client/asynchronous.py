"""The client for asynchronous programs: `Client` with `await`."""

from collections.abc import AsyncIterator, Callable, Sequence
from types import TracebackType
from typing import BinaryIO, Self, TypeVar, Unpack

import anyio
import httpx2
from pydantic import BaseModel
from tenacity import AsyncRetrying

from app.client import calls
from app.client.answers import model_of, problem_of, translated
from app.client.calls import Call, Source, http_settings, opened
from app.client.errors import ClientError, ServiceProblem, ServiceUnreachable
from app.client.following import LARGEST_EVENT_BYTES, Feed, Waiting
from app.client.models import ModelList, SearchOptions, SubmitOptions, Submitted
from app.client.retries import RetryPolicy
from app.client.transfer import Resume, Transfer, is_long
from app.schemas.event import TaskEvent
from app.schemas.form import TranscriptFormat
from app.schemas.library import Details, SearchPage
from app.schemas.task import TaskPage, TaskState, TaskStatus

Model = TypeVar("Model", bound=BaseModel)


class AsyncClient:
    """Talks to one service. Every method raises ClientError; `timeout` is the longest silence in seconds."""

    def __init__(
        self,
        base_url: str = "http://127.0.0.1:8000",
        api_key: str | None = None,
        timeout: float = 60.0,
        policy: RetryPolicy | None = None,
    ) -> None:
        self._policy = policy or RetryPolicy()
        self._timeout = timeout
        self._http = httpx2.AsyncClient(**http_settings(base_url, api_key))
        self._retrying = AsyncRetrying(**self._policy.settings())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def submit(
        self,
        source: Source | None = None,
        *,
        url: str | None = None,
        filename: str | None = None,
        idempotency_key: str | None = None,
        resume: Resume | None = None,
        **options: Unpack[SubmitOptions],
    ) -> Submitted:
        """Send a recording (a path, or a file object, read from its start), the address of one, or the id of
        the task that had it (`again_of`).

        A long one goes in pieces, and where the line breaks it goes on from there. The disk is read on the
        event loop, in small pieces; a pipe is read to its end before it is sent.
        """
        resume = resume or Resume()
        with opened(source, filename) as upload:
            try:
                return await self._submit(upload, url, idempotency_key, options, resume)
            except ServiceProblem as problem:
                if problem.code != "upload_not_found":
                    raise
                # What had come has expired, or its task was deleted: all of it once more.
                anew = Resume(on_begin=resume.on_begin)
                return await self._submit(upload, url, idempotency_key, options, anew)

    async def _submit(
        self,
        upload: tuple[str, BinaryIO] | None,
        url: str | None,
        idempotency_key: str | None,
        options: SubmitOptions,
        resume: Resume,
    ) -> Submitted:
        upload_id = None if upload is None else await self._in_pieces(*upload, resume)
        return await self._ask(calls.submit(upload, url, idempotency_key, options, upload_id), Submitted)

    async def _in_pieces(self, name: str, file: BinaryIO, resume: Resume) -> str | None:
        """The id under which the service then has the recording; None where it is to be sent at once."""
        if not is_long(file):
            return None
        transfer = Transfer(name, file, self._policy, resume)
        while not transfer.done:
            try:
                transfer.heard(await self._send_once(transfer.call()))
            except ClientError as error:
                await anyio.sleep(transfer.failed(error))
        return transfer.ended()

    async def state(self, task_id: str, wait: float | None = None) -> TaskState:
        """What became of a task; the service answers after `wait` seconds, or as soon as it has ended."""
        return await self._ask(calls.state(task_id, wait), TaskState)

    async def wait(
        self,
        task_id: str,
        timeout: float | None = None,  # noqa: ASYNC109 - as in `Client`
        on_progress: Callable[[TaskState], None] | None = None,
    ) -> TaskState:
        """Wait until a task is done. Raises TaskFailed, and TimeoutError after `timeout` seconds."""
        waiting = Waiting(task_id, timeout, on_progress)
        while True:
            state = await self.state(task_id, waiting.seconds())
            if waiting.over(state):
                return state
            await anyio.sleep(waiting.pause())

    async def transcript(self, task_id: str, form: TranscriptFormat = TranscriptFormat.TEXT) -> str:
        """The transcript of a task that is done, in a form that is text: any but DOCX."""
        return (await self._send(calls.transcript(task_id, form))).text

    async def transcript_file(self, task_id: str, form: TranscriptFormat) -> bytes:
        """The transcript of a task that is done, as a file of any form."""
        return (await self._send(calls.transcript(task_id, form))).content

    async def tasks(
        self, status: TaskStatus | None = None, limit: int | None = None
    ) -> AsyncIterator[TaskPage]:
        """All tasks, newest first, in pages of at most `limit`."""
        cursor = None
        while True:
            page = await self._ask(calls.tasks(status, limit, cursor), TaskPage)
            yield page
            if (cursor := page.next_cursor) is None:
                return

    async def search(
        self, question: str = "", limit: int | None = None, **options: Unpack[SearchOptions]
    ) -> AsyncIterator[SearchPage]:
        """Archived transcripts in which all words are said, newest first, in pages of at most `limit`."""
        cursor = None
        while True:
            page = await self._ask(calls.search(question, options, limit, cursor), SearchPage)
            yield page
            if (cursor := page.next_cursor) is None:
                return

    async def describe(
        self, task_id: str, title: str | None = None, tags: Sequence[str] | None = None
    ) -> Details:
        """Change title and tags of an archived transcript. None leaves one as it is, an empty title brings
        the file's name back."""
        return await self._ask(calls.describe(task_id, title, tags), Details)

    async def events(self, task_id: str) -> AsyncIterator[TaskEvent]:
        """What happens to a task until it has ended, over broken connections too."""
        feed = Feed(task_id, self._policy)
        while True:
            broken = None
            response = await self._send(feed.call())
            try:
                with translated(self._http.base_url):
                    async for sse in httpx2.EventSource(response, LARGEST_EVENT_BYTES):
                        if (event := feed.read(sse)) is not None:
                            yield event
                        if feed.ended:
                            return
            except ServiceUnreachable as error:
                broken = error
            finally:
                await response.aclose()
            await anyio.sleep(feed.pause(broken))

    async def delete(self, task_id: str) -> None:
        """Cancel a task that runs, and remove all that is left of it."""
        await self._send(calls.delete(task_id))

    async def models(self) -> tuple[str, ...]:
        """Names of the models that the service offers."""
        return tuple(model.id for model in (await self._ask(calls.models(), ModelList)).data)

    async def _ask(self, call: Call, model: type[Model]) -> Model:
        return model_of(await self._send(call), model)

    async def _send(self, call: Call) -> httpx2.Response:
        return await self._retrying(self._send_once, call)

    async def _send_once(self, call: Call) -> httpx2.Response:
        with translated(self._http.base_url):
            request = self._http.build_request(**call.arguments(self._timeout))
            response = await self._http.send(request, stream=call.stream)
            if not response.is_success:
                await response.aread()
        if (problem := problem_of(response)) is not None:
            raise problem
        return response
