import threading
from collections.abc import Callable

import pytest

from app.asr.scheduling.dispatcher import MOST_READ_AHEAD, SWITCH_SECONDS, WINDOWS_WAITING, Dispatcher
from app.core.errors import DeviceLost, EngineFailed, ModelUnavailable, OutOfDeviceMemory
from tests.unit.asr.engines import HeldEngine, HeldPool, request


class _Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def _dispatcher(pool: HeldPool, clock: Callable[[], float] | None = None) -> Dispatcher:
    return Dispatcher(pool, clock or _Clock())  # type: ignore[arg-type]


def _engine(dispatcher: Dispatcher, pool: HeldPool, model: str = "base") -> HeldEngine:
    """The model, loaded."""
    session = dispatcher.open(model)
    assert dispatcher.ensure_loaded(session).result(20).model == model
    dispatcher.close(session)
    return pool.made[model][-1]


def test_windows_of_several_recordings_share_a_batch() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    first, second = dispatcher.open("base"), dispatcher.open("base")

    answers = [
        dispatcher.submit(first, request(0, 1)),
        *(dispatcher.submit(first, request(n, 2)) for n in (1, 2)),
    ]
    answers.append(dispatcher.submit(second, request(0, 3)))
    engine.wait_for(1)
    engine.release(3)

    assert [answer.result(20).end for answer in answers] == [1, 2, 2, 3]
    assert engine.wait_for(2)[1] == [2, 2, 3]
    shares = [answer.result().batch_slots for answer in answers]
    assert shares == [engine.batch_size] + 3 * [round(engine.batch_size / 3, 4)]


def test_what_needs_no_device_is_done_in_the_thread_of_the_recording() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    session = dispatcher.open("base")

    answer = dispatcher.submit(session, request())
    engine.release()

    assert answer.result(20)
    assert engine.prepared == [threading.current_thread()]


def test_the_model_is_loaded_once_for_all() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    sessions = [dispatcher.open("base") for _ in range(3)]

    assert {dispatcher.ensure_loaded(session).result(20).model for session in sessions} == {"base"}
    assert len(pool.made["base"]) == 1


def test_a_model_that_cannot_be_had_fails_its_recordings_only() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    missing = dispatcher.open("missing")

    asked, submitted = dispatcher.ensure_loaded(missing), dispatcher.submit(missing, request())

    for future in (asked, submitted):
        with pytest.raises(ModelUnavailable):
            future.result(20)
    assert _engine(dispatcher, pool).info.model == "base"


def test_who_leaves_is_not_waited_for() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    gone, stays = dispatcher.open("base"), dispatcher.open("base")
    running = dispatcher.submit(gone, request(0, 1))
    engine.wait_for(1)
    waiting = dispatcher.submit(gone, request(1, 2))

    dispatcher.close(gone)
    answer = dispatcher.submit(stays, request(0, 3))
    engine.release(2)

    assert running.result(20).end == 1
    assert waiting.cancelled()
    assert answer.result(20).end == 3
    assert engine.wait_for(2)[1] == [3]


def test_one_bad_window_does_not_fail_its_neighbours() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    engine.poison = 2
    session = dispatcher.open("base")
    first = dispatcher.submit(session, request(0, 1))
    engine.wait_for(1)
    others = [dispatcher.submit(session, request(n, n + 1)) for n in (1, 2)]

    engine.release(9)

    assert (first.result(20).end, others[1].result(20).end) == (1, 3)
    with pytest.raises(EngineFailed, match="poison"):
        others[0].result(20)


def test_after_the_loss_of_the_gpu_no_window_is_tried_again() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    engine.is_lost = True
    first, second = dispatcher.open("base"), dispatcher.open("base")
    answers = [dispatcher.submit(session, request(n, 1)) for session in (first, second) for n in range(3)]
    answers.append(dispatcher.submit(second, request(3, 20)))

    engine.release(9)

    for answer in answers:
        with pytest.raises(DeviceLost):
            answer.result(20)
    assert len(engine.batches) == len(set(map(tuple, engine.batches))), (
        "none alone after it failed with others"
    )


def test_too_little_memory_means_smaller_batches_from_then_on() -> None:
    pool = HeldPool(make=lambda model: HeldEngine(model, batch_size=8, fits=2))
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    session = dispatcher.open("base")

    answers = [dispatcher.submit(session, request(n, 1)) for n in range(9)]
    engine.release(99)  # not before: one by one they would never make a batch that does not fit

    assert sorted(answer.result(20).number for answer in answers) == list(range(9))
    sizes = [len(batch) for batch in engine.batches]
    assert max(sizes[sizes.index(max(sizes)) + 1 :]) < max(sizes)


