"""Scheduling: which windows, of which recordings, go into the next batch."""

from collections.abc import Hashable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from app.asr.base import Engine, EngineInfo, WindowRequest
from app.schemas.window import WindowTranscript

SPARE_DECODE_WORKERS = 2
"""Decode workers beside the engine's own: one for recordings that have just come, one for short ones."""

NO_LIMIT = 1_000_000
"""More windows than there ever are."""


@dataclass(slots=True, eq=False)
class Session:
    """A recording that is being transcribed, and its windows that wait, in order.

    `since` is when it was opened, by the dispatcher's clock; `is_short` says that it waits behind no longer
    recording.
    """

    model: str
    since: float
    is_short: bool = False
    waiting: list["Waiting"] = field(default_factory=list)
    asking: list["Future[EngineInfo]"] = field(default_factory=list)
    """Those who want to know the model once it is loaded."""
    turn: int = 0
    """Number of the batch that served it last; 0: none yet."""

    @property
    def is_fresh(self) -> bool:
        """Whether it has never been served."""
        return self.turn == 0

    def give_up(self) -> None:
        """Cancel what waits."""
        for asking in self.asking:
            asking.cancel()
        for waiting in self.waiting:
            waiting.future.cancel()
        self._clear()

    def refuse(self, error: Exception) -> None:
        """Answer what waits with an error."""
        for asking in self.asking:
            asking.set_exception(error)
        for waiting in self.waiting:
            waiting.future.set_exception(error)
        self._clear()

    def _clear(self) -> None:
        self.asking.clear()
        self.waiting.clear()


@dataclass(slots=True, eq=False)
class Waiting:
    """A window that waits for its batch; `since` is the dispatcher's clock."""

    session: Session
    request: WindowRequest
    future: "Future[WindowTranscript]"
    since: float
    alone: bool = False
    """It was in a batch that failed, so that it shares none any more."""
    _group: tuple[Engine, Hashable] | None = None

    def group(self, engine: Engine) -> Hashable:
        """As `Engine.group` says, asked once."""
        if self._group is None or self._group[0] is not engine:
            self._group = (engine, engine.group(self.request))
        return self._group[1]


@dataclass(slots=True, eq=False)
class Batch:
    """Windows that are decoded together."""

    engine: Engine
    windows: list[Waiting]
    slots: int
    """Windows that it could have held."""
    is_fresh: bool
    """Whether it serves only recordings that were never served before."""
    is_short: bool = False
    """Whether it serves only short recordings."""


def next_batch(
    sessions: Iterable[Session], engine: Engine, most: int, running: Sequence[Batch]
) -> Batch | None:
    """The batch of at most `most` windows that `engine` should decode now, taken out of the sessions, if any.

    While all decode workers are busy, none of them with a recording that has just come, such a recording is
    given one more, so that it does not wait behind long batches of long recordings. Short recordings are
    given one more in any case.
    """
    candidates = [session for session in sessions if session.waiting and session.model == engine.info.model]
    busy = [batch for batch in running if batch.engine is engine]
    if len(busy) >= engine.decode_workers:
        takes_short = not any(batch.is_short for batch in busy)
        takes_fresh = len(busy) == engine.decode_workers and not any(batch.is_fresh for batch in busy)
        short = [session for session in candidates if takes_short and session.is_short]
        candidates = short or [session for session in candidates if takes_fresh and session.is_fresh]
    if not candidates:
        return None
    candidates.sort(key=lambda session: (session.turn, session.waiting[0].since))
    lead = candidates[0].waiting[0]
    slots = 1 if lead.alone else min(most, engine.max_batch(lead.request))
    windows = _take(candidates, engine, slots)
    return Batch(
        engine,
        windows,
        slots,
        is_fresh=all(waiting.session.is_fresh for waiting in windows),
        is_short=all(waiting.session.is_short for waiting in windows),
    )


def _take(sessions: Sequence[Session], engine: Engine, size: int) -> list[Waiting]:
    """Windows of the first session's group, from each session in turn."""
    lead = sessions[0].waiting[0]
    if lead.alone:
        sessions[0].waiting.remove(lead)
        return [lead]
    group = lead.group(engine)
    lines = [
        [each for each in session.waiting if not each.alone and each.group(engine) == group]
        for session in sessions
    ]
    rounds = max(len(line) for line in lines)
    in_turn = [line[place] for place in range(rounds) for line in lines if place < len(line)]
    taken = in_turn[:size]
    for waiting in taken:
        waiting.session.waiting.remove(waiting)
    return taken
