"""The numbers of the queue's protocol."""

from dataclasses import dataclass

from app.core.config import Settings


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers of the protocol; times in ms where the name says so, TTL in seconds (0 = for ever)."""

    max_queue_length: int
    max_attempts: int
    lease_ms: int
    backoff_ms: int
    backoff_max_ms: int
    dead_list_length: int
    ttl_seconds: int

    @classmethod
    def from_settings(cls, settings: Settings) -> "Policy":
        """The policy that the settings ask for."""
        return cls(
            max_queue_length=settings.max_queue_length,
            max_attempts=settings.max_attempts,
            lease_ms=int(settings.lease_seconds * 1000),
            backoff_ms=int(settings.retry_backoff_seconds * 1000),
            backoff_max_ms=int(settings.retry_backoff_max_seconds * 1000),
            dead_list_length=settings.dead_list_length,
            ttl_seconds=settings.result_ttl_seconds,
        )