def test_the_model_is_loaded_smaller_where_one_window_does_not_fit() -> None:
    fits = iter([0, 99])
    pool = HeldPool(make=lambda model: HeldEngine(model, fits=next(fits)), rungs=1)
    dispatcher = _dispatcher(pool)
    session = dispatcher.open("base")
    dispatcher.ensure_loaded(session).result(20)
    large = pool.made["base"][0]

    answer = dispatcher.submit(session, request())
    large.wait_for(1)
    large.release()
    pool.wait_for("base", 2).release()

    assert answer.result(20).number == 0
    assert large.closed


def test_the_lowest_rung_fails() -> None:
    pool = HeldPool(make=lambda model: HeldEngine(model, fits=0))
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    engine.release()

    with pytest.raises(OutOfDeviceMemory):
        dispatcher.submit(dispatcher.open("base"), request()).result(20)


def test_an_idle_model_makes_room_at_once() -> None:
    pool = HeldPool(capacity=1)
    dispatcher = _dispatcher(pool)
    first = _engine(dispatcher, pool, "base")

    _engine(dispatcher, pool, "tiny")

    assert first.closed
    assert pool.loaded == ("tiny",)


def test_models_that_do_not_fit_together_take_turns() -> None:
    pool, clock = HeldPool(capacity=1), _Clock()
    dispatcher = _dispatcher(pool, clock)
    base = _engine(dispatcher, pool, "base")
    long, other = dispatcher.open("base"), dispatcher.open("tiny")
    answers = [dispatcher.submit(long, request(n, 10 * n + 1)) for n in range(4)]
    base.wait_for(1)
    asked = dispatcher.ensure_loaded(other)

    base.release()
    base.wait_for(2)
    assert not asked.done(), "the model in memory has work and has not had its time"
    clock.now += SWITCH_SECONDS
    base.release()
    assert asked.result(20).model == "tiny"
    assert base.closed
    answer = dispatcher.submit(other, request())
    pool.made["tiny"][0].release(9)
    answer.result(20)
    pool.wait_for("base", 2).release(9)

    assert [answer.result(20).number for answer in answers] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("device", "decode_workers", "batch_size", "waiting"),
    [
        ("cpu", 4, 8, WINDOWS_WAITING),
        ("cuda", 1, 24, 48),
        ("cuda", 2, 24, 72),
        ("cuda", 8, 24, MOST_READ_AHEAD),
        ("cuda", 1, 1, WINDOWS_WAITING),
        ("remote", 32, 1, 33),
    ],
)
def test_a_recording_cuts_no_more_windows_than_memory_holds(
    device: str, decode_workers: int, batch_size: int, waiting: int
) -> None:
    """On a GPU as many as fill a batch for each decode worker and the next one. Every other recording may
    have two, however many there are."""
    pool = HeldPool(
        make=lambda model: HeldEngine(
            model, device=device, decode_workers=decode_workers, batch_size=batch_size
        )
    )
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    session = dispatcher.open("base")

    count = 0
    while dispatcher.has_room(session):
        dispatcher.submit(session, request(count))
        count += 1
    assert count == waiting + decode_workers, "each decode worker has taken one"

    others = [dispatcher.open("base") for _ in range(waiting)]
    for number in range(2):
        assert all(dispatcher.has_room(other) for other in others)
        for other in others:
            dispatcher.submit(other, request(number))
    assert not any(dispatcher.has_room(other) for other in others)
    engine.release(count + 2 * waiting)


def test_what_is_recalled_is_not_decoded() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    engine = _engine(dispatcher, pool)
    session = dispatcher.open("base")
    running = dispatcher.submit(session, request(0, 1))
    engine.wait_for(1)
    assert dispatcher.wants_more(session)
    waiting = dispatcher.submit(session, request(1, 2))
    assert not dispatcher.wants_more(session)

    dispatcher.recall(session)
    alone = [dispatcher.submit(session, request(n, 3), alone=True) for n in (2, 3)]
    engine.release(3)

    assert waiting.cancelled()
    assert running.result(20).end == 1
    assert [each.result(20).end for each in alone] == [3, 3]
    assert engine.batches == [[1], [3], [3]]


def test_a_model_gives_way_to_no_help() -> None:
    pool = HeldPool()
    dispatcher = _dispatcher(pool)
    assert dispatcher.has_place("small")
    _engine(dispatcher, pool)
    assert dispatcher.has_place("base")
    assert not dispatcher.has_place("small")
