"""Settings: what `make run` and `python -m app.launcher` start."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class LauncherSettings(BaseSettings):
    """What `make run` and `python -m app.launcher` start."""

    host: str = Field("127.0.0.1", description="Address that the API listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port that the API listens on.")
    workers: int = Field(
        0, ge=0, description="Workers that `make run` starts; 0: one for each GPU, or one for every 4 cores."
    )
    wyoming_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="Port on which `make run` serves Home Assistant's voice assistants (Wyoming; 10300 is "
        "usual), on HOST; 0: none.",
    )
    data_dir: Path = Field(
        Path("_data"),
        description="Where the API keeps the archive, and `make run` its own Redis; on a disk of this "
        "machine.",
    )
