"""Settings: who may ask, how often and for how long; what the service fetches and whom it tells."""

import re
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode

from app.core.api_keys import KEY_NAME
from app.core.quotas import Quotas
from app.core.settings.lists import Items, list_of
from app.core.webhook_secret import key_of

_API_KEY = re.compile(rf"{KEY_NAME.pattern}:[0-9a-f]{{64}}")


class AccessSettings(BaseSettings):
    """Who may ask, how often and for how long; what the service fetches and whom it tells."""

    api_keys: Items = Field(
        (),
        description="Keys that requests must carry, as `name:hash` from `transcriber key NAME`, separated by "
        "commas; none: anybody may ask.",
    )
    operator_keys: Items = Field(
        (),
        description="Names of the keys that may read `/metrics`, and see and mend the whole queue, separated "
        "by commas; without API_KEYS anybody may.",
    )
    key_quotas: Items = Field(
        (),
        description="Quotas of API keys, as `name:limit=amount:…`, separated by commas; `*` names all "
        "others: `alice:audio_hours_day=10:open_tasks=20`. Limits: `audio_hours_day`, `audio_hours_month`, "
        "`mebibytes_day`, `mebibytes_month`, `open_tasks`; none: no limit.",
    )
    rate_limit: str = Field(
        "",
        description="Recordings that one key, or one address without keys, may send: `10/minute;200/day` has "
        "the form of the library `limits`; none: no limit.",
    )
    upload_limit: str = Field(
        "",
        description="MiB of recordings that one key, or one address without keys, may send, in the same "
        "form: `500/hour;2000/day`; none: no limit.",
    )
    allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="Names that the service answers to besides those of the local network, `.example.org` "
        "with all below it, separated by commas; `*`: any, as with API_KEYS unless some are named here.",
    )
    cors_origins: Items = Field(
        (), description="Origins of pages elsewhere that may use the API, separated by commas; `*`: all."
    )
    trusted_proxies: Items = Field(
        (),
        description="Addresses of proxies whose X-Forwarded headers are believed, separated by commas.",
    )
    max_connections: int = Field(
        1000,
        ge=10,
        description="Connections that the API holds at a time; beyond, the one that is idle longest is "
        "closed, or the new one refused (503).",
    )
    request_header_seconds: float = Field(
        20,
        gt=0,
        description="Time that a client gets to send the header of a request; then its connection is closed.",
    )
    idempotency_seconds: int = Field(
        86_400, gt=0, description="How long an Idempotency-Key stands for the task that it made."
    )
    reuse_results: bool = Field(
        True, description="Give a recording that was transcribed in the same way before the same result."
    )
    fetch_allowed_hosts: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(),
        description="Hosts that recordings may be fetched from and webhooks sent to, `.example.org` with all "
        "below it, separated by commas; none: any public one.",
    )
    fetch_private_addresses: bool = Field(
        False, description="Fetch from, and send to, private addresses and this machine too."
    )
    fetch_seconds: float = Field(1800, gt=0, description="Longest time for fetching a recording.")
    min_transfer_bytes_per_second: float = Field(
        1000,
        ge=0,
        description="Slowest upload, and slowest fetching of a `url`, that is waited for, in bytes per "
        "second, as the mean of a minute; 0: any.",
    )
    resumable_upload_seconds: float = Field(
        86_400,
        gt=0,
        description="How long an upload in several requests (`/uploads/`) is kept after its last byte.",
    )
    left_upload_seconds: float = Field(
        120,
        gt=0,
        description="After so long without a byte, a recording that was sent while it was made becomes a "
        "task as far as it came: its page was closed.",
    )
    webhook_secret: SecretStr | None = Field(
        None, description="Signs webhooks: `whsec_` and 24 to 64 random bytes in base64; none: unsigned."
    )
    webhook_attempts: int = Field(
        10, ge=1, description="Tries to deliver a webhook, over about a day; an answer of 4xx ends them."
    )
    sync_wait_seconds: float = Field(
        600,
        ge=0,
        description="How long a request that waits for its transcript (`/v1/audio` …) does so before it is "
        "answered with 503 and the address of its task.",
    )
    orphan_seconds: float = Field(
        900,
        ge=0,
        description="How long the task of a caller who waited for it and went away is kept for the same "
        "request, sent again; 0: it is removed at once.",
    )
    keepalive_seconds: float = Field(
        15,
        ge=0,
        description="Time between two signs of life of an answer that takes long: white space before JSON, "
        "comments in streams; 0: none.",
    )

    @field_validator("fetch_allowed_hosts", "allowed_hosts", mode="before")
    @classmethod
    def _hosts(cls, value: object) -> object:
        return frozenset(list_of(value)) if isinstance(value, str) else value

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            key_of(value.get_secret_value())
        return value

    @field_validator("api_keys")
    @classmethod
    def _check_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not _API_KEY.fullmatch(entry):
                raise ValueError("an entry is not `name:hash`; make entries with `transcriber key NAME`")
        return value

    @field_validator("key_quotas")
    @classmethod
    def _check_quotas(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        Quotas.parse(value)
        return value

    @property
    def key_hashes(self) -> dict[str, str]:
        """Hashes of the API keys by the names of those who have them."""
        return dict(entry.split(":", 1) for entry in self.api_keys)
