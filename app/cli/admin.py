"""Commands for those who run the service: each is a program of its own, loaded when it is called."""

import sys
from typing import Annotated

import typer

from app.core.api_keys import KEY_NAME, new_key

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""All that follows the command, `--help` included, belongs to the other program."""


def serve(context: typer.Context) -> None:
    """Run Redis, the API and workers on this machine (as `python -m app.launcher`)."""
    from app.launcher.__main__ import main

    sys.argv = ["transcriber serve", *context.args]
    raise typer.Exit(main())


def queue(context: typer.Context) -> None:
    """Look at the queue and repair it (as `python -m app.queue`)."""
    from app.queue.__main__ import cli

    cli(context.args, prog_name="transcriber queue")


def weights(context: typer.Context) -> None:
    """Fetch models and list those that lie here (as `python -m app.weights`)."""
    from app.weights.__main__ import app

    app(context.args, prog_name="transcriber weights")


def key(name: Annotated[str, typer.Argument(help="Whose key it is.")]) -> None:
    """Make an API key: the key for its owner, and the entry of API_KEYS that lets it in."""
    if not KEY_NAME.fullmatch(name):
        raise typer.BadParameter("A name has 1 to 64 letters, digits, dots, dashes or underscores.")
    made = new_key(name)
    typer.echo(f"Key for {name}, shown this once:\n  {made.key}\nEntry for API_KEYS:\n  {made.entry}")
