"""A recording that arrives in several requests."""

from pydantic import BaseModel, ConfigDict

UPLOAD_ID_PATTERN = r"^[0-9a-f]{32}$"


class ResumableUpload(BaseModel):
    """What is known of such an upload besides its bytes.

    `length` are the bytes announced, None as long as they are not known; `metadata` is the client's own
    Upload-Metadata header, of which `filename` and `filetype` are read. `transcribe` holds the options of the
    task that it becomes by itself where its client goes away, None where it is to be asked for; `task_id` is
    the task that it became.
    """

    model_config = ConfigDict(frozen=True)

    upload_id: str
    owner: str | None
    length: int | None
    metadata: str = ""
    filename: str = ""
    filetype: str = ""
    transcribe: dict[str, str] | None = None
    task_id: str | None = None
