"""Settings: leases, attempts and what is kept of tasks."""

from pydantic import Field
from pydantic_settings import BaseSettings


class QueueSettings(BaseSettings):
    """Leases, attempts and what is kept of tasks."""

    max_queue_length: int = Field(10_000, ge=0, description="Tasks that may wait (429 beyond); 0 = no limit.")
    max_attempts: int = Field(3, ge=1, description="Attempts before a task goes to the dead-letter list.")
    lease_seconds: float = Field(
        30, gt=0, description="A worker that is silent this long has lost its tasks."
    )
    heartbeat_seconds: float = Field(5, gt=0, description="Time between two renewals of a lease.")
    maintenance_seconds: float = Field(5, gt=0, description="Time between two looks for lost or due tasks.")
    claim_block_seconds: float = Field(2, gt=0, description="How long one claim waits in Redis for a task.")
    retry_backoff_seconds: float = Field(
        5, ge=0, description="First delay before a retry; doubles each time."
    )
    retry_backoff_max_seconds: float = Field(600, ge=0, description="Longest delay before a retry.")
    drain_seconds: float = Field(20, ge=0, description="Time a running task gets to end after SIGTERM.")
    result_ttl_seconds: int = Field(
        604_800, ge=0, description="How long results are kept after the task ended; 0 = for ever."
    )
    dead_list_length: int = Field(1000, ge=1, description="Dead letters that are kept.")
    orphan_upload_seconds: float = Field(
        86_400, gt=0, description="Uploads that no task owns are removed at this age."
    )
    task_timeout_seconds: float = Field(
        600,
        gt=0,
        description="Longest time without a finished window; times the tasks that a worker has in hand.",
    )
