"""Children are started again when they die, and end when they are told to."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.launcher.guard import Guard
from app.launcher.plan import Program
from app.launcher.processes import Child, stop_children

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""


DRAINING = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
print("up", flush=True)
for _ in range(2):
    signal.sigwait([signal.SIGTERM])
print("handed back", flush=True)
"""


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    guard = Guard(lock)
    yield guard
    guard.close()
    os.close(lock)


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def child_of(guard: Guard, said: list[tuple[str, str]]) -> Iterator[Callable[..., Child]]:
    children: list[Child] = []

    def build(code: str, stop_seconds: float = 10) -> Child:
        program = Program("worker-1", (sys.executable, "-c", code), stop_seconds)
        child = Child(program, os.environ, lambda name, line: said.append((name, line)), guard)
        children.append(child)
        child.start()
        return child

    yield build
    stop_children(children, lambda: True, lambda: True)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_output_is_heard_and_a_dead_child_lives_again(
    child_of: Callable[..., Child], said: list[tuple[str, str]]
) -> None:
    child = child_of("print('hello'); raise SystemExit(3)")
    first_pid = child.pid

    def lives_again() -> bool:
        child.tick()
        return child.deaths == 1 and child.pid is not None

    wait_for(lives_again)
    assert child.pid != first_pid
    wait_for(lambda: said.count(("worker-1", "hello")) >= 2)
    assert ("worker-1", "ended with status 3; it is started again in 1 s") in said


def test_the_pause_grows_while_the_child_dies_young(
    child_of: Callable[..., Child], said: list[tuple[str, str]]
) -> None:
    child = child_of("import os; os.kill(os.getpid(), 9)")

    def died_twice() -> bool:
        child.tick()
        return child.deaths == 2

    wait_for(died_twice)
    pauses = [line for _, line in said]
    assert pauses == [f"ended with signal 9; it is started again in {pause} s" for pause in (1, 2)]


def test_an_orderly_stop(child_of: Callable[..., Child]) -> None:
    children = [child_of("import time; time.sleep(600)") for _ in range(2)]
    stop_children(children, lambda: False, lambda: False)
    assert all(child.has_ended() for child in children)


@pytest.mark.parametrize(("stop_seconds", "impatient"), [(0.2, False), (600, True)])
def test_a_child_that_does_not_listen_is_killed(
    child_of: Callable[..., Child], said: list[tuple[str, str]], stop_seconds: float, impatient: bool
) -> None:
    child = child_of(STUBBORN, stop_seconds)
    wait_for(lambda: ("worker-1", "up") in said)
    stop_children([child], lambda: impatient, lambda: impatient)
    assert child.pid is None


def test_who_is_in_a_hurry_gives_children_time_to_hand_back(
    child_of: Callable[..., Child], said: list[tuple[str, str]]
) -> None:
    """As a worker does at its second signal: killed, its task would be charged with an attempt."""
    child = child_of(DRAINING, 600)
    wait_for(lambda: ("worker-1", "up") in said)
    stop_children([child], lambda: True, lambda: False)
    wait_for(lambda: ("worker-1", "handed back") in said)


def test_a_signal_to_a_child_that_has_ended_does_no_harm(child_of: Callable[..., Child]) -> None:
    child = child_of("pass")
    wait_for(child.has_ended)
    child.signal(signal.SIGTERM)
