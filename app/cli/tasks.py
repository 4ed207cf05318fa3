"""Commands about tasks that are at the service: `status`, `watch`, `list`, `cancel`, `models`."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.connection import (
    FAILED,
    asking,
    check_task_id,
    complain,
    print_text,
)
from app.cli.display import Display
from app.client import (
    Client,
    EventKind,
    ServiceProblem,
    TaskEvent,
    TaskSummary,
    TranscriptFormat,
)
from app.client.following import failure_of
from app.core.wording import clock
from app.schemas.task import TaskState, TaskStatus

TaskId = Annotated[str, typer.Argument(help="Task id.", callback=check_task_id)]
Form = Annotated[TranscriptFormat, typer.Option("--format", help="Form of the transcript.")]

COLUMNS = ("task", "status", "file", "model", "created", "length")


def status(
    context: typer.Context,
    task_id: TaskId,
    as_json: Annotated[bool, typer.Option("--json", help="All that is known, for programs.")] = False,
) -> None:
    """What became of a task."""
    with asking(context) as client:
        state = client.state(task_id)
    if as_json:
        typer.echo(state.model_dump_json(indent=2, exclude_none=True))
        return
    for name, value in _lines(state):
        typer.echo(f"{name:<18} {value}")


def watch(context: typer.Context, task_id: TaskId, form: Form = TranscriptFormat.TEXT) -> None:
    """Follow a task; its text so far goes to stderr, the finished transcript to stdout."""
    with asking(context) as client:
        with Display(1) as display, display.row(task_id) as row:
            for event in client.events(task_id):
                _show(event, display)
                if event.state is not None:
                    row.state(event.state)
        fetch = client.transcript if form.is_text else client.transcript_file
        print_text(fetch(task_id, form))


def list_tasks(
    context: typer.Context,
    status: Annotated[TaskStatus | None, typer.Option(help="Only tasks of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Newest tasks to show.")] = 100,
) -> None:
    """The newest tasks: a table, or lines with tabs where no terminal reads them."""
    with asking(context) as client:
        rows = [_row(task) for task in _newest(client, status, limit)]
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(row))
        return
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def cancel(context: typer.Context, task_ids: Annotated[list[str], typer.Argument(help="Task ids.")]) -> None:
    """Cancel tasks, and remove all that is left of them."""
    for task_id in task_ids:
        check_task_id(task_id)
    failed = False
    with asking(context) as client:
        for task_id in task_ids:
            try:
                client.delete(task_id)
            except ServiceProblem as problem:
                failed = True
                complain(f"{task_id}: {problem}")
    if failed:
        raise typer.Exit(FAILED)


def models(context: typer.Context) -> None:
    """Models that the service offers."""
    with asking(context) as client:
        for name in client.models():
            typer.echo(name)


def _show(event: TaskEvent, display: Display) -> None:
    """Raises TaskFailed."""
    if event.window is not None and event.window.text.strip():
        display.say(f"[{clock(event.window.start)}] {event.window.text.strip()}")
    if event.kind is EventKind.ERROR and event.state is not None:
        raise failure_of(event.state)


def _lines(state: TaskState) -> Iterator[tuple[str, object]]:
    known = state.model_dump(mode="json", exclude_none=True, exclude={"result", "error"})
    if "progress" in known:
        known["progress"] = f"{known['progress']:.0%}"
    yield from known.items()
    if state.error is not None:
        yield "error", f"{state.error.message} ({state.error.code})"
    if state.result is not None:
        yield "text", str(state.result.get("text", "")).strip()


def _newest(client: Client, status: TaskStatus | None, limit: int) -> Iterator[TaskSummary]:
    for page in client.tasks(status, min(limit, 100)):
        yield from page.tasks[:limit]
        limit -= len(page.tasks)
        if limit <= 0:
            return


def _row(task: TaskSummary) -> tuple[str, ...]:
    created = "" if task.created_at is None else f"{datetime.fromtimestamp(task.created_at):%Y-%m-%d %H:%M}"
    length = "" if task.duration is None else clock(task.duration)
    return task.task_id, task.status, task.filename or "", task.model or "", created, length
