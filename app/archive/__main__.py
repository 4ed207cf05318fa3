"""`python -m app.archive backup FILE` and `restore FILE`: copies of the archive."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.archive.backup import back_up
from app.archive.backup import restore as bring_back
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.core.startup import read_settings

cli = typer.Typer(help="Copies of the archive of transcripts.", no_args_is_help=True, add_completion=False)

File = Annotated[Path, typer.Argument(help="The copy: a SQLite file.")]


@cli.command()
def backup(file: File) -> None:
    """Copy all transcripts into a new file, while the service goes on."""
    copied = _told(back_up, file)
    recent = 2 * read_settings().maintenance_seconds
    typer.echo(
        f"{copied} transcript(s) are in {file}; what ended in the last {recent:g} s may not be archived yet"
    )


@cli.command()
def restore(file: File) -> None:
    """Bring back the transcripts that the archive lacks."""
    typer.echo(f"{_told(bring_back, file)} transcript(s) were brought back from {file}")


def _told(work: Callable[[Settings, Path], int], file: Path) -> int:
    """What the work gives; where it fails, the program ends with a sentence."""
    try:
        return work(read_settings(), file)
    except (ArchiveUnavailable, OSError) as error:
        typer.echo(str(error.__cause__ or error), err=True)
        raise typer.Exit(1) from error


if __name__ == "__main__":
    cli(prog_name="python -m app.archive")
