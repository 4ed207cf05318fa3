"""Many clients in one thread: each has a connection of its own, and asks again when it was answered."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

HEAD_END = b"\r\n\r\n"
LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Answered:
    """What some clients got in some seconds; times in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


async def poll(port: int, paths: Sequence[str], clients: int, seconds: float, pause: float = 0.0) -> Answered:
    """Let so many clients ask for so long, each with a pause between answer and next question."""
    latencies: list[float] = []
    errors = 0
    until = time.perf_counter() + seconds

    async def client(number: int) -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = f"GET {paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        await asyncio.sleep(pause * number / clients)
        while time.perf_counter() < until:
            started = time.perf_counter()
            writer.write(request)
            ok = await _answer(reader)
            latencies.append(time.perf_counter() - started)
            errors += not ok
            if pause:
                await asyncio.sleep(pause)
        writer.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    ordered = sorted(latencies)
    return Answered(
        per_second=len(ordered) / seconds,
        p50_ms=1000 * statistics.median(ordered),
        p99_ms=1000 * ordered[int(len(ordered) * 0.99)],
        errors=errors,
    )


async def listen(port: int, path: str, seconds: float) -> int:
    """Follow a task; the bytes that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while chunk := await reader.read(65536):
                size += len(chunk)
    except TimeoutError:
        pass
    writer.close()
    return size


async def _answer(reader: asyncio.StreamReader) -> bool:
    """Read one answer; whether its status was 200."""
    head = (await reader.readuntil(HEAD_END)).lower()
    start = head.index(LENGTH) + len(LENGTH)
    await reader.readexactly(int(head[start : head.index(b"\r", start)]))
    return b" 200 " in head[:16]
