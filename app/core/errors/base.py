"""What all expected errors have in common."""

from typing import ClassVar


class ServiceError(Exception):
    """Base of all expected errors; `str(error)` is one sentence for the person who meets it."""

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str, *, retry_after_seconds: int | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.extra = extra


class UnsafeRedis(ServiceError):
    """Redis is set up so that it may throw tasks away; the service refuses to start."""

    code = "unsafe_redis"
    title = "Unsafe Redis"
