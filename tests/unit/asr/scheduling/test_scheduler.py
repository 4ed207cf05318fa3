from concurrent.futures import Future

from app.asr.scheduling.scheduler import Batch, Session, Waiting, next_batch
from tests.unit.asr.engines import HeldEngine, request


def _session(
    *seconds: float, since: float = 0.0, turn: int = 0, model: str = "base", short: bool = False
) -> Session:
    session = Session(model, since, is_short=short, turn=turn)
    session.waiting = [
        Waiting(session, request(number, each), Future(), since) for number, each in enumerate(seconds)
    ]
    return session


def _next(
    sessions: list[Session], engine: HeldEngine, running: list[Batch] | None = None
) -> list[float] | None:
    batch = next_batch(sessions, engine, engine.batch_size, running or [])
    return None if batch is None else [waiting.request.window.seconds for waiting in batch.windows]


def _running(engine: HeldEngine, *, fresh: bool, short: bool = False) -> Batch:
    return Batch(engine, [], 8, fresh, short)


def test_a_batch_takes_from_all_in_turn() -> None:
    sessions = [_session(1, 2, 3, turn=2), _session(4, since=1.0, turn=1), _session(3.5, 3.75, since=2.0)]

    assert _next(sessions, HeldEngine()) == [3.5, 4, 1, 3.75]
    assert _next(sessions, HeldEngine()) == [2, 3]
    assert _next(sessions, HeldEngine()) is None


def test_only_windows_of_one_group_go_together() -> None:
    sessions = [_session(3, 20, 4), _session(21, 2)]

    assert _next(sessions, HeldEngine()) == [3, 2, 4]
    assert _next(sessions, HeldEngine()) == [20, 21]


def test_the_one_served_longest_ago_leads() -> None:
    sessions = [_session(20, turn=7), _session(3, turn=5)]

    assert _next(sessions, HeldEngine()) == [3]


def test_other_models_wait() -> None:
    assert _next([_session(3, model="tiny")], HeldEngine()) is None


def test_all_lanes_taken_is_taken() -> None:
    engine = HeldEngine(decode_workers=2)
    others = [_running(HeldEngine("tiny"), fresh=False)] * 3

    assert _next([_session(3, turn=1)], engine, [_running(engine, fresh=False)] * 2) is None
    assert _next([_session(3, turn=1)], engine, [_running(engine, fresh=False), *others]) == [3]


def test_a_newcomer_gets_a_lane_of_its_own_beside_long_recordings() -> None:
    engine = HeldEngine(decode_workers=2)
    long = [_running(engine, fresh=False)] * 2

    assert _next([_session(3, turn=1), _session(4)], engine, long) == [4]
    assert _next([_session(3, turn=1), _session(4)], engine, [*long, _running(engine, fresh=True)]) is None
    assert _next([_session(4)], engine, [_running(engine, fresh=True)] * 2) is None, (
        "newcomers among themselves"
    )


def test_a_short_recording_waits_for_no_long_one_be_they_all_newcomers() -> None:
    engine = HeldEngine(decode_workers=2)
    crowd = [_session(20, since=float(number)) for number in range(30)]
    clip = _session(7, since=99.0, short=True)
    newcomers = [_running(engine, fresh=True)] * 2

    assert _next([*crowd, clip], engine, newcomers) == [7]
    clip = _session(7, since=99.0, turn=3, short=True)
    long_and_newcomer = [*[_running(engine, fresh=False)] * 2, _running(engine, fresh=True)]
    assert _next([*crowd, clip], engine, long_and_newcomer) == [7]


def test_short_recordings_share_one_lane_beside_the_others() -> None:
    engine = HeldEngine(decode_workers=2)
    running = [*[_running(engine, fresh=False)] * 2, _running(engine, fresh=False, short=True)]

    assert _next([_session(7, turn=2, short=True)], engine, running) is None
    assert _next([_session(20, turn=1), _session(7, turn=2, short=True)], engine, running[1:]) is None
    assert _next([_session(20, turn=1), _session(7, turn=2, short=True)], engine, running[2:]) == [20]


def test_what_failed_with_others_goes_alone() -> None:
    session = _session(1, 2, 3)
    session.waiting[0].alone = True

    assert _next([session], HeldEngine()) == [1]
    assert _next([session], HeldEngine()) == [2, 3]
