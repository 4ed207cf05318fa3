"""`transcriber`, or `python -m app.cli`: the service from the command line."""

from typing import Annotated

import typer

from app.cli import admin, library, send, tasks
from app.cli.connection import DEFAULT_URL, Connection

cli = typer.Typer(
    no_args_is_help=True,
    help="Send recordings to a transcription service, and look after the service.",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cli.callback()
def connect(
    context: typer.Context,
    url: Annotated[str, typer.Option(envvar="TRANSCRIBER_URL", help="Address of the service.")] = DEFAULT_URL,
    api_key: Annotated[
        str | None, typer.Option(envvar="TRANSCRIBER_API_KEY", help="Key, where the service wants one.")
    ] = None,
    retries: Annotated[
        int,
        typer.Option(envvar="TRANSCRIBER_RETRIES", min=0, help="Tries after one that the service missed."),
    ] = 5,
) -> None:
    """Options that come before the command."""
    context.obj = Connection.checked(url, api_key, retries)


cli.command("send")(send.send)
cli.command("status")(tasks.status)
cli.command("watch")(tasks.watch)
cli.command("list")(tasks.list_tasks)
cli.command("search")(library.search)
cli.command("cancel")(tasks.cancel)
cli.command("models")(tasks.models)
cli.command("key")(admin.key)
cli.command("serve", context_settings=admin.PASS_ON)(admin.serve)
cli.command("queue", context_settings=admin.PASS_ON)(admin.queue)
cli.command("weights", context_settings=admin.PASS_ON)(admin.weights)


def main() -> None:
    """Run the command line. Exit status: see `app.cli.connection`."""
    cli(prog_name="transcriber")


if __name__ == "__main__":
    main()
