"""Recordings that clients put straight into the bucket."""

from pydantic import BaseModel, ConfigDict, Field


class DirectUploadWish(BaseModel):
    """What is to be uploaded."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: int = Field(gt=0, description="Bytes of the recording.", examples=[1_048_576])
    filename: str = Field("", max_length=1000, description="Its file name.", examples=["talk.mp3"])
    filetype: str = Field("", max_length=200, description="Its media type, where it has no name.")


class DirectUpload(BaseModel):
    """Where to put the bytes, and how to name them afterwards."""

    model_config = ConfigDict(frozen=True)

    upload_id: str = Field(description="`POST /transcribe/?upload=…` makes it a task.")
    method: str = Field("PUT", description="Of the request that carries the bytes, all at once.")
    url: str = Field(description="Address in the bucket, which needs no key of this service.")
    headers: dict[str, str] = Field(description="To be sent with it.")
    expires_in_seconds: int = Field(description="How long the address may be used.", examples=[3600])
