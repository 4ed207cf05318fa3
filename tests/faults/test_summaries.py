"""An API is killed while it has transcripts summarised: each summary is made once, and none is forgotten."""

import json
import random
import re
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import update

from app.api.lifespan import SUMMARIES_AT_ONCE
from app.archive.archive import Archive
from app.archive.database import open_engine, transaction
from app.archive.tables import summaries
from app.core.config import Settings
from app.schemas.archived import ArchivedTask
from app.schemas.task import TaskStatus
from tests.faults.harness import QUICK, Service, running_service
from tests.support.chat_server import Asked, ChatStandIn, Reply, chat_server, completion

pytestmark = pytest.mark.faults

TALKS, PARTS = 4, 4
QUESTIONS = TALKS * (PARTS + 1)
MOST_MILLISECONDS = 15.0


@dataclass
class Doom:
    """Answers as a chat model does, and kills all APIs so long after question number `question`, of all that
    are asked: while it is answered, or while the answer is written down."""

    service: Service
    question: int
    milliseconds: float
    asked: int = 0
    has_come: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, asked: Asked) -> Reply:
        """Of a part: which it is; of the notes on the parts: all that they say."""
        with self._lock:
            self.asked += 1
            if self.asked == self.question:
                threading.Timer(self.milliseconds / 1000, self._kill).start()
        if part := re.search(r"part (\d) of \d", asked.instructions):
            return completion(f"{_talk_of(asked)}.{part[1]}")
        return completion(f"Summary of {' '.join(asked.text.split())}")

    def _kill(self) -> None:
        self.service.kill_apis()
        self.has_come.set()


def _talk_of(asked: Asked) -> str:
    found = re.search(r"talk\d", asked.text)
    assert found is not None
    return found[0]


def _result(name: str) -> bytes:
    """A transcript that is too long for one question: its paragraphs make PARTS of it."""
    texts = [f" Sentence {number} of {name} says something that is worth a note." for number in range(45)]
    segments = [
        {"start": 2.0 * number, "end": 2.0 * number + 1, "text": text} for number, text in enumerate(texts)
    ]
    return json.dumps({"text": "".join(texts).strip(), "segments": segments}).encode()


RESULTS = {name: _result(name) for name in (f"talk{number}" for number in range(TALKS))}


@pytest.fixture
def chat() -> Iterator[ChatStandIn]:
    with chat_server() as stand_in:
        yield stand_in


@pytest.fixture
async def service(
    settings_for: Callable[..., Settings], chat: ChatStandIn, tmp_path: Path
) -> AsyncIterator[Service]:
    values = {"archive": True, "summary_url": chat.url, "summary_input_characters": 1000}
    async with running_service(settings_for(**QUICK | values), tmp_path) as running:
        yield running


@pytest.fixture
def archive(service: Service) -> Iterator[Archive]:
    """The transcripts, all of which are to be summarised."""
    archive = Archive.from_settings(service.settings)
    for number, (name, result) in enumerate(RESULTS.items(), 1):
        assert archive.keep(ArchivedTask(name, number), result, is_summarised=True)
    yield archive
    archive.close()


def _let_attempts_expire(settings: Settings) -> None:
    """SUMMARY_TIMEOUT_SECONDS and a minute are over for those that were killed."""
    engine = open_engine(settings)
    with engine.connect() as connection, transaction(connection):
        connection.execute(update(summaries).where(summaries.c.token.is_not(None)).values(due_ms=0))
    engine.dispose()


def _made(archive: Archive) -> dict[str, str]:
    found = {name: archive.summaries.read(name) for name in RESULTS}
    return {
        name: summary.text or ""
        for name, summary in found.items()
        if summary is not None and summary.status is TaskStatus.DONE
    }


async def test_an_api_is_killed_while_it_summarises(
    service: Service, archive: Archive, chat: ChatStandIn, attempt: int
) -> None:
    chance = random.Random(attempt)
    doom = Doom(service, chance.randint(1, QUESTIONS // 2), chance.uniform(0, MOST_MILLISECONDS))
    chat.usual = doom.answer

    async def is_dead() -> bool:
        return doom.has_come.is_set()

    async def are_all_made() -> bool:
        return len(_made(archive)) == TALKS

    service.start_api()  # Under load it may be killed before it has answered anyone.
    await service.until(is_dead, 60)
    made, before = _made(archive), len(chat.asked)
    assert len(made) < TALKS
    _let_attempts_expire(service.settings)
    async with service.api():
        await service.until(are_all_made, 60)

    assert _made(archive) == {
        name: f"Summary of {' '.join(f'{name}.{part}' for part in range(1, PARTS + 1))}" for name in RESULTS
    }
    assert {_talk_of(asked) for asked in chat.asked[before:]} == RESULTS.keys() - made.keys()
    questions = Counter((asked.instructions, asked.text) for asked in chat.asked)
    assert len(questions) == QUESTIONS
    # Asked again is only what each of them had not written down yet.
    assert questions.total() - len(questions) <= SUMMARIES_AT_ONCE
    assert archive.summaries.take(60) is None
    assert {name: content.result for name, content in archive.contents(RESULTS).items()} == RESULTS
