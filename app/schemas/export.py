"""Which transcripts are wanted together, and how."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.form import TranscriptFormat
from app.schemas.task import TASK_ID_PATTERN

MOST_TASKS = 200
"""As many as the longest page of the list has."""


class Export(BaseModel):
    """Transcripts of several tasks as one ZIP file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_ids: tuple[Annotated[str, Field(pattern=TASK_ID_PATTERN)], ...] = Field(
        min_length=1, max_length=MOST_TASKS, description="Such as a page of GET /transcribe/ names."
    )
    formats: tuple[TranscriptFormat, ...] = Field(
        (TranscriptFormat.DOCX,), min_length=1, max_length=len(TranscriptFormat), examples=[["docx", "srt"]]
    )
    corrected: bool = Field(False, description="With what people have corrected.")
