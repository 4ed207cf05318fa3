"""Settings: the chat model that summarises transcripts."""

import re

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings


class SummarySettings(BaseSettings):
    """The chat model that summarises transcripts."""

    summary_url: str = Field(
        "",
        description="Chat server that summarises transcripts: base address of any OpenAI-compatible one, "
        "`http://gpu:11434/v1`; none: no summaries, and no transcript is sent anywhere.",
    )
    summary_model: str = Field(
        "", description="Chat model that the server of SUMMARY_URL is asked for; none: the server's choice."
    )
    summary_api_key: SecretStr | None = Field(
        None, description="Key that is sent to the server of SUMMARY_URL; none: no key."
    )
    summary_prompt: str | None = Field(
        None, description="What the chat model is told to make of a transcript; none: see docs/summaries.md."
    )
    summary_timeout_seconds: float = Field(
        300, gt=0, description="Time that the server of SUMMARY_URL gets for one answer, in seconds."
    )
    summary_input_characters: int = Field(
        24_000,
        ge=1_000,
        description="Longest text of one request to the server of SUMMARY_URL: longer transcripts are "
        "summarised in parts, then the summaries of the parts.",
    )
    summary_attempts: int = Field(
        10,
        ge=1,
        description="Attempts to summarise a transcript before that has failed, with the pauses of "
        "RETRY_BACKOFF_SECONDS, or longer where the server asks for that.",
    )

    @field_validator("summary_url")
    @classmethod
    def _check_summary_url(cls, value: str) -> str:
        if value and not re.match(r"https?://[^/]", value):
            raise ValueError("it is no address such as http://gpu:11434/v1")
        return value
