"""One line a minute, however often the same thing happens."""

from app.core.throttle import QUIET_SECONDS, Throttled


def test_the_first_line_comes_at_once_and_the_next_tells_what_was_left_out() -> None:
    said: list[str] = []
    now = 0.0
    log = Throttled(lambda message, *args: said.append(message % args), clock=lambda: now)
    for _ in range(1000):
        log("full: %d", 5)
    now = QUIET_SECONDS
    log("full: %d", 6)
    now = 2 * QUIET_SECONDS
    log("full: %d", 7)
    assert said == ["full: 5", "full: 6 (999 more since the last such line)", "full: 7"]
