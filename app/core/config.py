"""Settings: the one place where the environment is read.

Every field is an environment variable of the same name in capitals, or a line of `.env`
(`NAME=value` or `NAME = "value"`). README.md lists them all; a test keeps that table and this class equal.
"""

from pydantic import ValidationInfo, field_validator
from pydantic_settings import SettingsConfigDict

from app.core.settings.access import AccessSettings
from app.core.settings.engine import EngineSettings
from app.core.settings.launcher import LauncherSettings
from app.core.settings.logs import LogSettings
from app.core.settings.queue import QueueSettings
from app.core.settings.redis import RedisSettings
from app.core.settings.requests import RequestSettings
from app.core.settings.storage import StorageSettings
from app.core.settings.summaries import SummarySettings
from app.core.settings.watch import WatchSettings


class Settings(
    LauncherSettings,
    WatchSettings,
    EngineSettings,
    QueueSettings,
    RedisSettings,
    LogSettings,
    SummarySettings,
    StorageSettings,
    AccessSettings,
    RequestSettings,
):
    """All settings of the API, the workers and the tools; immutable once read.

    Fields have the order of the bases from the last to the first.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,  # it may be a password
    )

    @field_validator("result_ttl_seconds")
    @classmethod
    def _outlives_the_outbox(cls, value: int, info: ValidationInfo) -> int:
        """A task that Redis has forgotten while its note is kept would be done again."""
        keep = info.data.get("keep_ended_seconds", 0)
        if 0 < value < 2 * keep:
            raise ValueError(f"it must be 0 or at least twice KEEP_ENDED_SECONDS, which is {keep:g}")
        return value
