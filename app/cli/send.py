"""`transcriber send`: recordings to transcripts."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.cli import inputs
from app.cli.batch import Batch, Plan, Summary
from app.cli.connection import (
    FAILED,
    INTERRUPTED,
    UNREACHABLE,
    Connection,
    check_task_id,
    complain,
    connection_of,
    print_text,
)
from app.cli.display import Display
from app.cli.outputs import Job, planned_jobs
from app.client import SubmitOptions, TranscriptFormat
from app.client.calls import repeatable
from app.schemas.task import ChannelMode, Priority, TaskKind, TrackChoice


def send(
    context: typer.Context,
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Files, globs, folders (with --recursive), or - for standard input."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model, such as small or turbo.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Language spoken, by its code or name, such as ru or German.")
    ] = None,
    languages: Annotated[
        str | None, typer.Option(help="Languages that it may be, such as de,en: only these are detected.")
    ] = None,
    task: Annotated[TaskKind | None, typer.Option(help="Write what is said, or that in English.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Text that is taken for what was said before.")] = None,
    hotwords: Annotated[str | None, typer.Option(help="Words that are likely to be said.")] = None,
    word_timestamps: Annotated[
        bool, typer.Option("--word-timestamps", help="Tell when each word is said (in json).")
    ] = False,
    trim: Annotated[float | None, typer.Option(help="Only the first so many seconds.")] = None,
    track: Annotated[
        str | None, typer.Option(help="Number of the audio track, auto (the first with speech) or mix.")
    ] = None,
    channels: Annotated[
        ChannelMode | None,
        typer.Option(help="One transcript of all channels, one of each (split), or that of a call (auto)."),
    ] = None,
    diarize: Annotated[bool, typer.Option("--diarize", help="Tell who says what.")] = False,
    speakers: Annotated[
        str | None, typer.Option(help="How many people speak, such as 3 or 2-5; implies --diarize.")
    ] = None,
    priority: Annotated[Priority | None, typer.Option(help="Which of the two queues to wait in.")] = None,
    again_of: Annotated[
        str | None,
        typer.Option(
            metavar="TASK_ID",
            help="Make another version of this earlier task: of its recording, while the service keeps that, "
            "or of one file.",
        ),
    ] = None,
    formats: Annotated[
        list[TranscriptFormat] | None,
        typer.Option("--format", help="Form, text by default; may be repeated."),
    ] = None,
    output_dir: Annotated[
        Path | None, typer.Option(help="Folder for the transcripts; several files without it: beside each.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive", help="Take the recordings in folders.")] = False,
    name: Annotated[str | None, typer.Option(help="File name of standard input.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Files in work at a time.")] = 4,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only send, and print the task ids.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do files again that are done.")] = False,
) -> None:
    """Transcribe recordings.

    The transcript of one file goes to stdout, those of several into files.

    A file whose transcript is there is skipped; an interrupted command goes on when it is given again.

    With --again-of and no file, nothing is sent: the service transcribes what it has, with --model and the
    other options as they are given now.
    """
    forms = formats or [TranscriptFormat.TEXT]
    options = SubmitOptions(
        model=model,
        language=language,
        languages=languages.split(",") if languages else None,
        task=task,
        prompt=prompt,
        hotwords=hotwords,
        word_timestamps=word_timestamps or None,
        trim=trim,
        track=_track(track),
        channels=channels,
        diarize=diarize or None,
        speakers=speakers,
        priority=priority,
        again_of=None if again_of is None else check_task_id(again_of),
    )
    try:
        recordings = inputs.wanted(files or [], again_of, recursive=recursive, name=name)
        planned = planned_jobs(recordings, forms, output_dir)
    except inputs.InputError as error:
        raise typer.BadParameter(str(error)) from error
    with ExitStack() as stack:
        piped = None
        if any(job.recording.piped for job in planned):
            piped = stack.enter_context(repeatable(inputs.standard_input()))
        plan = Plan(options, forms[0], not no_wait, overwrite, jobs, piped)
        _carry_out(connection_of(context), planned, plan)


def _track(text: str | None) -> int | TrackChoice | None:
    """The number of a track, or a choice. Raises typer.BadParameter."""
    if text is None:
        return None
    try:
        return int(text) if text.isdecimal() else TrackChoice(text.lower())
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no track: give its number, auto or mix.", param_hint="--track"
        ) from error


def _carry_out(connection: Connection, jobs: list[Job], plan: Plan) -> None:
    """Do the jobs and end the program as they did."""
    summary = Summary()
    try:
        asyncio.run(_run(connection, jobs, plan, summary))
    except KeyboardInterrupt:
        complain("Interrupted.")
        _tell_what_goes_on(summary, jobs)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for text in summary.printed:
            print_text(text)
    if summary.unreachable is not None:
        complain(str(summary.unreachable))
        _tell_what_goes_on(summary, jobs)
        raise typer.Exit(UNREACHABLE)
    if len(jobs) > 1:
        complain(f"{summary.done} done, {summary.skipped} skipped, {summary.failed} failed.")
    if summary.failed:
        raise typer.Exit(FAILED)


async def _run(connection: Connection, jobs: list[Job], plan: Plan, summary: Summary) -> None:
    with Display(len(jobs)) as display:
        async with connection.async_client(display.say) as client:
            await Batch(client, display, plan, summary).run(jobs)


def _tell_what_goes_on(summary: Summary, jobs: list[Job]) -> None:
    """Tasks that were sent are finished without us: how to come by what they give."""
    remembered = {job.recording.name for job in jobs if job.folder is not None and job.recording.path}
    for name, task_id in summary.running.items():
        if name not in remembered:
            complain(f"{name} is task {task_id}; follow it with: transcriber watch {task_id}")
    if remembered:
        complain("What was sent goes on; the same command takes it up again and sends the rest.")
