"""Settings of a service that a benchmark starts for itself: none of them is that of a service in use."""

import os
from pathlib import Path
from typing import Any

from app.core.config import Settings
from app.launcher.plan import NO_OTHER_REDIS
from app.queue.local_server import own_redis_url

_PLACES = ("REDIS_URL", "STORAGE_URL", "STORAGE_ENDPOINT", "STORAGE_PUBLIC_ENDPOINT", "DATABASE_URL")

NO_OTHER_PLACES = NO_OTHER_REDIS | dict.fromkeys(_PLACES, " ")
"""Takes back what `.env` says of such places; an empty value would let its line through."""


def own_settings(redis_port: int, folder: Path, **values: Any) -> Settings:
    """Settings that lead to a benchmark's own Redis on this machine, and to folders in its folder.

    What `values` do not name has its default, whatever the environment and `.env` say: a benchmark writes
    nothing into a queue, a bucket or a database that is in use.
    """
    defaults = {name: setting.get_default() for name, setting in Settings.model_fields.items()}
    places = {
        "redis_host": "127.0.0.1",
        "redis_port": redis_port,
        "upload_dir": folder / "shared_audio",
        "log_dir": folder / "logs",
        "data_dir": folder / "data",
    }
    return Settings(_env_file=None, **(defaults | places | values))


def own_environment(settings: Settings) -> dict[str, str]:
    """The environment of an API or a worker on the Redis and in the folders of `settings`.

    The rest is as the environment and `.env` say: which device and which weights are measured is up to them.
    """
    own = {
        **NO_OTHER_PLACES,
        "REDIS_URL": own_redis_url(settings.redis_port, settings),
        "REDIS_PORT": str(settings.redis_port),
        "REDIS_QUEUE_NAME": settings.redis_queue_name,
        "REDIS_RESULTS_PREFIX": settings.redis_results_prefix,
        "UPLOAD_DIR": str(settings.upload_dir),
        "LOG_DIR": str(settings.log_dir),
        "DATA_DIR": str(settings.data_dir),
    }
    if settings.database_url is not None:
        own["DATABASE_URL"] = settings.database_url.get_secret_value()
    # Names of settings have no case: `redis_url` would be a second value for REDIS_URL.
    return {name: value for name, value in os.environ.items() if name.upper() not in own} | own
