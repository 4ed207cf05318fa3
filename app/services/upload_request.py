"""What the services take of a request with a recording, whatever its dialect, and what it became."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from app.schemas.caller import Caller
from app.services.options import Options


@dataclass(frozen=True, slots=True)
class UploadRequest:
    """What comes with a recording.

    `values` are those of the fields that matter, by name: those from outside the form, to which the form's
    are added; `read` understands them, or raises a RequestError; `content_length` are the bytes announced,
    `idempotency_key` the client's name of the request; `refuses_unknown`: a form field that is not among
    `values` is an error, and not left alone; `named` gives the name in `values` of a form field;
    `is_awaited`: the caller waits for the transcript, and knows its task by nothing but this request;
    `is_left`: nobody asks any more for what came of an upload.
    """

    values: dict[str, list[str]]
    read: Callable[[Mapping[str, Sequence[str]]], Options]
    caller: Caller
    content_length: int | None = None
    idempotency_key: str | None = None
    refuses_unknown: bool = False
    named: Callable[[str], str] = str
    is_awaited: bool = False
    is_left: bool = False


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The task that a request became; `replayed`: the same request came before, and became this task.

    `fingerprint` names what is asked of which recording; where it `may_be_shared`, equal requests at the same
    time may have one task.
    """

    task_id: str
    fingerprint: str
    may_be_shared: bool
    replayed: bool = False
