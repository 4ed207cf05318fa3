"""Whether there is room for another task, and who is answered even where there is none."""

from app.core.config import Settings
from app.core.errors import QueueFull, QuotaExceeded
from app.queue.usage import UsageCounter
from app.schemas.caller import Caller
from app.services.idempotency import Idempotency
from app.services.options import UPLOAD
from app.services.receiving import FORM_OVERHEAD_BYTES
from app.services.redis_service import RedisService
from app.services.upload_request import UploadRequest


class Capacity:
    """Of the queue, and of a caller's quota."""

    def __init__(
        self, settings: Settings, queue: RedisService, usage: UsageCounter, idempotency: Idempotency
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._usage = usage
        self._idempotency = idempotency

    async def is_lacking(self, request: UploadRequest) -> bool:
        """Refuse a request that cannot have room, as `require` does, before its recording is sent.

        True where there is no room but the request may have been accepted before, and is then answered with
        its task. That is so for known keys, for awaited requests, and for uploads, whose ids may stand in any
        form that is short enough to hold nothing but fields.
        """
        try:
            await self.require(request.caller)
        except (QueueFull, QuotaExceeded):
            is_brief = request.content_length is not None and request.content_length <= FORM_OVERHEAD_BYTES
            if any(request.values.get(UPLOAD, ())) or is_brief or await self.may_have_come(request):
                return True
            raise
        return False

    async def require(self, caller: Caller) -> None:
        """Raise QueueFull or QuotaExceeded where not even the shortest recording could become a task now,
        QueueUnavailable."""
        await self._queue.refuse_when_full()
        await self._usage.refuse_early(caller.name)

    async def may_have_come(self, request: UploadRequest) -> bool:
        """Whether its Idempotency-Key came before; without one, whether an equal request is looked for once
        the recording is here."""
        key = request.idempotency_key
        if key is None:
            return request.is_awaited and self._settings.orphan_seconds > 0
        return await self._idempotency.is_known(request.caller.name, key)
