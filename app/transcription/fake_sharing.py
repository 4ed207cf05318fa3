"""Lending with the fake engine, for the tests of everything around it: its windows have no sound to read."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.asr.backends import fake
from app.core.errors import TaskCancelled
from app.schemas.lending import Offer, OfferedWindow, Taken
from app.schemas.window import WindowTranscript
from app.transcription.lending import IDLE_SECONDS, LOOK_SECONDS, Borrower
from app.transcription.request import Job, Watch
from app.transcription.sharing import SharingRules


def plan_of(job: Job) -> str:
    """What a helper must have in common with the owner."""
    return f"{fake.PLAN}:{job.options.beam_size}"


def decode_by(job: Job, watch: Watch, rules: SharingRules) -> fake.Decode:
    """How the windows of a job are decoded."""
    return partial(_decode, Offer(plan=plan_of(job), saved_plan=fake.PLAN), watch, rules)


def _decode(
    terms: Offer,
    watch: Watch,
    rules: SharingRules,
    script: fake.Script,
    missing: list[int],
    decode: Callable[[int], WindowTranscript],
) -> fake.Decoded:
    """One by one until somebody wants to help; then as those come who borrow."""
    done: list[WindowTranscript] = []
    while missing and not (rules.allow(script.duration) and watch.lender.offer(terms)):
        done.append(decode(missing.pop(0)))
    offered = _windows(script, missing)
    suspects: list[int] = []
    lent, offered_at = 0, 0.0
    while missing:
        if time.monotonic() - offered_at >= LOOK_SECONDS:
            watch.lender.offer(terms.model_copy(update={"windows": offered}))
            offered, offered_at = (), time.monotonic()
        taken = watch.lender.take(fake.PLAN, missing, 1) or Taken(mine=(missing[0],))
        known = {window.number for window in taken.done}
        missing = [each for each in missing if each not in {*known, *taken.mine, *taken.suspects}]
        suspects += taken.suspects
        done += [*taken.done, *(decode(number) for number in taken.mine)]
        lent += len(taken.done)
        watch.check()
        if not (taken.done or taken.mine or taken.suspects):
            time.sleep(IDLE_SECONDS)
    done += [decode(number) for number in suspects]
    return fake.Decoded(done, lent)


def _windows(script: fake.Script, numbers: list[int]) -> tuple[OfferedWindow, ...]:
    length = script.duration / script.windows
    return tuple(OfferedWindow(number=number, covered=length) for number in numbers)


def help_with(job: Job, borrower: Borrower, watch: Watch, cache_dir: Path) -> None:
    """Decode windows of a recording that another worker has, until there are no more, or told to stop."""
    script = fake.read(job.path)
    watch.on_loading()
    fake.load(job.model, cache_dir)
    watch.on_loaded()
    while not watch.should_stop() and not (loan := borrower.borrow(plan_of(job), 2)).is_over:
        numbers = [window.number for window in loan.windows]
        if script.crash_borrowed in numbers:
            os.kill(os.getpid(), signal.SIGKILL)
        while numbers and not watch.should_stop():
            try:
                fake.work(script, numbers[0], borrower.deliver, watch.check)
            except TaskCancelled:
                break
            numbers.pop(0)
        borrower.give_back(numbers)
        if not loan.windows:
            watch.on_alive()
            time.sleep(IDLE_SECONDS)
