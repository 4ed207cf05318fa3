"""One trace from the request to the result, through API, supervisor and engine process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from app.launcher.redis_server import RedisServer
from tests.integration.api.service import ASSETS
from tests.processes import ApiProcess, Worker, settings_of_whole

pytestmark = pytest.mark.weights

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@dataclass
class Collector:
    """Takes traces, as an OpenTelemetry collector does."""

    port: int = 0
    spans: list[tuple[str, Span]] = field(default_factory=list)
    """Service and span, in the order of their coming."""

    def of_trace(self, trace_id: str) -> dict[str, tuple[str, Span]]:
        """The spans of one trace, by name."""
        return {span.name: (who, span) for who, span in self.spans if span.trace_id.hex() == trace_id}

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Listen until the block ends."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/v1/traces"
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    [service] = [
                        each.value.string_value
                        for each in resource.resource.attributes
                        if each.key == "service.name"
                    ]
                    collector.spans += [
                        (service, span) for scope in resource.scope_spans for span in scope.spans
                    ]
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing is to be printed."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def test_a_trace_goes_from_the_request_to_the_result(
    redis_server: RedisServer, base_weights: Path, tmp_path: Path
) -> None:
    collector = Collector()
    with collector.collecting():
        settings = settings_of_whole(
            *("traced", redis_server, base_weights, tmp_path),
            otel_exporter_otlp_endpoint=f"http://127.0.0.1:{collector.port}",
        )
        api, worker = ApiProcess(settings), Worker(settings)
        try:
            answer = httpx2.post(
                f"{api.url}/transcribe/",
                files={"file": ("talk.mp3", (ASSETS / "speech_en.mp3").read_bytes())},
                headers={"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"},
            )
            task = f"{api.url}/transcribe/{answer.json()['task_id']}"
            state = httpx2.get(task, params={"wait": 60}, timeout=90).json()
        finally:
            worker.stop()
            api.stop()
    assert state["status"] == "done"

    spans = collector.of_trace(TRACE_ID)
    assert {name: who for name, (who, _) in spans.items()}.items() >= {  # FastAPI adds some of its own
        "POST /transcribe/": "transcriber-api",
        "receive upload": "transcriber-api",
        "probe": "transcriber-api",
        "wait in the queue": "transcriber-worker",
        "attempt": "transcriber-worker",
        "engine": "transcriber-engine",
        "transcribe": "transcriber-engine",
    }.items()
    parents = {name: span.parent_span_id for name, (_, span) in spans.items()}
    assert parents["transcribe"] == spans["engine"][1].span_id
    assert parents["engine"] == spans["attempt"][1].span_id
    assert parents["attempt"] in [span.span_id for who, span in spans.values() if who == "transcriber-api"]
