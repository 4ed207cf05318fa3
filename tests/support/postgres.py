"""A real PostgreSQL server of a test run, which is gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from pathlib import Path

import psutil
import psycopg

from app.launcher.redis_server import free_port
from scripts.postgres import postgres_folder
from tests.support.serving import until

QUICK = ("fsync=off", "full_page_writes=off", "max_connections=200", "unix_socket_directories=")
"""The server outlives the processes that the tests kill: it need not survive a power cut."""


class PostgresServer:
    """One server on 127.0.0.1, whose user `postgres` needs no password."""

    def __init__(self) -> None:
        # Not pytest's folder: that is root's alone, and the server runs as nobody who is root.
        self._folder = Path(tempfile.mkdtemp(prefix="postgres-"))
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        command = ("initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        subprocess.run(self._of_program(*command), check=True, user=self._user, capture_output=True, cwd="/")

    def start(self) -> None:
        """Until it answers."""
        options = [part for each in QUICK for part in ("-c", each)]
        command = self._of_program("postgres", "-D", self._data, "-h", "127.0.0.1", "-p", str(self.port))
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *options], user=self._user, stdout=log, stderr=log, cwd="/"
            )
        until(self._answers)

    def kill(self) -> None:
        """SIGKILL of the server process, whose children end when they see that; until the last one has."""
        assert self._process is not None
        children = psutil.Process(self._process.pid).children()
        self._process.kill()
        self._process.wait()
        until(lambda: not any(map(_lives, children)))

    def stop(self) -> None:
        """At once, like `pg_ctl stop -m immediate`: who is connected is cut off."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()

    def remove(self) -> None:
        """Stop it, and remove its data."""
        self.stop()
        shutil.rmtree(self._folder)

    def new_database(self) -> str:
        """Address of an empty database."""
        name = f"d{uuid.uuid4().hex}"
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return self._address(name)

    def _address(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    @staticmethod
    def _of_program(name: str, *arguments: str) -> list[str]:
        return [str(postgres_folder() / name), *arguments]


def _lives(process: psutil.Process) -> bool:
    """A zombie does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
