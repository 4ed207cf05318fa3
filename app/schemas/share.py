"""Links by which people read one transcript without a key."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

LONGEST_SECONDS = 10 * 365 * 86_400
"""Ten years: who wants more wants no end."""


class ShareWish(BaseModel):
    """What a new link is to be like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expires_in_seconds: int | None = Field(
        None, ge=1, le=LONGEST_SECONDS, description="null: until it is revoked, or the task deleted."
    )


class Share(BaseModel):
    """A link as its owner sees it in the list: the address itself is kept nowhere."""

    model_config = ConfigDict(frozen=True)

    share_id: str
    created_at: float = Field(description="Unix time.")
    expires_at: float | None = Field(None, description="Unix time; null: never.")


class CreatedShare(Share):
    """A new link, told this once."""

    address: str = Field(description="Below the address of the service; who has it may read.")


class ShareList(BaseModel):
    """The links of a transcript that are valid, the newest first."""

    model_config = ConfigDict(frozen=True)

    shares: tuple[Share, ...]


class SharedTranscript(BaseModel):
    """What who has the link is told; nothing of whose task it is, or which."""

    model_config = ConfigDict(frozen=True)

    filename: str | None = Field(description="The client's name of the file.")
    title: str | None = Field(description="What people call it.")
    created_at: float | None = Field(description="Unix time of the upload.")
    expires_at: float | None = Field(description="Unix time at which the link ends; null: never.")
    summary: str | None = Field(None, description="Of the transcript, where one was made.")
    summary_stale: bool = Field(
        False, description="Whether the transcript was corrected after the summary was made."
    )
    has_audio: bool = Field(description="Whether the recording is kept, and can be had.")
    result: dict[str, Any] = Field(description="With what people have corrected.")
