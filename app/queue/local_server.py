"""The Redis that `make run` keeps in DATA_DIR: the note beside its data, and how it is reached."""

import asyncio
from pathlib import Path
from typing import cast

import redis
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from app.core.config import Settings
from app.queue.clients import command_client

PING_SECONDS = 5.0
_REDIS_FIELDS = {"redis_host", "redis_url", "redis_sentinels"}


class ServerNote(BaseModel):
    """`server.json` beside the data: the port, and the program that wrote them last.

    `kind` is `redis` or `valkey`; notes of before have the port alone.
    """

    model_config = ConfigDict(frozen=True)

    port: int
    kind: str | None = None
    version: str | None = None
    path: Path | None = None


def server_folder(settings: Settings) -> Path:
    """Where the server has its data."""
    return settings.data_dir.absolute() / "redis"


def read_note(folder: Path) -> ServerNote | None:
    """The note in a server's folder; None where there is none that can be read."""
    try:
        return ServerNote.model_validate_json(_note_path(folder).read_bytes())
    except (OSError, ValidationError):
        return None


def write_note(folder: Path, note: ServerNote) -> None:
    """Replace the note."""
    _note_path(folder).write_text(note.model_dump_json(exclude_none=True))


def own_redis_url(port: int, settings: Settings) -> str:
    """Address of such a server."""
    return f"redis://127.0.0.1:{port}/{settings.redis_db}"


def names_redis(settings: Settings) -> bool:
    """Whether the user has said where Redis is."""
    return bool(_REDIS_FIELDS & settings.model_fields_set)


def redis_answers(settings: Settings) -> bool:
    """Whether the Redis of the settings answers now."""
    return asyncio.run(_ping(settings))


def with_own_redis(settings: Settings) -> Settings:
    """The settings, for the Redis that `make run` in this folder uses now.

    That is its own where one runs, unless the settings name another, which answers: as `make run` has it.
    """
    folder = server_folder(settings)
    note = read_note(folder)
    if note is None or not serves(note.port, folder):
        return settings
    if names_redis(settings) and redis_answers(settings):
        return settings
    url = SecretStr(own_redis_url(note.port, settings))
    return settings.model_copy(update={"redis_url": url, "redis_sentinels": ()})


def serves(port: int, folder: Path) -> bool:
    """Whether the server on `port` keeps its data in `folder` (a server that is loading tells that too)."""
    client = redis.Redis(port=port, socket_timeout=5, decode_responses=True, retry=Retry(NoBackoff(), 0))
    try:
        told = cast(dict[str, str], client.config_get("dir"))
    except redis.TimeoutError:
        return True  # too busy to answer: rather ours than two servers on one file
    except redis.RedisError:
        return False
    finally:
        client.close()
    return Path(told.get("dir", "")).resolve() == folder.resolve()


def _note_path(folder: Path) -> Path:
    return folder / "server.json"


async def _ping(settings: Settings) -> bool:
    client = command_client(settings)
    try:
        async with asyncio.timeout(PING_SECONDS):
            return bool(await client.ping())
    except (RedisError, OSError, TimeoutError):
        return False
    finally:
        await client.aclose()
