"""Settings: how Redis is reached."""

import ssl
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import BaseSettings

from app.core.settings.blanks import NONE_IF_BLANK
from app.core.settings.lists import Items


class RedisSettings(BaseSettings):
    """How Redis is reached."""

    redis_host: str = Field("localhost", description="Host of Redis.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of Redis.")
    redis_db: int = Field(0, ge=0, description="Database number of Redis.")
    redis_username: str | None = Field(None, description="User name for Redis (ACL).")
    redis_password: SecretStr | None = Field(None, description="Password for Redis.")
    redis_tls: bool = Field(False, description="Speak TLS to Redis.")
    redis_sentinels: Items = Field(
        (), description="Sentinels as `host:port`, separated by commas; they then name the master."
    )
    redis_url: Annotated[SecretStr | None, NONE_IF_BLANK] = Field(
        None,
        description="`redis://`, `rediss://` or `unix://` address; replaces host, port, db, user, password.",
    )
    redis_sentinel_master: str = Field("mymaster", description="Name of the master that the Sentinels watch.")
    redis_sentinel_username: Annotated[str | None, NONE_IF_BLANK] = Field(
        None, description="User name for the Sentinels (ACL), which may be another than that for Redis."
    )
    redis_sentinel_password: Annotated[SecretStr | None, NONE_IF_BLANK] = Field(
        None, description="Password for the Sentinels; that for Redis is not sent to them."
    )
    redis_sentinel_tls: bool = Field(
        False, description="Speak TLS to the Sentinels; REDIS_TLS does so to the master that they name."
    )
    redis_ca_file: Annotated[Path | None, NONE_IF_BLANK] = Field(
        None,
        description="PEM file of authorities whose certificates of Redis and Sentinels are trusted, besides "
        "the system's.",
    )
    redis_queue_name: str = Field(
        "transcribe_tasks", min_length=1, description="List of waiting tasks; all other keys derive from it."
    )
    redis_results_prefix: str = Field(
        "transcribe_result:", min_length=1, description="Prefix of result keys; the task id follows."
    )

    @field_validator("redis_url")
    @classmethod
    def _is_as_secure_as_asked_for(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        is_used = value is not None and not info.data.get("redis_sentinels")
        if is_used and info.data.get("redis_tls") and not _is_tls(value):
            raise ValueError("REDIS_TLS is true, but it does not begin with rediss://")
        return value

    @field_validator("redis_sentinel_username", "redis_sentinel_password", "redis_sentinel_tls")
    @classmethod
    def _has_sentinels(cls, value: Any, info: ValidationInfo) -> Any:
        if value and not info.data.get("redis_sentinels"):
            raise ValueError("it is for Sentinels, and REDIS_SENTINELS names none")
        return value

    @field_validator("redis_sentinel_password")
    @classmethod
    def _belongs_to_a_user(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None and info.data.get("redis_sentinel_username"):
            raise ValueError("REDIS_SENTINEL_USERNAME needs it")
        return value

    @field_validator("redis_ca_file")
    @classmethod
    def _is_of_use(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is None:
            return None
        url = None if info.data.get("redis_sentinels") else info.data.get("redis_url")
        if not (info.data.get("redis_tls") or info.data.get("redis_sentinel_tls") or _is_tls(url)):
            raise ValueError("it is for TLS, which neither REDIS_TLS nor REDIS_SENTINEL_TLS turns on")
        try:
            ssl.create_default_context(cafile=value)
        except ssl.SSLError:
            raise ValueError("there is no certificate in it, in PEM") from None
        except OSError as error:
            raise ValueError(f"it cannot be read: {error.strerror}") from None
        return value


def _is_tls(url: SecretStr | None) -> bool:
    return url is not None and url.get_secret_value().startswith("rediss://")
