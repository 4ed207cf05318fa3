"""The operator's view of the queue: `python -m app.queue --help`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from app.core.errors import ServiceError
from app.core.startup import read_settings
from app.queue.admin import Admin, DeadLetter
from app.queue.clients import command_client
from app.queue.local_server import with_own_redis
from app.queue.outcomes import ReviveOutcome
from app.schemas.operations import WorkerTroubles

cli = typer.Typer(no_args_is_help=True, help="Look at the queue and repair it.")
dead = typer.Typer(no_args_is_help=True, help="Dead letters: tasks that were given up.")
cli.add_typer(dead, name="dead")
console = Console()

T = TypeVar("T")
Reference = Annotated[str, typer.Argument(help="Task id, or the reference that `dead list` shows.")]


def _ask(question: Callable[[Admin], Awaitable[T]]) -> T:
    """Ask the Redis of this folder's `make run`, or that of the settings.

    A ServiceError ends the program with its sentence.
    """

    settings = with_own_redis(read_settings())

    async def ask() -> T:
        client = command_client(settings)
        try:
            return await question(Admin(client, settings))
        finally:
            await client.aclose()

    try:
        return asyncio.run(ask())
    except ServiceError as error:
        console.print(f"[red]{error.detail}[/]")
        raise typer.Exit(1) from error


@cli.command()
def overview() -> None:
    """How many tasks wait, for how long, and how many were given up."""
    queue = _ask(lambda admin: admin.overview())
    table = Table("waiting", "of these urgent", "to be retried", "dead letters", "oldest waits")
    oldest = "-" if queue.oldest_seconds is None else f"{queue.oldest_seconds:.0f} s"
    table.add_row(
        *(str(n) for n in (queue.waiting + queue.high, queue.high, queue.delayed, queue.dead)), oldest
    )
    console.print(table)


@cli.command()
def workers() -> None:
    """All workers, the rest of their lease, the tasks that each holds, and what it cannot use."""
    table = Table("worker", "lease", "holds", "cannot use")
    for worker in _ask(lambda admin: admin.workers()):
        seconds = worker.lease_seconds_left
        lease = f"{seconds:.0f} s" if seconds > 0 else f"[red]lost for {-seconds:.0f} s[/]"
        table.add_row(worker.worker_id, lease, "\n".join(worker.task_ids) or "-", _words(worker.troubles))
    console.print(table)


def _words(troubles: WorkerTroubles) -> str:
    return "\n".join(view.message for view in troubles.views) or "-"


@cli.command()
def audit(
    requeue: Annotated[bool, typer.Option(help="Queue the tasks that were found anew.")] = False,
) -> None:
    """Tasks that should wait or run but lie in no list, e.g. taken by a foreign worker that died."""
    lost = _ask(lambda admin: admin.audit())
    for task_id in lost:
        console.print(task_id)
        if requeue:
            _requeue(task_id)
    console.print(f"{len(lost)} task(s) are nowhere." if lost else "Every task is where it should be.")


@dead.command("list")
def list_letters(limit: Annotated[int, typer.Option(min=1, help="Newest letters to show.")] = 100) -> None:
    """The newest dead letters."""
    table = Table("task", "attempts", "code", "why")
    for letter in _ask(lambda admin: admin.dead_letters(limit)):
        code, message = (letter.failure.code, letter.failure.message) if letter.failure else ("-", "-")
        table.add_row(letter.reference, str(letter.attempts), code, message)
    console.print(table)


@dead.command()
def show(reference: Reference) -> None:
    """One dead letter, whole."""
    console.print(_letter(reference))


@dead.command()
def requeue(reference: Reference) -> None:
    """Queue a dead letter anew, with all its attempts."""
    _requeue(reference)


@dead.command()
def drop(reference: Reference) -> None:
    """Remove a dead letter; its recording is removed when its task expires."""
    _letter(reference)
    _ask(lambda admin: admin.drop(reference))
    console.print(f"{reference} dropped.")


def _letter(reference: str) -> DeadLetter:
    letter = _ask(lambda admin: admin.dead_letter(reference))
    if letter is None:
        console.print(f"[red]There is no dead letter {reference}.[/]")
        raise typer.Exit(1)
    return letter


def _requeue(reference: str) -> None:
    outcome = _ask(lambda admin: admin.requeue(reference))
    if outcome is not ReviveOutcome.REVIVED:
        why = "there is no such task" if outcome is None else f"it is {outcome.value.lower()}"
        console.print(f"[red]{reference} is not queued: {why}.[/]")
        raise typer.Exit(1)
    console.print(f"{reference} queued.")


if __name__ == "__main__":
    cli()
