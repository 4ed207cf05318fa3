"""Settings: what a request gets when it does not say, and what a recording may be."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from app.core.settings.lists import Items, list_of


class RequestSettings(BaseSettings):
    """What a request gets when it does not say, and what a recording may be."""

    default_model: str = Field("turbo", description="Model of a request that names none.")
    translate_model: str | None = Field(
        None,
        description="Model that translates where the one asked for was not trained to (turbo, distilled and "
        "English ones); none: such requests are refused.",
    )
    model_aliases: Items = Field(
        (),
        description="Other names of models, as `name=model`, separated by commas: `nova-3=turbo`; those of "
        "OpenAI, Groq and the Hugging Face Hub are known.",
    )
    default_duration: float = Field(
        0, ge=0, description="`trim` of a request that gives none, in seconds; 0 = the whole recording."
    )
    allowed_extensions: Annotated[frozenset[str] | None, NoDecode] = Field(
        None,
        description="File name extensions that are accepted, separated by commas; none: a file is judged by "
        "its content, whatever its name.",
    )
    max_upload_mb: int = Field(2048, gt=0, description="Largest upload, in MiB.")
    min_free_disk_mb: int = Field(
        512,
        ge=0,
        description="Uploads are refused, and recordings not fetched, while UPLOAD_DIR has less free space "
        "than this, in MiB.",
    )

    max_duration_seconds: float = Field(
        86_400,
        gt=0,
        allow_inf_nan=False,
        description="Longest recording, in seconds: a longer one is refused where its file states the "
        "length, else transcribed up to here, with a warning.",
    )
    min_sample_rate: int = Field(
        2_000, ge=1, description="Lowest sample rate that is decoded, in Hz; below, there is no speech."
    )
    max_channels: int = Field(
        64,
        ge=2,
        description="Most channels that `channels=split` keeps apart, and most tracks that `track=mix` "
        "takes.",
    )
    max_sample_rate: int = Field(
        4_000_000, ge=16_000, description="Highest sample rate that is decoded, in Hz."
    )

    @field_validator("allowed_extensions", mode="before")
    @classmethod
    def _extensions(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        names = (name.lower().removeprefix(".") for name in list_of(value))
        return frozenset(name for name in names if name)

    @field_validator("model_aliases")
    @classmethod
    def _check_aliases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            name, sign, model = entry.partition("=")
            if not (name and sign and model):
                raise ValueError(f"{entry!r} is not `name=model`")
        return value

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload, in bytes."""
        return self.max_upload_mb * 1024 * 1024

    @property
    def min_free_disk_bytes(self) -> int:
        """Free space that no recording may take, in bytes."""
        return self.min_free_disk_mb * 1024 * 1024

    @property
    def own_model_names(self) -> dict[str, str]:
        """Models by the other names that the operator gives them, in small letters."""
        entries = (entry.partition("=") for entry in self.model_aliases)
        return {name.lower(): model for name, _, model in entries}

    @property
    def default_trim(self) -> float | None:
        """`trim` of a request that gives none; None = the whole recording."""
        return self.default_duration or None
