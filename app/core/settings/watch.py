"""Settings: a folder whose recordings are transcribed where they lie."""

from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from app.core.settings.lists import list_of

FORMATS = ("json", "text", "srt", "vtt", "tsv", "rttm", "paragraphs", "md", "docx")
"""Of transcripts, by the names of `app.schemas.form`; a test keeps the two equal."""


class WatchSettings(BaseSettings):
    """A folder whose recordings are transcribed where they lie."""

    watch_dir: Path | None = Field(
        None,
        description="Folder whose recordings are transcribed as they appear, by `make run`, `docker compose "
        "--profile watch` or `python -m app.watch_folder`; none: no folder is watched.",
    )
    watch_formats: Annotated[tuple[str, ...], NoDecode] = Field(
        ("text",),
        description="Formats of the transcripts beside the recordings, separated by commas: `text`, `srt`, "
        "`vtt`, `tsv`, `json`, `paragraphs`, `md`, `docx`, `rttm`.",
    )
    watch_options: str = Field(
        "",
        description="Options of these recordings, as in the query of `POST /transcribe/`: "
        "`model=small&language=ru&diarize=true`.",
    )
    watch_seconds: float = Field(
        5, gt=0, description="Pause between two looks through WATCH_DIR, in seconds."
    )
    watch_settle_seconds: float = Field(
        10,
        ge=0,
        description="A recording in WATCH_DIR is sent when its size and time of change have been the same "
        "for so many seconds.",
    )
    watch_max_files: int = Field(
        100_000, ge=1, description="Files of WATCH_DIR that are looked at; beyond, the log warns."
    )
    watch_open_tasks: int = Field(
        16, ge=1, description="Recordings of WATCH_DIR that one watcher has at the service at a time."
    )

    @field_validator("watch_options")
    @classmethod
    def _check_watch_options(cls, value: str) -> str:
        parse_qsl(value, keep_blank_values=True, strict_parsing=bool(value))
        return value

    @field_validator("watch_formats", mode="before")
    @classmethod
    def _formats(cls, value: object) -> object:
        return tuple(dict.fromkeys(list_of(value.lower()))) if isinstance(value, str) else value

    @field_validator("watch_formats")
    @classmethod
    def _check_formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [each for each in value if each not in FORMATS]:
            raise ValueError(f"{unknown[0]!r} is no format; there are: {', '.join(FORMATS)}")
        if not value:
            raise ValueError("it names no format")
        return value

    @property
    def watch_fields(self) -> dict[str, str]:
        """WATCH_OPTIONS by their names."""
        return dict(parse_qsl(self.watch_options, keep_blank_values=True))
