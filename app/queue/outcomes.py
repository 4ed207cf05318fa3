"""What the scripts answer, and the failures that they themselves give to tasks."""

from enum import StrEnum
from typing import NamedTuple

from app.core.errors import AttemptsExhausted, TaskCancelled
from app.queue.payload import parse_failure
from app.schemas.task import TaskFailure

EXHAUSTED = TaskFailure(
    code=AttemptsExhausted.code, message="The worker was lost on every attempt; the task was given up."
)
CANCELLED = TaskFailure(code=TaskCancelled.code, message="The task was cancelled.")


class EnqueueOutcome(StrEnum):
    """KNOWN: there is a task of that id already."""

    ENQUEUED = "ENQUEUED"
    KNOWN = "KNOWN"
    FULL = "FULL"


class RequestOutcome(StrEnum):
    """Whose an Idempotency-Key is: the caller's, or another request's, which is being accepted or is not."""

    MINE = "MINE"
    ACCEPTING = "ACCEPTING"
    TAKEN = "TAKEN"


class BindOutcome(StrEnum):
    """Of an API that names its upload folder. CHANGED: the queue had another one; FOREIGN: the folder is
    another service's; OTHER: living APIs of this queue have another one."""

    BOUND = "BOUND"
    CHANGED = "CHANGED"
    FOREIGN = "FOREIGN"
    OTHER = "OTHER"


class ClaimOutcome(StrEnum):
    """STALE: the element was taken back meanwhile; DUPLICATE: the task ended or runs elsewhere."""

    OK = "OK"
    LEASE_EXPIRED = "LEASE_EXPIRED"
    STALE = "STALE"
    DUPLICATE = "DUPLICATE"
    CANCELLED = "CANCELLED"
    DEAD = "DEAD"


class ClaimNumbers(NamedTuple):
    """What Redis knows of the attempt that a claim begins; as in `app.queue.claims.Claim`."""

    attempt: int
    max_attempts: int
    crashes: int
    waited_ms: int


class Lease(StrEnum):
    """What a worker is told about a task it runs: go on; it is another's now; it is no longer wanted."""

    RUN = "RUN"
    LOST = "LOST"
    CANCEL = "CANCEL"


class CheckpointOutcome(StrEnum):
    """KNOWN: the window was saved before; FENCED as in CompleteOutcome."""

    SAVED = "SAVED"
    KNOWN = "KNOWN"
    FENCED = "FENCED"


class CompleteOutcome(StrEnum):
    """APPLIED: this very call was applied before; FENCED: the claim is no longer the caller's; DELETED: the
    task is not wanted any more, and its result was not kept; ANSWERED: another result was there first."""

    DONE = "DONE"
    APPLIED = "APPLIED"
    FENCED = "FENCED"
    DELETED = "DELETED"
    ANSWERED = "ANSWERED"


class SettleOutcome(StrEnum):
    """What became of a claim that was given up; APPLIED and FENCED as in CompleteOutcome."""

    RELEASED = "RELEASED"
    RETRYING = "RETRYING"
    ERROR = "ERROR"
    CANCELLED = "CANCELLED"
    APPLIED = "APPLIED"
    FENCED = "FENCED"


class RequeueOutcome(StrEnum):
    """What became of an element of a processing list."""

    ALIVE = "ALIVE"
    CLAIMED = "CLAIMED"
    GONE = "GONE"
    DROPPED = "DROPPED"
    CANCELLED = "CANCELLED"
    DEAD = "DEAD"
    DELAYED = "DELAYED"
    REQUEUED = "REQUEUED"


class PromoteOutcome(StrEnum):
    """DROPPED: a duplicate of the delayed task ran or runs."""

    PROMOTED = "PROMOTED"
    DROPPED = "DROPPED"
    NOT_DUE = "NOT_DUE"


class DeleteOutcome(StrEnum):
    """REQUESTED: it runs; its worker is told at the next heartbeat, and nothing is left then."""

    UNKNOWN = "UNKNOWN"
    DELETED = "DELETED"
    REQUESTED = "REQUESTED"


class RestoreOutcome(StrEnum):
    """KNOWN: the task is done, cancelled, has a result, or is to be deleted."""

    RESTORED = "RESTORED"
    KNOWN = "KNOWN"


class Stage(StrEnum):
    """How far Redis knows a task to be; ANSWERED: a foreign worker wrote its result, and nothing else."""

    UNKNOWN = "UNKNOWN"
    WAITING = "WAITING"
    RUNNING = "RUNNING"
    ANSWERED = "ANSWERED"
    ENDED = "ENDED"


class Standing(NamedTuple):
    """What Redis knows of a task at one moment.

    `ended_seconds` is the time since its end by the clock of Redis, 0 where it has not ended; `failure` says
    why it ended without a transcript.
    """

    stage: Stage
    ended_seconds: float
    failure: TaskFailure | None


def parse_standing(stage: bytes, ended_ms: int, failure: bytes) -> Standing:
    """What survey.lua answers of one task."""
    known = Stage(stage.decode())
    if known is not Stage.ENDED:
        return Standing(known, 0.0, None)
    return Standing(known, ended_ms / 1000, parse_failure(failure))


class ReviveOutcome(StrEnum):
    """Whether a task was queued anew; the others say why not."""

    REVIVED = "REVIVED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    WAITING = "WAITING"
