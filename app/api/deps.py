"""What routes may ask for. All of it is built in the lifespan (`app.api.lifespan`)."""

from dataclasses import dataclass
from typing import Annotated, cast

from anyio import CapacityLimiter
from fastapi import Depends, Request

from app.api.rendering import Renderer
from app.core.api_keys import ApiKeys
from app.core.config import Settings
from app.observability.metrics import Metrics
from app.queue.rate_limits import RateLimiter
from app.queue.usage import UsageCounter
from app.services.audio_service import AudioService
from app.services.correction_service import CorrectionService
from app.services.direct_uploads import DirectUploads
from app.services.health_service import HealthService
from app.services.library_service import LibraryService
from app.services.model_service import ModelService
from app.services.operator_service import OperatorService
from app.services.resumable_uploads import ResumableUploads
from app.services.share_service import ShareService
from app.services.summary_service import SummaryService
from app.services.task_service import TaskService
from app.services.waiting_service import WaitingService


@dataclass(frozen=True, slots=True)
class Services:
    """The use cases, ready for work."""

    settings: Settings
    keys: ApiKeys
    audio: AudioService
    uploads: ResumableUploads
    direct: DirectUploads
    health: HealthService
    tasks: TaskService
    corrections: CorrectionService
    library: LibraryService
    shares: ShareService
    summaries: SummaryService
    waiting: WaitingService
    limiter: RateLimiter
    usage: UsageCounter
    operator: OperatorService
    models: ModelService
    metrics: Metrics
    renderer: Renderer
    guests: CapacityLimiter


def services_of(request: Request) -> Services:
    """The services that the lifespan built."""
    return cast(Services, request.state.services)


async def _services(request: Request) -> Services:
    """Asynchronous, or it would run in a thread."""
    return services_of(request)


ServicesDep = Annotated[Services, Depends(_services)]
