"""Requests of the tus protocol, as a client of it sends them."""

import base64
import socket

import httpx2

from app.storage.opening import open_storage
from tests.support.api import ASSETS, Service

SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
VERSION = {"Tus-Resumable": "1.0.0"}
BYTES = VERSION | {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> dict[str, str]:
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())
    return {"Upload-Metadata": ",".join(pairs)}


def begin(client: httpx2.Client, length: int | None = len(SPEECH), **values: str) -> str:
    """The address of a new upload."""
    told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    answer = client.post("/uploads/", headers=VERSION | told | metadata(**values))
    assert answer.status_code == 201, answer.text
    assert answer.headers["upload-offset"] == "0"
    return str(answer.headers["location"])


def go_on(client: httpx2.Client, address: str, offset: int, data: bytes, **more: str) -> httpx2.Response:
    headers = BYTES | {"Upload-Offset": str(offset)} | more
    return client.patch(address, content=data, headers=headers)


def offset_of(client: httpx2.Client, address: str) -> int:
    answer = client.head(address, headers=VERSION)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return int(answer.headers["upload-offset"])


def transcribe(client: httpx2.Client, address: str, **options: str) -> httpx2.Response:
    return client.post("/transcribe/", params={"upload": address.rpartition("/")[2], **options})


def unfinished(service: Service, address: str, data: bytes, announced: int) -> socket.socket:
    """A request that has sent a part of what it announced, and sends no more."""
    line = socket.create_connection(("127.0.0.1", service.port))
    head = (
        f"PATCH {address} HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nContent-Length: {announced}\r\n\r\n"
    )
    line.sendall(head.encode() + data)
    return line


def stored(service: Service, address: str) -> int:
    """Bytes that are kept."""
    found = open_storage(service.settings).resumables.read(address.rpartition("/")[2])
    assert found is not None
    return found.offset


def content_of(service: Service, address: str) -> bytes:
    """The bytes themselves: those of one file, or of pieces in a bucket."""
    upload_id = address.rpartition("/")[2]
    pieces = [path for path in service.folder.rglob("*") if upload_id in str(path) and _is_bytes(path.name)]
    return b"".join(path.read_bytes() for path in sorted(pieces, key=lambda path: path.name))


def _is_bytes(name: str) -> bool:
    return name.endswith(".bytes") or name.isdigit()
