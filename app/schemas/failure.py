"""Tasks that failed, as the archive keeps them."""

from pydantic import BaseModel, ConfigDict, Field

LONGEST_QUESTION = 200
"""Characters."""


class ArchivedFailure(BaseModel):
    """A task that ended as `error`."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    created_at: float = Field(description="Unix time of the upload.")
    ended_at: float = Field(description="Unix time.")
    owner: str | None = Field(None, exclude=True)
    filename: str | None = Field(None, description="The client's name of the file.")
    model: str | None = None
    duration: float | None = Field(None, description="Length of the recording in seconds.")
    code: str = Field(examples=["audio_undecodable"])
    message: str = Field(examples=["Not one second of the recording could be decoded."])
    attempts: int = Field(description="How often it was tried.")

    @property
    def created_ms(self) -> int:
        """Its place in lists."""
        return round(self.created_at * 1000)


class FailurePage(BaseModel):
    """Some of them, the newest uploads first."""

    model_config = ConfigDict(frozen=True)

    failures: tuple[ArchivedFailure, ...]
    next_cursor: str | None = Field(None, description="`cursor` of the page that follows; null: none does.")
