"""Settings: where recordings, transcripts and weights lie, and for how long."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from app.core.settings.blanks import NONE_IF_BLANK


class StorageSettings(BaseSettings):
    """Where recordings, transcripts and weights lie, and for how long."""

    upload_dir: Path = Field(
        Path("shared_audio"),
        description="Uploads; shared by the API and all workers of one service, and by no other service.",
    )
    storage_url: Annotated[str | None, NONE_IF_BLANK] = Field(
        None,
        description="Bucket in which uploads are kept instead of UPLOAD_DIR, with a folder of this service's "
        "own: `s3://bucket/folder`, `az://container/folder`, `gs://bucket/folder` or `file:///folder`; the "
        "API and all workers must have the same. Credentials come from the cloud's own environment "
        "variables (AWS_…, AZURE_STORAGE_…, GOOGLE_…).",
    )
    storage_endpoint: Annotated[str | None, NONE_IF_BLANK] = Field(
        None,
        description="Address of a store that speaks S3 (MinIO, SeaweedFS, R2) or of an Azure emulator; none: "
        "that of the cloud.",
    )
    storage_public_endpoint: Annotated[str | None, NONE_IF_BLANK] = Field(
        None,
        description="The same as clients reach it, for the links of direct uploads and downloads; none: "
        "STORAGE_ENDPOINT.",
    )
    storage_timeout_seconds: float = Field(
        30,
        gt=0,
        description="Longest time for one request to the bucket, and for repeating it, before it counts as "
        "away.",
    )
    storage_link_seconds: int = Field(
        3600,
        gt=0,
        le=604_800,
        description="How long a link to the bucket, for a direct upload or download, may be used; a week at "
        "most.",
    )
    storage_redirects: bool = Field(
        False,
        description="Send who plays a recording to the bucket by a link, instead of passing its bytes on.",
    )
    cache_dir: Path = Field(
        Path("_cache"), description="Model weights, in its folder `whisper` (or `wisper`)."
    )
    keep_audio: bool = Field(False, description="Keep a recording after its task has ended.")
    keep_ended_seconds: float = Field(
        120,
        ge=0,
        description="How long recording and result of an ended task stay in UPLOAD_DIR, to make up for what "
        "Redis may lose: its last second, or what a replica is behind; less while the disk is nearly full.",
    )

    archive: bool = Field(
        True,
        description="Keep transcripts in a database when Redis no longer does (RESULT_TTL_SECONDS), until "
        "they are deleted; false: for those seconds only.",
    )
    database_url: Annotated[SecretStr | None, NONE_IF_BLANK] = Field(
        None,
        description="Database of the archive, `postgresql://user:password@host/name`, of this service alone; "
        "none: the file `archive.db` in DATA_DIR, which all APIs must share.",
    )
    archive_max_days: float = Field(
        0,
        ge=0,
        description="Age at which transcripts leave the archive, in days since the upload; 0: any.",
    )
    archive_max_mb: int = Field(
        0,
        ge=0,
        description="Largest size of all transcripts in the archive, compressed, in MiB: a warning comes at "
        "90 %, then the oldest go; 0: any.",
    )

    archived_result_seconds: int = Field(
        3600,
        ge=0,
        description="How long Redis keeps the result of a task that came over HTTP once the archive has it; "
        "0: for RESULT_TTL_SECONDS, as those of tasks that programs put into the list.",
    )
    archive_failures_days: float = Field(
        90, ge=0, description="How long the archive tells why a task failed, in days; 0: until it is deleted."
    )
    archive_deleted_days: float = Field(
        365,
        ge=0,
        description="How long the archive knows the ids of deleted tasks, in days, so that no older copy of "
        "it (`app.archive restore`) brings them back; 0: for ever.",
    )

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, value: SecretStr | None) -> SecretStr | None:
        address = value.get_secret_value() if value else ""
        if value and not re.match(r"postgres(ql)?(\+psycopg)?://", address):
            raise ValueError("it is no address such as postgresql://user:password@host/name")
        return value

    @field_validator("storage_url")
    @classmethod
    def _check_storage(cls, value: str | None) -> str | None:
        if not value:
            return None
        if not re.match(r"(s3|az|gs)://[^/]|file:///", value):
            raise ValueError("it is no address such as s3://bucket/folder, az://…, gs://… or file:///folder")
        return value

    @field_validator("storage_endpoint", "storage_public_endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value:
            return None
        if not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://minio:9000")
        if not re.match(r"(s3|az)://", info.data.get("storage_url") or ""):
            raise ValueError("only the stores of s3://… and az://… have an endpoint of their own")
        return value

    @property
    def outbox_dir(self) -> Path:
        """Folder of the sidecar files that let a lost enqueue be repeated."""
        return self.upload_dir / ".outbox"
