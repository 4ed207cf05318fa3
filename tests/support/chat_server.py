"""A chat server of the test's own, that speaks as OpenAI's does or fails in the ways that servers fail."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def instructions(self) -> str:
        return str(self.body["messages"][0]["content"])

    @property
    def text(self) -> str:
        return str(self.body["messages"][1]["content"])


@dataclass(frozen=True)
class Reply:
    """What the server does with a request: `sent` of its content, then the connection ends."""

    status: int = 200
    content: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None


def completion(text: str) -> Reply:
    """An answer as it should be."""
    answer = {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    return Reply(content=json.dumps(answer).encode(), headers={"Content-Type": "application/json"})


@dataclass
class ChatStandIn:
    """Answers with the `replies` in their order, then with `usual`; `held`: not before `go` is set."""

    url: str
    asked: list[Asked] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    usual: Callable[[Asked], Reply] = lambda _: completion("They will walk.")
    held: bool = False
    go: threading.Event = field(default_factory=threading.Event)


@contextmanager
def chat_server() -> Iterator[ChatStandIn]:
    """Listens until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = Asked(self.path, {k.lower(): v for k, v in self.headers.items()}, json.loads(body))
            stand_in.asked.append(asked)
            if stand_in.held:
                stand_in.go.wait(30)
            reply = stand_in.replies.pop(0) if stand_in.replies else stand_in.usual(asked)
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content[: reply.sent])
            except OSError:  # who asked has gone
                return

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the test reads `asked`."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in = ChatStandIn(f"http://127.0.0.1:{server.server_port}/v1")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield stand_in
    finally:
        stand_in.go.set()
        server.shutdown()
        thread.join()
        server.server_close()
