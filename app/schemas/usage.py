"""How much the owner of an API key has had transcribed, and may."""

from pydantic import BaseModel, ConfigDict, Field


class Amount(BaseModel):
    """One thing that is counted, and its limit, if the key has one (KEY_QUOTAS)."""

    model_config = ConfigDict(frozen=True)

    used: float
    limit: float | None = Field(description="null: none.")
    resets_in_seconds: int | None = Field(description="When it is counted from 0 again; null: as tasks end.")


class Usage(BaseModel):
    """What a key has used. Days and months are those of the calendar, in UTC."""

    model_config = ConfigDict(frozen=True)

    key: str | None = Field(description="Name of the key; null where the service asks for none.")
    audio_hours_day: Amount
    audio_hours_month: Amount
    mebibytes_day: Amount
    mebibytes_month: Amount
    open_tasks: Amount = Field(description="Tasks that have not ended.")
    tasks_day: int = Field(description="Recordings of this day.")
    tasks_month: int


class UsageList(BaseModel):
    """That of every key that the service knows, in the order of their names."""

    model_config = ConfigDict(frozen=True)

    keys: tuple[Usage, ...]
