"""A real HTTP server on 127.0.0.1 whose answers a test writes byte by byte if it wants to."""

import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from app.net.address_policy import AddressPolicy

LOCAL = AddressPolicy(frozenset(), private_allowed=True)
PUBLIC_ONLY = AddressPolicy(frozenset(), private_allowed=False)

Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(frozen=True)
class Seen:
    """A request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers each path as `answers` says; `requests` are those that came."""

    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Seen] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    closing: threading.Event = field(default_factory=threading.Event)
    """Set at the end: an answer that stalls waits for it."""

    def __enter__(self) -> Self:
        self._server = _Quiet(("127.0.0.1", 0), _handler(self))
        if self.tls is not None:
            # The handshake is left to the thread of each connection: one that fails ends only that.
            self._server.socket = self.tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return int(self._server.server_address[1])

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Address of a path."""
        return f"http{'s' if self.tls else ''}://{host}:{self.port}{path}"


class _Quiet(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what many tests are about."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.requests.append(Seen(self.command, self.path, headers, body))
            self.close_connection = True
            server.answers[self.path](self)

        def log_message(self, *_: object) -> None:
            """Nothing to the terminal."""

    for method in ("do_GET", "do_POST"):
        setattr(Handler, method, Handler._answer)
    return Handler


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Answer:
    """A whole answer; `_` in names of headers stands for `-`, and Content-Length is right unless given."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"content_length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return write


def raw(*parts: bytes) -> Answer:
    """Exactly these bytes."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        for part in parts:
            handler.wfile.write(part)

    return write


def stalled(server: Server, *parts: bytes, then: Callable[[], None] = lambda: None) -> Answer:
    """These bytes, and then nothing until the server is closed; `then` is called in the midst of that."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        raw(*parts)(handler)
        server.closing.wait(0.2)
        then()
        server.closing.wait()

    return write


def endless(server: Server, head: bytes, part: bytes, pause: float = 0) -> Answer:
    """`head`, and then `part` again and again until the client hangs up."""

    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not server.closing.wait(pause):
            handler.wfile.write(part)

    return write


class Names:
    """A resolver of its own names, by first label; each look-up takes the next answer, the last one stays."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name: list(each) for name, each in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        """Addresses of `host`."""
        self.asked.append(host)
        answers = self._answers[host.partition(".")[0]]
        return answers.pop(0) if len(answers) > 1 else answers[0]
