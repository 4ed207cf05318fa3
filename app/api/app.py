"""Put the API together."""

import logging

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api.admission import Admission
from app.api.asr_webservice import routes as asr_webservice
from app.api.connections import Connections
from app.api.cross_origin import CrossOrigin
from app.api.deepgram import routes as deepgram
from app.api.headers import StandardHeaders
from app.api.lifespan import lifespan_of
from app.api.lingering import LingeringClose
from app.api.near_paths import NearPaths
from app.api.openai import models as openai_models
from app.api.problems import add_problem_handlers
from app.api.request_id import RequestId
from app.api.routes import (
    direct,
    exports,
    failures,
    health,
    library,
    openai,
    operator,
    page,
    problems,
    resumable,
    shared,
    shares,
    summaries,
    tasks,
    transcribe,
    transcripts,
    usage,
)
from app.api.secret_paths import SecretPaths, keep_secrets
from app.api.sites import SitePolicy
from app.api.timing import Timing
from app.core.config import Settings
from app.core.startup import read_settings, start_watching
from app.core.validation import is_loopback
from app.observability.metrics import Metrics
from app.queue.rate_limits import RateLimits
from app.storage.opening import check_storage
from app.weights.model_choice import check_model_aliases, check_translate_model

logger = logging.getLogger(__name__)

VERSION = "0.1.0"

EXPOSED_HEADERS = (
    *("ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"),
    *("Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size"),
    *("Upload-Offset", "Upload-Length", "Upload-Defer-Length", "Upload-Metadata", "Upload-Expires"),
)
"""Headers that pages elsewhere may read (CORS)."""

DESCRIPTION = """
Send a recording, get a task id at once, and ask for the text until it is there.

1. `POST /transcribe/` with the recording in the form field `file`.
2. `GET /transcribe/{task_id}` until `status` is `done` or `error`.

Errors are problem details (RFC 9457, `application/problem+json`): `code` is for programs, `detail` for
people.
"""


def create_served_app(settings: Settings | None = None) -> ASGIApp:
    """The API as a server runs it: its connections are watched, too."""
    settings = settings or read_settings()
    check_storage(settings)
    return Connections(
        create_app(settings), most=settings.max_connections, header_seconds=settings.request_header_seconds
    )


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API; `settings` come from the environment unless given."""
    settings = settings or read_settings()
    metrics = Metrics()
    start_watching(settings, "api")
    keep_secrets()
    RateLimits.from_settings(settings)  # wrong ones are told before the first request
    check_translate_model(settings)
    check_model_aliases(settings)
    _warn_if_open(settings)
    app = FastAPIOffline(  # its pages load nothing from elsewhere
        redoc_url=None,
        title="Transcriber",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan_of(settings, metrics),
        redirect_slashes=False,
    )
    app.add_middleware(NearPaths)
    app.add_middleware(Admission, sites=SitePolicy.from_settings(settings))
    app.add_middleware(LingeringClose)
    app.add_middleware(RequestId)
    app.add_middleware(StandardHeaders)
    app.add_middleware(SecretPaths)
    if settings.cors_origins:
        app.add_middleware(
            CrossOrigin,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"],
            allow_headers=["*"],
            expose_headers=EXPOSED_HEADERS,
        )
    app.add_middleware(Timing, metrics=metrics)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))
    add_problem_handlers(app)
    app.include_router(tasks.router)  # first, since it is asked most
    app.include_router(transcripts.router)
    app.include_router(library.router)
    app.include_router(exports.router)
    app.include_router(failures.router)
    app.include_router(shares.router)
    app.include_router(summaries.router)
    app.include_router(shared.router)
    app.include_router(transcribe.router)
    app.include_router(direct.router)
    app.include_router(resumable.router)
    app.include_router(openai.router)
    app.include_router(openai_models.router)
    app.include_router(asr_webservice.router)
    app.include_router(deepgram.router)
    app.include_router(usage.router)
    app.include_router(operator.router)
    app.include_router(health.router)
    app.include_router(problems.router)
    app.include_router(page.router)
    return app


def _warn_if_open(settings: Settings) -> None:
    """Say it loudly where the whole network may use the service."""
    if settings.api_keys or is_loopback(settings.host):
        return
    logger.warning(
        "ANYBODY WHO REACHES %s MAY USE THIS SERVICE, read all transcripts and delete them: "
        "set API_KEYS (`transcriber key NAME` makes entries) or listen on 127.0.0.1.",
        settings.host,
    )
