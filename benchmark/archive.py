"""How quickly a full archive answers: `python3 -m benchmark.archive`. Starts an API and a Redis of its own.

The archive is filled with transcripts of half an hour; Redis still has the newest of them. Measured by HTTP:
pages of the list, single transcripts in two formats, searches for words that are rarer and rarer; the API's
memory before and after; the filling, and the size of the database.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Annotated

import httpx2
import psutil
import redis
import typer
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from app.archive.archive import Archive
from app.archive.database import open_engine
from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.queue.keys import Keys
from app.schemas.archived import ArchivedTask
from app.schemas.task import Task
from app.services.indexing import TranscriptIndexer
from benchmark.own_settings import own_environment, own_settings

console = Console()

SEGMENTS = 450
SEGMENT_SECONDS = 4.0
WORDS_A_SEGMENT = 10
VOCABULARY = 30_000
"""Words, of which the n-th is said 1/n as often as the first, as in speech."""

DIFFERENT = 1000
"""Transcripts that are made; each is archived many times under other ids."""

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Timing:
    """One kind of request; times in milliseconds."""

    what: str
    p50: float
    p95: float
    longest: float


def _words() -> list[str]:
    """Words of our own, those that are said most first."""
    chance = random.Random(3)
    letters = ("abcdefghijklmnoprstuvwyz", "абвгдежзиклмнопрстуфхцчшыя")
    made = ("".join(chance.choices(letters[n % 2], k=chance.randint(3, 10))) for n in range(2 * VOCABULARY))
    return list(dict.fromkeys(made))[:VOCABULARY]


def transcripts(chance: random.Random, count: int, segments: int = SEGMENTS) -> list[bytes]:
    """So many different ones, each of half an hour or of so many segments."""
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    words = _words()
    return [_transcript(chance, words, weights, segments) for _ in range(count)]


def _transcript(chance: random.Random, words: list[str], weights: list[float], length: int) -> bytes:
    """Speech of so many segments, as a worker writes it."""
    segments = []
    for number in range(length):
        start = number * SEGMENT_SECONDS
        text = " " + " ".join(chance.choices(words, cum_weights=weights, k=WORDS_A_SEGMENT))
        segments.append(
            {
                **{"id": number, "start": start, "end": start + SEGMENT_SECONDS - 0.2, "text": text},
                **{"avg_logprob": round(-chance.random(), 3), "no_speech_prob": round(chance.random(), 3)},
                **{"compression_ratio": round(1 + chance.random(), 3), "temperature": 0.0},
            }
        )
    text = "".join(str(segment["text"]) for segment in segments).strip()
    duration = length * SEGMENT_SECONDS
    result = {"text": text, "language": "en", "duration": duration, "segments": segments}
    return json.dumps(result, ensure_ascii=False).encode()


def _fill(settings: Settings, count: int, live: int) -> list[str]:
    """Archive so many transcripts, of which Redis knows the newest; their ids, new to old."""
    chance = random.Random(1)
    made = transcripts(chance, min(DIFFERENT, count))
    archive = Archive.from_settings(settings, TranscriptIndexer())
    now_ms, started = int(time.time() * 1000), time.perf_counter()
    ids = [f"{number:08x}-0000-4000-8000-000000000000" for number in range(count)]
    for number, task_id in enumerate(ids):
        task = ArchivedTask(
            task_id, now_ms - number * 60_000, None, f"talk {number}.mp3", "base", "en", 1800.0
        )
        archive.keep(task, made[number % len(made)])
    seconds = time.perf_counter() - started
    console.print(f"{count} transcripts of {len(made[0]) / 1024:.0f} KiB archived in {seconds:.0f} s")
    console.print(f"they take {archive.figures().used_bytes / MEBIBYTE:.0f} MiB, compressed")
    console.print(f"the database takes {_size(settings) / MEBIBYTE:.0f} MiB")
    archive.close()
    keys = Keys.from_settings(settings)
    with redis.Redis(port=settings.redis_port) as client:
        for number, task_id in enumerate(ids[:live]):
            at = now_ms - number * 60_000
            payload = Task(task_id=task_id, file_path="a.mp3").model_dump_json()
            client.hset(keys.task(task_id), mapping={"status": "done", "payload": payload, "created_at": at})
            client.zadd(keys.index, {task_id: at})
    return ids


def _size(settings: Settings) -> int:
    """Bytes of the database."""
    if settings.database_url is None:
        return sum(path.stat().st_size for path in settings.data_dir.glob("archive.db*"))
    engine = open_engine(settings)
    with engine.connect() as connection:
        size = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
    engine.dispose()
    return int(size)


@contextmanager
def running_api(settings: Settings, folder: Path) -> Iterator[tuple[httpx2.Client, psutil.Process]]:
    """An API on what was filled."""
    port = free_port()
    environment = own_environment(settings) | {"LOG_LEVEL": "WARNING"}
    command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port), "--log-level", "warning"]
    with (folder / "api.txt").open("ab") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            while not _answers(client):
                time.sleep(0.1)
            yield client, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/live").is_success
    except httpx2.TransportError:
        return False


def _timed(what: str, tries: int, ask: Callable[[int], httpx2.Response]) -> Timing:
    milliseconds = []
    for number in range(tries):
        started = time.perf_counter()
        ask(number).raise_for_status()
        milliseconds.append((time.perf_counter() - started) * 1000)
    p95 = statistics.quantiles(milliseconds, n=20)[-1]
    return Timing(what, statistics.median(milliseconds), p95, max(milliseconds))


def _measure(client: httpx2.Client, ids: list[str], live: int, tries: int) -> list[Timing]:
    chance = random.Random(2)
    old = ids[live:]
    cursors, cursor = [""], ""
    while cursor is not None:
        page = client.get(
            "/transcribe/", params={"limit": 200} | ({"cursor": cursor} if cursor else {})
        ).json()
        if (cursor := page["next_cursor"]) is not None:
            cursors.append(cursor)

    def page_of(limit: int) -> Callable[[int], httpx2.Response]:
        def ask(_: int) -> httpx2.Response:
            chosen = chance.choice(cursors)
            return client.get(
                "/transcribe/", params={"limit": limit} | ({"cursor": chosen} if chosen else {})
            )

        return ask

    def found(first: int, last: int, how_many: int = 1, **more: object) -> Callable[[int], httpx2.Response]:
        """Search for words of such ranks."""
        words = _words()

        def ask(_: int) -> httpx2.Response:
            question = " ".join(chance.choices(words[first:last], k=how_many))
            return client.get("/search", params={"q": question, **more})

        return ask

    middle = f"{(int(time.time()) - len(ids) * 30) * 1000}~x"
    return [
        _timed("search, a word of the first 30", tries, found(0, 30)),
        _timed("search, a word of the first 3,000", tries, found(0, 3000)),
        _timed("search, any word", tries, found(0, VOCABULARY)),
        _timed("search, two words of the first 3,000", tries, found(0, 3000, 2)),
        _timed("search, a page in the middle", tries, found(0, 3000, cursor=middle)),
        _timed(
            "search, with language and length",
            tries,
            found(0, 3000, language="en", min_duration=60, to="2100-01-01"),
        ),
        _timed("search, all, newest first", tries, lambda _: client.get("/search")),
        _timed("list, first page of 50", tries, lambda _: client.get("/transcribe/")),
        _timed("list, any page of 50", tries, page_of(50)),
        _timed("list, any page of 200", tries, page_of(200)),
        _timed("open, JSON", tries, lambda _: client.get(f"/transcribe/{chance.choice(old)}")),
        _timed("open, SRT", tries, lambda _: client.get(f"/transcribe/{chance.choice(old)}?format=srt")),
        _timed("metrics", min(tries, 50), lambda _: client.get("/metrics")),
    ]


def main(
    count: Annotated[int, typer.Option(help="Transcripts in the archive.")] = 10_000,
    live: Annotated[int, typer.Option(help="How many of them Redis has, too.")] = 500,
    tries: Annotated[int, typer.Option(help="Requests of each kind.")] = 400,
    database_url: Annotated[str, typer.Option(help="PostgreSQL, empty; none: SQLite.")] = "",
) -> None:
    """Fill an archive, and ask for what is in it."""
    with tempfile.TemporaryDirectory(prefix="archive") as name:
        folder = Path(name)
        server = RedisServer(folder / "redis", free_port())
        server.start()
        settings = own_settings(
            server.port,
            folder,
            database_url=SecretStr(database_url) if database_url else None,
        )
        try:
            ids = _fill(settings, count, live)
            with running_api(settings, folder) as (client, process):
                before = process.memory_info().rss
                timings = _measure(client, ids, live, tries)
                after = process.memory_info().rss
        finally:
            server.stop()
    table = Table("request", "p50 ms", "p95 ms", "longest ms")
    for each in timings:
        table.add_row(each.what, f"{each.p50:.1f}", f"{each.p95:.1f}", f"{each.longest:.1f}")
    console.print(table)
    console.print(
        f"memory of the API: {before / MEBIBYTE:.0f} MiB at first, {after / MEBIBYTE:.0f} MiB at the end"
    )


if __name__ == "__main__":
    typer.run(main)
