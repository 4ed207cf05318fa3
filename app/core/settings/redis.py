"""Settings: how Redis is reached."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from app.core.settings.lists import Items


class RedisSettings(BaseSettings):
    """How Redis is reached."""

    redis_host: str = Field("localhost", description="Host of Redis.")
    redis_port: int = Field(6379, ge=1, le=65535, description="Port of Redis.")
    redis_db: int = Field(0, ge=0, description="Database number of Redis.")
    redis_username: str | None = Field(None, description="User name for Redis (ACL).")
    redis_password: SecretStr | None = Field(None, description="Password for Redis.")
    redis_tls: bool = Field(False, description="Speak TLS to Redis.")
    redis_url: SecretStr | None = Field(
        None,
        description="`redis://`, `rediss://` or `unix://` address; replaces host, port, db, user, password.",
    )
    redis_sentinels: Items = Field(
        (), description="Sentinels as `host:port`, separated by commas; they then name the master."
    )
    redis_sentinel_master: str = Field("mymaster", description="Name of the master that the Sentinels watch.")
    redis_queue_name: str = Field(
        "transcribe_tasks", min_length=1, description="List of waiting tasks; all other keys derive from it."
    )
    redis_results_prefix: str = Field(
        "transcribe_result:", min_length=1, description="Prefix of result keys; the task id follows."
    )
