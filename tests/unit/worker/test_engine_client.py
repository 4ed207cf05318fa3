"""The supervisor's side of the socket, with a real child that dies, hangs and talks nonsense."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from app.core.errors import EngineCrashed
from app.schemas.lending import Offer
from app.schemas.task import Task
from app.schemas.window import WindowDone
from app.worker import engine_client, engine_life
from app.worker.engine_client import EngineClient
from app.worker.messages import Failed, Fetched, Finished, Helped, Offered, Offering, Question, Reply, Stage
from app.worker.pending import EngineLost, Listener
from tests.support.serving import PATIENCE_SECONDS
from tests.unit.worker.test_messages import TRANSCRIPT

T = TypeVar("T")

SMALL_ENGINE = (sys.executable, "-S", str(Path(__file__).with_name("small_engine.py")))
TRANSCRIPT_SETTING = {"SMALL_ENGINE_TRANSCRIPT": TRANSCRIPT.model_dump_json()}


class Ear:
    """What a run has told, and events of its first window and sign of life."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self.windows: list[WindowDone] = []
        self.given_back: list[Sequence[int]] = []
        self.alive, self.window = asyncio.Event(), asyncio.Event()

    def on_alive(self, stage: Stage) -> None:
        self.stages.append(stage)
        self.alive.set()

    def on_window(self, done: WindowDone) -> None:
        self.windows.append(done)
        self.window.set()

    async def on_question(self, question: Question) -> Reply:
        assert isinstance(question, Offering)
        assert question.offer == Offer(plan="l", saved_plan="p")
        return Offered(run_id=question.run_id, is_asked=True)

    @property
    def listener(self) -> Listener:
        return Listener(self.on_alive, self.on_window, self.on_question, self.given_back.append)


def task(name: str) -> Task:
    """The small engine does what its recording's name says."""
    return Task(task_id=name, file_path=f"{name}.wav")


