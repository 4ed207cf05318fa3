"""The yardstick: FastAPI and one GET of Redis, and nothing else (`uvicorn benchmark.polls.bare:app`)."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict, cast

from fastapi import FastAPI, Request, Response
from redis.asyncio import Redis


class State(TypedDict):
    """What every request finds in `request.state`."""

    client: Redis


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    """One client for all."""
    client = Redis(host="127.0.0.1", port=int(os.environ["REDIS_PORT"]), max_connections=1000)
    yield {"client": client}
    await client.aclose()


app = FastAPI(lifespan=lifespan)


@app.get("/transcribe/{task_id}")
async def read(task_id: str, request: Request) -> Response:
    """The value as it lies in Redis."""
    stored = cast(bytes | None, await request.state.client.get(f"bare:{task_id}"))
    return Response(stored or b"{}", media_type="application/json")
