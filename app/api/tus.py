"""Headers of the tus protocol for resumable uploads, version 1.0.0 (https://tus.io/protocols/resumable-upload).

Written here and not taken from a library: the one that there is for FastAPI (tuspyserver 4.4) writes a body
before it looks at the caller's key, holds uploads in memory that come with their creation, and asks of every
client two names of metadata that the protocol leaves open.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from fastapi import Request

from app.api.headers import add_headers
from app.core.config import Settings
from app.core.errors import InvalidParameter, UnsupportedMediaType, UnsupportedProtocol
from app.core.names import refuse_unknown
from app.core.validation import shown_name
from app.schemas.resumable import ResumableUpload
from app.services.options import OPTIONS, UPLOAD, parse_options
from app.storage.base import StoredResumable

VERSION = "1.0.0"

EXTENSIONS = "creation,creation-defer-length,creation-with-upload,expiration,termination"

CONTENT_TYPE = "application/offset+octet-stream"

MOST_METADATA_BYTES = 8192

TRANSCRIBE = "transcribe"
"""Name of metadata: a JSON object of options, of an upload that is to become a task even where its client
goes away. The other names are those that tus clients use."""


def check_version(request: Request) -> None:
    """Raise UnsupportedProtocol where the request is in no version of tus that is spoken here."""
    version = request.headers.get("tus-resumable")
    add_headers(request, {"Tus-Resumable": VERSION})  # of every answer, errors too
    if version != VERSION:
        add_headers(request, {"Tus-Version": VERSION})
        said = "no header `Tus-Resumable`" if version is None else f"version {version}"
        raise UnsupportedProtocol(f"The request has {said}; send `Tus-Resumable: {VERSION}`.")


def number_in(request: Request, header: str) -> int | None:
    """The number of bytes in a header; None where it is not there. Raises InvalidParameter."""
    text = request.headers.get(header)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidParameter(f"`{header}` must be a number of bytes.", parameter=header)
    return int(text)


def has_bytes(request: Request) -> bool:
    """Whether a body of the upload's bytes comes with the request."""
    return request.headers.get("content-type") == CONTENT_TYPE


def check_has_bytes(request: Request) -> None:
    """Raise UnsupportedMediaType where no such body comes."""
    if not has_bytes(request):
        raise UnsupportedMediaType(f"The body of this request must be of the type {CONTENT_TYPE}.")


def upload_of(request: Request, upload_id: str, owner: str | None, settings: Settings) -> ResumableUpload:
    """The upload that a request begins. Raises InvalidParameter, UnknownParameter, UnknownModel."""
    length = number_in(request, "Upload-Length")
    is_deferred = request.headers.get("upload-defer-length") == "1"
    if (length is None) != is_deferred:
        raise InvalidParameter(
            "Send either `Upload-Length`, the bytes of the recording, or `Upload-Defer-Length: 1`.",
            parameter="Upload-Length",
        )
    header = request.headers.get("upload-metadata", "")
    metadata = _metadata(header)
    return ResumableUpload(
        upload_id=upload_id,
        owner=owner,
        length=length,
        is_live=is_deferred,
        metadata=header,
        filename=shown_name(metadata.get("filename") or metadata.get("name") or ""),
        filetype=metadata.get("filetype") or metadata.get("type") or "",
        transcribe=_options(metadata, settings),
    )


def _metadata(header: str) -> dict[str, str]:
    """Names and values of an Upload-Metadata header. Raises InvalidParameter."""
    if len(header) > MOST_METADATA_BYTES:
        raise InvalidParameter(
            f"`Upload-Metadata` is longer than {MOST_METADATA_BYTES} bytes.", parameter="Upload-Metadata"
        )
    found = {}
    for pair in filter(None, map(str.strip, header.split(","))):
        name, _, value = pair.partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise InvalidParameter(
                f"The value of {name!r} in `Upload-Metadata` is no UTF-8 text in base64.",
                parameter="Upload-Metadata",
            ) from error
    return found


def _options(metadata: Mapping[str, str], settings: Settings) -> dict[str, str] | None:
    """Options in the metadata, checked; None where there are none."""
    text = metadata.get(TRANSCRIBE)
    if text is None:
        return None
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise InvalidParameter(
            f"`{TRANSCRIBE}` in `Upload-Metadata` must be a JSON object of texts, such as "
            '{"language": "ru"}.',
            parameter=TRANSCRIBE,
        )
    refuse_unknown(given, [name for name in OPTIONS if name not in ("url", UPLOAD)])
    parse_options({name: [value] for name, value in given.items()}, settings)
    return given


def capabilities(settings: Settings) -> dict[str, str]:
    """Headers that tell what the server can do."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(settings.max_upload_bytes),
    }


def progress(stored: StoredResumable, settings: Settings) -> dict[str, str]:
    """Headers of the answer to bytes."""
    expires = datetime.now(UTC) + timedelta(seconds=settings.resumable_upload_seconds)
    return {
        "Upload-Offset": str(stored.offset),
        "Upload-Expires": format_datetime(expires, usegmt=True),
        "Cache-Control": "no-store",
    }


def description(stored: StoredResumable) -> dict[str, str]:
    """Headers that tell what an upload is and how far it has come."""
    upload = stored.upload
    length = {"Upload-Defer-Length": "1"} if upload.length is None else {"Upload-Length": str(upload.length)}
    metadata = {"Upload-Metadata": upload.metadata} if upload.metadata else {}
    return {
        "Upload-Offset": str(stored.offset),
        "Cache-Control": "no-store",
        **length,
        **metadata,
    }
