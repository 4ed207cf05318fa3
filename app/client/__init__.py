"""A typed client of the service: `Client` for plain programs, `AsyncClient` for asynchronous ones."""

from app.client.asynchronous import AsyncClient
from app.client.errors import ClientError, ProtocolBroken, ServiceProblem, ServiceUnreachable, TaskFailed
from app.client.models import SearchOptions, SubmitOptions, Submitted
from app.client.retries import RetryPolicy
from app.client.sync import Client
from app.client.transfer import Resume
from app.schemas.event import EventKind, TaskEvent, WindowText
from app.schemas.form import TranscriptFormat
from app.schemas.library import Details, Hit, Moment, SearchPage
from app.schemas.task import TaskPage, TaskSummary

__all__ = [
    "AsyncClient",
    "Client",
    "ClientError",
    "Details",
    "EventKind",
    "Hit",
    "Moment",
    "ProtocolBroken",
    "Resume",
    "RetryPolicy",
    "SearchOptions",
    "SearchPage",
    "ServiceProblem",
    "ServiceUnreachable",
    "SubmitOptions",
    "Submitted",
    "TaskEvent",
    "TaskFailed",
    "TaskPage",
    "TaskSummary",
    "TranscriptFormat",
    "WindowText",
]
