"""Recordings in answers, from wherever they lie; players ask for parts of them."""

import os
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, cast

import anyio
from anyio import AsyncFile, to_thread
from starlette.responses import FileResponse, RedirectResponse, Response

from app.core.recording_path import RecordingPath
from app.services.task_service import TaskService

CHUNK_BYTES = 512 * 1024
"""Sent at a time of what comes from a bucket."""


async def recording_of(
    path: RecordingPath, caching: str, tasks: TaskService, *, redirects: bool = False
) -> Response:
    """The recording, which may be of any kind: nothing in it runs. With `redirects`, where it can be had in
    the bucket itself, a link to it."""
    headers = {"Cache-Control": caching, "Content-Security-Policy": "sandbox; default-src 'none'"}
    if isinstance(path, Path):
        return FileResponse(path, headers=headers, content_disposition_type="inline")
    link = await tasks.link(path) if redirects else None
    if link is not None:
        return RedirectResponse(link, 307, headers={"Cache-Control": "no-store"})
    return await to_thread.run_sync(ObjectResponse, path, headers)


class ObjectResponse(FileResponse):
    """The same for a recording that is no file here."""

    chunk_size = CHUNK_BYTES

    def __init__(self, path: RecordingPath, headers: Mapping[str, str]) -> None:
        with path.open("rb", 0) as file:
            size = file.seek(0, os.SEEK_END)
        # a recording never changes: a time that is always the same tells as much as its own
        found = os.stat_result((stat.S_IFREG, 0, 0, 1, 0, 0, size, 0, 0, 0))
        super().__init__(path.name, headers=headers, stat_result=found, content_disposition_type="inline")
        self._recording = path

    @asynccontextmanager
    async def _open_file(self) -> "AsyncIterator[AsyncFile[bytes]]":
        file = await to_thread.run_sync(self._recording.open, "rb", 0)
        try:
            yield anyio.wrap_file(cast("IO[bytes]", file))
        finally:
            file.close()