Make = Callable[..., EngineClient]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Clients with an engine that does as SMALL_ENGINE says; all are closed in the end."""
    clients: list[EngineClient] = []

    def build(mode: str = "", hear: Callable[[Mapping[str, float]], None] = lambda _: None) -> EngineClient:
        clients.append(EngineClient({"SMALL_ENGINE": mode, **TRANSCRIPT_SETTING}, hear, program=SMALL_ENGINE))
        return clients[-1]

    yield build
    for client in clients:
        client.kill()
        await client.close()


@pytest.fixture
def client(make: Make) -> EngineClient:
    return make()


async def soon(waiting: Awaitable[T]) -> T:
    """A test waits for what happens, not for ever."""
    return await asyncio.wait_for(waiting, PATIENCE_SECONDS)


async def said(client: EngineClient, name: str, ear: Ear | None = None) -> str:
    """The message with which a run has failed."""
    answer = await soon(client.run(task(name), None, (ear or Ear()).listener))
    assert isinstance(answer, Failed)
    return answer.failure.message


async def lost(client: EngineClient, name: str) -> EngineLost:
    """How the process has ended under a run."""
    with pytest.raises(EngineLost) as raised:
        await said(client, name)
    return raised.value


async def begun(client: EngineClient, name: str) -> "tuple[asyncio.Task[Any], Ear]":
    """A run that has given a sign of life."""
    ear = Ear()
    running = asyncio.create_task(client.run(task(name), None, ear.listener))
    await soon(ear.alive.wait())
    return running, ear


async def test_each_run_gets_its_own_answer(client: EngineClient) -> None:
    first, _ = await begun(client, "never")
    second, _ = await begun(client, "window")
    assert client.runs == 2
    assert await said(client, "last") == "last"
    assert [(await soon(each)).failure.message for each in (first, second)] == ["never", "window"]
    assert client.runs == 0


async def test_a_transcript_a_fetched_recording_and_the_times_of_stages_arrive(make: Make) -> None:
    heard: list[Mapping[str, float]] = []
    client = make(hear=heard.append)
    answer = await soon(client.run(task("done"), None, Ear().listener))
    assert isinstance(answer, Finished)
    assert answer.transcript == TRANSCRIPT
    fetched = await soon(client.fetch(task("fetched")))
    assert isinstance(fetched, Fetched)
    assert fetched.duration == 2.5
    assert heard == [{"device_busy_seconds": 0.5}]


async def test_a_question_is_answered_while_the_run_waits(client: EngineClient) -> None:
    told = json.loads(await said(client, "question"))
    assert (told["kind"], told["is_asked"]) == ("offered", True)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("killed", -9, "killed by SIGKILL"),
        ("exit", 69, "exit status 69"),
        ("half", 3, "exit status 3"),
        ("garbage", -9, "killed by SIGKILL"),
    ],
)
async def test_a_child_that_ends_between_request_and_answer_is_replaced(
    client: EngineClient, caplog: pytest.LogCaptureFixture, name: str, status: int, words: str
) -> None:
    """Who died in the middle of a line has talked no nonsense: how it died is not lost."""
    before = await said(client, "pid")
    error = await lost(client, name)
    assert (error.guilty, error.loading, error.exit_status) == (True, False, status)
    assert words in error.detail
    assert ("nonsense" in caplog.text) is (name == "garbage")
    assert not psutil.pid_exists(int(before))
    assert await said(client, "pid") != before


async def test_none_of_several_is_guilty(client: EngineClient) -> None:
    other, _ = await begun(client, "never")
    assert not (await lost(client, "exit")).guilty
    with pytest.raises(EngineLost) as raised:
        await soon(other)
    assert (raised.value.guilty, raised.value.loading) == (False, False)


async def test_while_all_wait_for_a_model_its_loading_is_the_cause(client: EngineClient) -> None:
    other, _ = await begun(client, "loading-never")
    error = await lost(client, "loading-exit")
    assert (error.loading, error.guilty) == (True, False)
    with pytest.raises(EngineLost) as raised:
        await soon(other)
    assert raised.value.loading


@pytest.mark.parametrize("name", ["window", "loading-window"])
async def test_one_whose_model_is_loaded_may_have_been_the_cause(client: EngineClient, name: str) -> None:
    """As it said, or as its first window shows."""
    other, ear = await begun(client, name)
    await soon(ear.window.wait())
    assert not (await lost(client, "loading-exit")).loading
    await asyncio.wait([other])
    assert isinstance(other.exception(), EngineLost)


async def test_a_child_that_hangs_is_killed_and_nobody_is_suspected(client: EngineClient) -> None:
    running, _ = await begun(client, "stopped")
    client.kill()
    with pytest.raises(EngineLost) as raised:
        await soon(running)
    assert (raised.value.guilty, raised.value.exit_status) == (False, -9)
    assert await said(client, "pid")


async def test_a_run_cancelled_while_a_window_is_in_flight_costs_no_other(
    client: EngineClient,
) -> None:
    before = await said(client, "pid")
    running, ear = await begun(client, "window")
    await soon(ear.window.wait())
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert [done.window.number for done in ear.windows] == [0]
    assert ear.stages == [Stage.LOADED]
    assert json.loads(await said(client, "aborts")) == [2]
    assert await said(client, "pid") == before


async def test_who_helps_is_told_when_it_is_enough(client: EngineClient) -> None:
    ear, enough = Ear(), asyncio.Event()
    helping = asyncio.create_task(client.help(task("help"), ear.listener, enough))
    await soon(ear.alive.wait())
    enough.set()
    assert isinstance(await soon(helping), Helped)
    assert json.loads(await said(client, "aborts")) == [1]


async def test_closed_twice_it_is_gone(client: EngineClient) -> None:
    await client.close()
    pid = int(await said(client, "pid"))
    await soon(client.close())
    await soon(client.close())
    assert not psutil.pid_exists(pid)
    client.kill()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is closed has no time to end by itself."""
    monkeypatch.setattr(engine_client, "CLOSE_SECONDS", 0.1)
    monkeypatch.setattr(engine_life, "REAP_SECONDS", 0.1)


@pytest.mark.usefixtures("impatient")
async def test_what_clings_to_life_when_it_is_closed_is_killed(make: Make) -> None:
    client = make("clings")
    pid = int(await said(client, "pid"))
    await soon(client.close())
    assert not psutil.pid_exists(pid)


@pytest.mark.usefixtures("impatient")
async def test_what_hangs_when_it_is_closed_is_killed_and_its_run_is_told(client: EngineClient) -> None:
    pid = int(await said(client, "pid"))
    running, _ = await begun(client, "stopped")
    await soon(client.close())
    with pytest.raises(EngineLost) as raised:
        await soon(running)
    assert not raised.value.guilty
    assert not psutil.pid_exists(pid)


async def test_one_that_ends_at_its_start_is_told_and_tried_again_after_a_pause(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(engine_client, "LONGEST_PAUSE_SECONDS", 0.003)
    client, pauses = make("exit"), []
    for _ in range(3):
        with pytest.raises(EngineCrashed, match="does not start"):
            await soon(client.start())
        pauses.append(client._pause_seconds)
    assert pauses == [0.001, 0.002, 0.003]
    client._environment = TRANSCRIPT_SETTING
    await soon(client.start())
    assert client._pause_seconds == 0.0


async def test_one_that_never_says_that_it_is_ready_is_killed(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_client, "START_SECONDS", 0.1)
    client = make("mute")
    with pytest.raises(EngineCrashed, match="does not start"):
        await soon(client.start())
    assert not [each for each in psutil.Process().children() if "small_engine.py" in " ".join(each.cmdline())]


async def test_many_who_come_at_once_share_one_process(client: EngineClient) -> None:
    pids = await asyncio.gather(*(said(client, "pid") for _ in range(5)))
    assert len(set(pids)) == 1
