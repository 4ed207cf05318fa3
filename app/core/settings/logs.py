"""Settings: logs and traces."""

from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class LogSettings(BaseSettings):
    """Logs and traces."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"] = Field(
        "INFO", description="Least severe level that is logged."
    )
    log_dir: Path = Field(Path("logs"), description="Folder of `service.log` (JSON lines).")
    log_max_mb: int = Field(20, gt=0, description="Size at which `service.log` is rotated, in MiB.")
    log_backups: int = Field(5, ge=0, description="Rotated log files that are kept.")
    otel_exporter_otlp_endpoint: str = Field(
        "",
        description="Where OpenTelemetry traces are sent (OTLP over HTTP), `http://collector:4318`; none: no "
        "traces.",
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value
