"""A web server of the test's own, standing where the model hub or OpenAI's server stands."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "a" * 40


class _Handler(BaseHTTPRequestHandler):
    files: dict[str, bytes]
    large: frozenset[str]
    requests: list[str]
    wrong_sums: bool

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self.requests.append(f"{self.path} {self.headers.get('Range', '')}".strip())
        self._answer(body=True)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the test reads `requests`."""

    def _answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        if path.startswith(("/api/models/", "/api/datasets/")):
            answer = self._tree() if "/tree/" in path else self._model_info()
            return self._send(200, json.dumps(answer).encode(), {"Content-Type": "application/json"}, body)
        content = next((each for name, each in self.files.items() if path.endswith(f"/{name}")), None)
        if content is None:
            return self._send(404, b"", {}, body)
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        asked = self.headers.get("Range")
        if asked is None:
            return self._send(200, content, headers, body)
        first = int(asked.removeprefix("bytes=").split("-")[0])
        if first >= len(content):
            return self._send(416, b"", headers, body)
        headers["Content-Range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return self._send(206, content[first:], headers, body)

    def _send(self, status: int, content: bytes, headers: dict[str, str], body: bool) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _tree(self) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": name, "size": len(content), "oid": "b" * 40}
            for name, content in self.files.items()
        ]

    def _model_info(self) -> dict[str, object]:
        siblings = []
        for name, content in self.files.items():
            digest = "0" * 64 if self.wrong_sums else hashlib.sha256(content).hexdigest()
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": "b" * 40}
            if name in self.large:
                entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
            siblings.append(entry)
        return {
            "id": "x/y",
            "modelId": "x/y",
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "siblings": siblings,
        }


@contextmanager
def serving(
    files: dict[str, bytes], *, large: frozenset[str] = frozenset(), wrong_sums: bool = False
) -> Iterator[tuple[str, list[str]]]:
    """Serve `files` by name: the address, and the list of GET requests with their ranges."""
    requests: list[str] = []
    fields = {"files": files, "large": large, "requests": requests, "wrong_sums": wrong_sums}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), fields))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
