"""Which waiting task a worker takes, by what it has room for."""

import json
from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from app.queue import line as line_module
from app.queue.line import Line
from app.queue.room import EVERYTHING, Demand, Room
from app.schemas.task import TaskKind
from tests.support.queue import Queue, connected

SHORT_ONLY = Room(normal=False, high=False, fetch=False, short_seconds=60)
NO_FETCH = Room(fetch=False)
FETCH_ONLY = Room(normal=False, high=False, short=False)
NOTHING = Room(normal=False, high=False, short=False, fetch=False)
HIGH_ONLY = Room(normal=False, short=False, fetch=False)

LONG, SHORT = '"duration": 1200', '"duration":7.5'
URL = '"url": "https://example.org/a.mp3"'


def element(task_id: str, *fields: str) -> bytes:
    return ("{" + ", ".join([f'"task_id": "{task_id}", "file_path": "a.wav"', *fields]) + "}").encode()


async def push(queue: Queue, *elements: bytes, high: bool = False) -> None:
    for each in elements:
        await queue.commands.lpush(queue.keys.high if high else queue.keys.queue, each)


async def take(queue: Queue, room: Room, *, line: Line | None = None) -> str | None:
    """Id of the task that is taken, which then is in the worker's list and nowhere else."""
    line = line or Line(queue.settings, "w1", queue.blocking)
    taken = await line.take(room, wait=False)
    if taken is None:
        return None
    assert (await queue.elements(queue.keys.processing("w1")))[0] == taken
    assert taken not in await queue.elements(queue.keys.queue)
    return str(json.loads(taken)["task_id"])


@pytest.mark.parametrize(
    ("fields", "is_short"),
    [
        ([SHORT], True),
        (['"duration":60'], True),
        (['"duration": 60.001'], False),
        (['"duration" : 5e1'], True),
        ([LONG], False),
        ([LONG, '"trim": 30'], True),
        ([SHORT, '"trim": 3600'], True),
        (['"trim":10.0'], True),
        ([], False),
        (['"duration": NaN'], False),
        (['"duration": -5'], False),
        (['"duration": "7"'], False),
        (['"prompt": "\\"duration\\": 5, "'], False),
        ([SHORT, '"filename": "\\"url\\": \\"https://example.org\\""'], True),
        ([SHORT, '"url": null'], True),
        ([SHORT, URL], False),
    ],
)
async def test_what_is_short(queue: Queue, fields: list[str], is_short: bool) -> None:
    await push(queue, element("t", *fields))
    assert await take(queue, SHORT_ONLY) == ("t" if is_short else None)


@pytest.mark.parametrize(
    ("room", "order"),
    [
        (EVERYTHING, ["high long", "high short", "long", "url", "short", "last"]),
        (NO_FETCH, ["high long", "high short", "long", "short", "last"]),
        (SHORT_ONLY, ["high short", "short", "last"]),
        (FETCH_ONLY, ["url"]),
        (HIGH_ONLY, ["high long", "high short"]),
        (Room(normal=False, short_seconds=60), ["high long", "high short", "url", "short", "last"]),
        (NOTHING, []),
    ],
)
async def test_each_in_its_turn_as_far_as_there_is_room(queue: Queue, room: Room, order: list[str]) -> None:
    await push(
        queue,
        *(element("long", LONG), element("url", LONG, URL), element("short", SHORT), element("last", SHORT)),
    )
    await push(queue, element("high long", LONG), element("high short", SHORT), high=True)
    line = Line(queue.settings, "w1", queue.blocking)
    taken = [await take(queue, room, line=line) for _ in range(6)]
    assert [name for name in taken if name is not None] == order


async def test_a_short_one_is_found_behind_many_long_ones(queue: Queue) -> None:
    await push(queue, *(element(f"long{number}", LONG) for number in range(350)), element("t", SHORT))
    assert await take(queue, SHORT_ONLY) == "t"
    assert await take(queue, EVERYTHING) == "long0", "the order of the others stays"


async def test_what_comes_later_is_found_without_looking_at_all_again(queue: Queue) -> None:
    line = Line(queue.settings, "w1", queue.blocking)
    await push(queue, *(element(f"long{number}", LONG) for number in range(5)))
    assert await take(queue, SHORT_ONLY, line=line) is None
    await push(queue, element("one", SHORT), element("longer", LONG), element("two", SHORT))
    assert await take(queue, NO_FETCH) == "long0", "another worker takes the one that is next"
    assert [await take(queue, SHORT_ONLY, line=line) for _ in range(3)] == ["one", "two", None]


async def test_where_it_had_come_to_may_be_gone(queue: Queue) -> None:
    line = Line(queue.settings, "w1", queue.blocking)
    await push(queue, element("long", LONG))
    assert await take(queue, SHORT_ONLY, line=line) is None
    await queue.commands.delete(queue.keys.queue)
    await push(queue, element("one", SHORT), element("other", LONG))
    assert await take(queue, SHORT_ONLY, line=line) == "one"


async def test_what_is_put_back_in_front_is_found_a_little_later(
    queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(queue.settings, "w1", queue.blocking)
    await push(queue, element("long", LONG))
    assert await take(queue, SHORT_ONLY, line=line) is None
    await queue.commands.rpush(queue.keys.queue, element("again", SHORT))
    monkeypatch.setattr(line_module, "LOOK_ANEW_SECONDS", -1.0)
    assert await take(queue, SHORT_ONLY, line=line) == "again"


@pytest.mark.parametrize("garbage", [b"no json", b"[]", b"\xff\xfe", b""])
async def test_garbage_is_taken_by_whoever_takes_all(queue: Queue, garbage: bytes) -> None:
    await push(queue, garbage)
    line = Line(queue.settings, "w1", queue.blocking)
    assert await line.take(SHORT_ONLY, wait=False) is None
    assert await line.take(NO_FETCH, wait=False) == garbage


async def test_a_full_redis_lets_tasks_be_taken(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings]
) -> None:
    async with connected(quick(redis_port=own_server().port)) as queue:
        await push(queue, element("long", LONG), element("t", SHORT))
        await queue.commands.config_set("maxmemory", 1)
        assert await take(queue, SHORT_ONLY) == "t"


@pytest.mark.parametrize(
    ("fields", "is_taken"),
    [
        (['"model": "base"'], False),
        (['"model":"base"', '"task":"transcribe"'], False),
        (['"model": "base"', '"task": "translate"'], True),
        (['"model": "small"'], True),
        ([], True),
        (['"model": null'], True),
        (['"prompt": "\\"model\\": \\"base\\""'], True),
    ],
)
async def test_what_is_not_wanted_is_left(queue: Queue, fields: list[str], is_taken: bool) -> None:
    await push(queue, element("a", *fields))
    room = Room(unwanted=frozenset({Demand("base", TaskKind.TRANSCRIBE)}))
    assert not room.is_unlimited
    assert await take(queue, room) == ("a" if is_taken else None)


async def test_a_task_without_a_model_is_for_the_default_one(queue: Queue) -> None:
    await push(queue, element("a"))
    unwanted = frozenset({Demand(queue.settings.default_model, TaskKind.TRANSCRIBE)})
    assert await take(queue, Room(unwanted=unwanted)) is None
    assert await take(queue, EVERYTHING) == "a"
