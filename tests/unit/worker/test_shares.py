"""The time of a worker, shared out."""

from app.worker.shares import Shares


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_all_shares_together_are_the_time_that_the_worker_was_busy() -> None:
    clock = Clock()
    shares = Shares(clock)
    clock.now = 100.0  # idle before
    shares.begin("a")
    clock.now = 110.0
    shares.begin("b")
    shares.begin("b")  # once more, after a crash of the engine
    clock.now = 116.0
    a = shares.end("a")
    clock.now = 120.0
    b = shares.end("b")

    assert (a, b) == (10.0 + 3.0, 3.0 + 4.0)
    clock.now = 200.0
    shares.begin("c")
    clock.now = 201.0
    assert shares.end("c") == 1.0


def test_what_never_began_has_no_share() -> None:
    assert Shares(Clock()).end("a") == 0.0
