"""The Redis that `make run` keeps in DATA_DIR: which port it gets, and never two servers on one folder."""

import contextlib
import json
import time
from pathlib import Path
from typing import cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.config import Settings
from app.launcher.checks import LaunchError
from app.launcher.redis_server import RedisServer, free_port, port_is_free

SHUTDOWN_SECONDS = 30.0


class OwnRedis:
    """One server with its data in DATA_DIR/redis; the port is remembered there."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir.absolute() / "redis"
        self._wanted_port = settings.redis_port
        self._server: RedisServer | None = None

    @property
    def port(self) -> int | None:
        """Port of the server once it was started."""
        return self._server.port if self._server else None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._server.pid if self._server else None

    def start(self) -> int:
        """Start the server, or start it again on the same port; its process id. Raises RedisStartError."""
        if self._server is None:
            self._server = RedisServer(self._folder, self._choose_port())
        self._server.start()
        self._port_file.write_text(json.dumps({"port": self._server.port}))
        assert self._server.pid is not None
        return self._server.pid

    def stop(self) -> None:
        """Stop the server, its data written."""
        if self._server is not None:
            self._server.stop()

    def stop_orphan(self) -> bool:
        """Stop the server of an earlier run that was killed; whether there was one. Raises LaunchError."""
        port = self._remembered_port()
        if port is None or not _serves(port, self._folder):
            return False
        client = redis.Redis(port=port, socket_timeout=SHUTDOWN_SECONDS, retry=Retry(NoBackoff(), 0))
        with contextlib.closing(client), contextlib.suppress(redis.RedisError):
            client.shutdown()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while _serves(port, self._folder):
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"A Redis of an earlier run on port {port} still uses {self._folder} and does not stop: "
                    f"end it with `redis-cli -p {port} shutdown` or kill, and run the same command again."
                )
            time.sleep(0.1)
        return True

    @property
    def _port_file(self) -> Path:
        return self._folder / "server.json"

    def _remembered_port(self) -> int | None:
        try:
            return int(json.loads(self._port_file.read_text())["port"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _choose_port(self) -> int:
        for port in (self._wanted_port, self._remembered_port()):
            if port is not None and port_is_free("127.0.0.1", port):
                return port
        return free_port()


def _serves(port: int, folder: Path) -> bool:
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
