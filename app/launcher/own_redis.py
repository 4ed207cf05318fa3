"""The Redis that `make run` keeps in DATA_DIR: its port, its program, never two servers on one folder."""

import contextlib
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.core.config import Settings
from app.launcher.checks import LaunchError
from app.launcher.redis_programs import ServerProgram, ServerVersion, choose_program
from app.launcher.redis_server import RedisServer, free_port, port_is_free
from app.queue.local_server import read_note, server_folder, serves, write_note

SHUTDOWN_SECONDS = 30.0


class OwnRedis:
    """One server with its data in DATA_DIR/redis; the port and the program are remembered there."""

    def __init__(self, settings: Settings) -> None:
        self._folder = server_folder(settings)
        self._wanted_port = settings.redis_port
        self._server: RedisServer | None = None
        self._program: ServerProgram | None = None

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
        if self._server is None or self._program is None:
            self._program = choose_program(self._folder)
            self._server = RedisServer(self._folder, self._choose_port(), program=self._program.path)
        self._server.start()
        write_note(self._folder, self._program.note(self._server.port))
        assert self._server.pid is not None
        return self._server.pid

    @property
    def version(self) -> ServerVersion | None:
        """Which server it is, once it was started."""
        return self._program.version if self._program else None

    def stop(self) -> None:
        """Stop the server, its data written."""
        if self._server is not None:
            self._server.stop()

    def stop_orphan(self) -> bool:
        """Stop the server of an earlier run that was killed; whether there was one. Raises LaunchError."""
        port = self._remembered_port()
        if port is None or not serves(port, self._folder):
            return False
        client = redis.Redis(port=port, socket_timeout=SHUTDOWN_SECONDS, retry=Retry(NoBackoff(), 0))
        with contextlib.closing(client), contextlib.suppress(redis.RedisError):
            client.shutdown()
        deadline = time.monotonic() + SHUTDOWN_SECONDS
        while serves(port, self._folder):
            if time.monotonic() > deadline:
                raise LaunchError(
                    f"A Redis of an earlier run on port {port} still uses {self._folder} and does not stop: "
                    f"end it with `redis-cli -p {port} shutdown` or kill, and run the same command again."
                )
            time.sleep(0.1)
        return True

    def _remembered_port(self) -> int | None:
        note = read_note(self._folder)
        return note.port if note else None

    def _choose_port(self) -> int:
        for port in (self._wanted_port, self._remembered_port()):
            if port is not None and port_is_free("127.0.0.1", port):
                return port
        return free_port()
