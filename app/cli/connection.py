"""Which service the commands talk to, and how they end.

Exit status: 0 all went well, 1 something failed and was named on stderr, 2 wrong usage, 3 the service is
unreachable, 130 interrupted.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import typer

from app.client import AsyncClient, Client, ClientError, RetryPolicy, ServiceUnreachable
from app.client.calls import http_settings, task_path

DEFAULT_URL = "http://127.0.0.1:8000"
FAILED, UNREACHABLE, INTERRUPTED = 1, 3, 130


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the service."""

    url: str
    api_key: str | None
    retries: int

    @classmethod
    def checked(cls, url: str, api_key: str | None, retries: int) -> "Connection":
        """Raises BadParameter where `url` is no address or `api_key` no key."""
        try:
            http_settings(url, api_key)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error
        return cls(url, api_key, retries)

    def client(self) -> Client:
        """A client that says on stderr when it tries again."""
        return Client(self.url, self.api_key, policy=self._policy(complain))

    def async_client(self, say: Callable[[str], None]) -> AsyncClient:
        """A client that tells `say` when it tries again."""
        return AsyncClient(self.url, self.api_key, policy=self._policy(say))

    def _policy(self, say: Callable[[str], None]) -> RetryPolicy:
        return RetryPolicy(
            self.retries,
            on_retry=lambda error, seconds: say(f"{error} Trying again in {seconds:.1f} s."),
        )


def connection_of(context: typer.Context) -> Connection:
    """What the options before the command say."""
    connection = context.obj
    assert isinstance(connection, Connection)
    return connection


@contextmanager
def asking(context: typer.Context) -> Iterator[Client]:
    """A client for the block; an expected error ends the program with its sentence."""
    try:
        with connection_of(context).client() as client:
            yield client
    except ClientError as error:
        complain(str(error))
        raise typer.Exit(UNREACHABLE if isinstance(error, ServiceUnreachable) else FAILED) from error


def check_task_id(task_id: str) -> str:
    """A task id as it was given. Raises BadParameter where it cannot be one."""
    try:
        task_path(task_id)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return task_id


def complain(sentence: str) -> None:
    """Tell the person, apart from what is asked for."""
    typer.echo(sentence, err=True)


def print_text(text: str | bytes) -> None:
    """Write what was asked for to stdout, its last line ended; bytes as they are."""
    if isinstance(text, bytes):
        typer.echo(text, nl=False)
    else:
        typer.echo(text, nl=not text.endswith("\n"))
