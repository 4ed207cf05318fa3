"""What people choose a model by."""

from pydantic import BaseModel, ConfigDict, Field


class ModelFacts(BaseModel):
    """What is known of a model at this service; null: it is not known."""

    model_config = ConfigDict(frozen=True)

    default: bool = Field(description="Whether it transcribes what names no model.")
    present: bool | None = Field(description="Whether its weights lie here; else they are fetched at first.")
    accuracy: int | None = Field(description="From 1, the lowest, to 5, by published word error rates.")
    size_mb: int | None = Field(description="Of its weights: as they lie here, or about what is fetched.")
    real_time_factor: float | None = Field(
        description="Seconds that a second of a recording has taken here of late."
    )
    languages: tuple[str, ...] | None = Field(description="Codes of those that it knows; null: all.")
    translates: bool = Field(description="Whether it was trained to translate into English.")
