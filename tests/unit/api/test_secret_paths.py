"""Paths that are secrets are told without them."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from starlette.types import Receive, Scope, Send

from app.api.secret_paths import SecretPaths, told_path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/shared/abc_-1/audio", "/shared/{token}/audio"),
        ("/shared/abc?format=srt", "/shared/{token}?format=srt"),
        ("//shared//abc", "//shared//{token}"),
        ("/below/shared/abc/result", "/below/shared/{token}/result"),
        ("/shared/ abc/result", "/shared/{token}/result"),
        ("/shared/Look: abc", "/shared/{token}"),
        ("/Shared/abc", "/Shared/{token}"),
        ("/shared/", "/shared/"),
        ("/transcribe/shared", "/transcribe/shared"),
        ("127.0.0.1:50684", "127.0.0.1:50684"),
    ],
)
def test_a_path_is_told_without_its_secret(path: str, told: str) -> None:
    assert told_path(path) == told


async def test_traces_hold_no_secret() -> None:
    scope: Scope = {"type": "http", "path": "/shared/abc/result"}

    async def app(inside: Scope, _: Receive, __: Send) -> None:
        assert inside["path"] == "/shared/abc/result", "routes still see it"

    async def nothing(*_: object) -> None:
        return None

    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("GET", attributes={"url.path": scope["path"]}):
        await SecretPaths(app)(scope, nothing, nothing)  # type: ignore[arg-type]
        span = trace.get_current_span()
        assert isinstance(span, ReadableSpan)
        assert dict(span.attributes or {}) == {"url.path": "/shared/{token}/result"}
    assert scope["state"]["headers"]["cache-control"] == "no-store"
