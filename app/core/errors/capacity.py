"""Nothing is wrong with the request; the service cannot take it now."""

from app.core.errors.base import ServiceError


class CapacityError(ServiceError):
    """Nothing is wrong with the request; the service cannot take it now."""

    code = "unavailable"
    title = "Service unavailable"
    status = 503


class QueueFull(CapacityError):
    """The queue holds MAX_QUEUE_LENGTH tasks."""

    code = "queue_full"
    title = "Queue full"
    status = 429


class RateLimited(CapacityError):
    """The client sent more recordings than RATE_LIMIT or UPLOAD_LIMIT allow in some time."""

    code = "rate_limited"
    title = "Too many requests"
    status = 429


class QuotaExceeded(CapacityError):
    """The API key has used up its quota (KEY_QUOTAS)."""

    code = "quota_exceeded"
    title = "Quota exceeded"
    status = 429


class StillTranscribing(CapacityError):
    """The transcript takes longer than SYNC_WAIT_SECONDS; the task goes on."""

    code = "still_transcribing"
    title = "Still transcribing"


class StorageFull(CapacityError):
    """Free disk space is below MIN_FREE_DISK_MB."""

    code = "storage_full"
    title = "Insufficient storage"
    status = 507


class StorageUnavailable(CapacityError):
    """UPLOAD_DIR cannot be written, or the bucket does not answer."""

    code = "storage_unavailable"
    title = "Storage unavailable"


class StorageMisconfigured(StorageUnavailable):
    """The bucket of STORAGE_URL does not exist, or does not admit the service."""

    code = "storage_misconfigured"
    title = "Storage misconfigured"


class ForeignFolder(StorageUnavailable):
    """UPLOAD_DIR, or the place that STORAGE_URL names, is the folder of another service."""

    code = "foreign_folder"
    title = "Folder of another service"


class UploadLocked(CapacityError):
    """Another request writes the same resumable upload."""

    code = "upload_locked"
    title = "Upload locked"
    status = 423


class ArchiveUnavailable(CapacityError):
    """The database of finished transcripts does not answer, or cannot be written."""

    code = "archive_unavailable"
    title = "Archive unavailable"


class QueueUnavailable(CapacityError):
    """Redis does not answer."""

    code = "queue_unavailable"
    title = "Queue unavailable"


class QueueRefused(QueueUnavailable):
    """Redis, or the Sentinels, refuse the service's login, its TLS, or a command that it needs (ACL)."""

    code = "queue_refused"
    title = "Queue refuses the service"


class ClusterUnsupported(QueueUnavailable):
    """Redis runs in cluster mode, and the node that is connected does not serve all keys."""

    code = "redis_cluster_unsupported"
    title = "Redis Cluster is not supported"
