"""Put the API together."""

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from app.api.lifespan import lifespan_of
from app.api.lingering import LingeringClose
from app.api.problems import add_problem_handlers
from app.api.request_id import RequestId
from app.api.routes import health, openai, problems, tasks, transcribe
from app.core.config import Settings
from app.core.startup import read_settings, start_logging

VERSION = "0.1.0"

DESCRIPTION = """
Send a recording, get a task id at once, and ask for the text until it is there.

1. `POST /transcribe/` with the recording in the form field `file`.
2. `GET /transcribe/{task_id}` until `status` is `done` or `error`.

Errors are problem details (RFC 9457, `application/problem+json`): `code` is for programs, `detail` for
people.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    """The API; `settings` come from the environment unless given."""
    settings = settings or read_settings()
    start_logging(settings, "api")
    app = FastAPIOffline(  # its pages load nothing from elsewhere
        redoc_url=None,
        title="Transcriber",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan_of(settings),
        redirect_slashes=False,
    )
    app.add_middleware(LingeringClose)
    app.add_middleware(RequestId)
    add_problem_handlers(app)
    app.include_router(transcribe.router)
    app.include_router(tasks.router)
    app.include_router(openai.router)
    app.include_router(health.router)
    app.include_router(problems.router)
    return app
