"""What can go wrong between a program and the service; `str(error)` is one sentence for a person.

ClientError
├── ServiceProblem        the service answered with a problem
├── ServiceUnreachable    it did not answer, however often it was asked
├── ProtocolBroken        what came, or was to be sent, is not what the two had agreed on
└── TaskFailed            the task ended as `error`
"""


class ClientError(Exception):
    """Base of all expected errors."""


class ServiceProblem(ClientError):
    """The service refused: problem details (RFC 9457), of which `code` is what programs compare."""

    def __init__(self, code: str, detail: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.status = status
        self.retry_after = retry_after


class ServiceUnreachable(ClientError):
    """No answer, after all tries."""


class ProtocolBroken(ClientError):
    """Another program answers at that address, or the file changed while it was being sent."""


class TaskFailed(ClientError):
    """The recording could not be transcribed; `code` and `message` are the task's error."""

    def __init__(self, task_id: str, code: str, message: str) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.code = code
        self.message = message
