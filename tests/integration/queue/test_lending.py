"""Every step of lending, each also when it is repeated, late, or somebody else's."""

from dataclasses import dataclass
from typing import cast

import pytest

from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.queue.lending import MOST_LOANS, BorrowOutcome, Lending, OfferOutcome
from app.queue.outcomes import CheckpointOutcome
from app.schemas.lending import Offer, OfferedWindow
from app.schemas.window import WindowDone
from tests.integration.queue.test_checkpoints import done as window_done
from tests.support.queue import RESULT, Queue, claim_again, task

TERMS = Offer(plan="lending", saved_plan="plan")
WINDOWS = tuple(
    OfferedWindow(number=number, start=number, end=number + 9, speech=((number, number + 9),))
    for number in range(12)
)
NUMBERS = [window.number for window in WINDOWS]


def done(number: int, plan: str = "plan") -> WindowDone:
    return window_done(number, plan=plan)


@dataclass(frozen=True)
class Loans:
    """A recording whose owner offers twelve windows, and a worker that helps."""

    queue: Queue
    lending: Lending
    owner: Consumer
    helper: Consumer
    claim: Claim

    async def offer(self, *windows: OfferedWindow) -> OfferOutcome:
        return await self.lending.offer("t", self.claim.token, TERMS.model_copy(update={"windows": windows}))

    async def borrow(self, most: int = 16, *, worker: str = "w2") -> list[int]:
        outcome, loan = await self.lending.borrow(worker, "t", "lending", most)
        assert outcome is BorrowOutcome.OK
        return [window.number for window in loan.windows]

    async def take(self, *numbers: int, most: int = 16) -> tuple[list[int], list[int], list[int]]:
        """Windows that are the owner's, those that are suspected, and those that are done."""
        taken = await self.lending.take("t", self.claim.token, "plan", numbers, most)
        assert taken is not None
        return list(taken.mine), list(taken.suspects), [window.number for window in taken.done]

    async def lapse(self) -> None:
        """All loans are over."""
        loans = await self.queue.commands.zrange(self.queue.keys.loans("t"), 0, -1)
        for loan in cast(list[bytes], loans):
            await self.queue.commands.zadd(self.queue.keys.loans("t"), {loan: 1}, xx=True)

    async def keys(self) -> int:
        keys = self.queue.keys
        return int(await self.queue.commands.exists(keys.help, keys.offers("t"), keys.loans("t")))


@pytest.fixture
async def loans(queue: Queue) -> Loans:
    owner = await queue.worker("w1")
    claim = await queue.claimed("t", owner)
    helper = await queue.worker("w2")
    loans = Loans(queue, Lending(queue.commands, queue.settings), owner, helper, claim)
    await loans.offer(*WINDOWS)
    return loans


async def test_windows_are_lent_in_order_large_portions_first(loans: Loans) -> None:
    assert await loans.lending.recordings() == ["t"]
    assert await loans.lending.task("t") == loans.claim.task
    assert await loans.borrow() == [0, 1]  # a quarter of the share of one of two workers
    assert await loans.borrow(1) == [2]
    assert await loans.take(*NUMBERS) == ([3, 4], [], [])  # the owner takes no more than others
    assert await loans.borrow() == [5]
    assert [await loans.borrow() for _ in range(7)] == [[6], [7], [8], [9], [10], [11], []]


async def test_who_borrows_gets_what_was_cut(loans: Loans) -> None:
    _, loan = await loans.lending.borrow("w2", "t", "lending", 2)
    assert loan.windows == WINDOWS[:2]
    assert loan.saved_plan == "plan"


async def test_the_owner_hears_that_somebody_wants_to_help(loans: Loans) -> None:
    assert await loans.offer() is OfferOutcome.QUIET
    await loans.borrow(0)
    assert await loans.offer() is OfferOutcome.ASKED


async def test_only_a_living_worker_with_the_same_plan_borrows(loans: Loans) -> None:
    assert (await loans.lending.borrow("w2", "t", "another", 9))[0] is BorrowOutcome.OTHER
    assert (await loans.lending.borrow("w3", "t", "lending", 9))[0] is BorrowOutcome.UNKNOWN
    await loans.queue.lapse("w2")
    assert (await loans.lending.borrow("w2", "t", "lending", 9))[0] is BorrowOutcome.UNKNOWN
    assert (await loans.lending.borrow("w2", "other", "lending", 9))[0] is BorrowOutcome.GONE


async def test_tasks_come_first(loans: Loans) -> None:
    await loans.queue.producer.enqueue(task("waiting"))
    outcome, loan = await loans.lending.borrow("w2", "t", "lending", 9)
    assert (outcome, loan.windows, loan.is_over) == (BorrowOutcome.TASKS, (), False)


async def test_what_is_delivered_is_done_whoever_asks(loans: Loans) -> None:
    assert await loans.borrow(2) == [0, 1]
    assert await loans.lending.deliver("t", done(1)) is CheckpointOutcome.SAVED
    assert await loans.lending.deliver("t", done(1)) is CheckpointOutcome.KNOWN
    assert await loans.take(0, 1, 2, most=1) == ([2], [], [1])
    state = await loans.queue.reader.state("t")
    assert state is not None
    assert state.processed_seconds == 10
    assert await loans.owner.checkpoints.save(loans.claim, done(1))  # decoded twice: the first one counts
    assert (await loans.queue.reader.state("t")).processed_seconds == 10  # type: ignore[union-attr]


async def test_what_is_delivered_takes_the_place_of_what_was_done_by_an_earlier_plan(loans: Loans) -> None:
    """After an upgrade the owner begins again; who helps may be done with a window before it."""
    checkpoints = loans.owner.checkpoints
    await loans.lending.withdraw("t", loans.claim.token)
    assert await checkpoints.save(loans.claim, done(0, plan="old"))
    await loans.offer(*WINDOWS)
    await loans.borrow(2)
    assert await loans.lending.deliver("t", done(1, plan="old")) is CheckpointOutcome.FENCED
    assert await loans.lending.deliver("t", done(1)) is CheckpointOutcome.SAVED
    await loans.offer()  # renewed
    kept = await checkpoints.load(loans.claim)
    assert kept is not None
    assert (kept.plan, [window.number for window in kept.windows]) == ("plan", [1])


async def test_an_owner_that_has_lost_its_task_replaces_nothing(loans: Loans) -> None:
    await loans.borrow(2)
    await loans.queue.lapse("w1")
    await loans.queue.maintenance.tick()
    await loans.queue.make_due()
    again = await claim_again(loans.helper)
    assert await loans.helper.checkpoints.save(again, done(0, plan="new"))
    assert await loans.lending.deliver("t", done(1)) is CheckpointOutcome.FENCED


async def test_what_is_lent_is_not_the_owners_until_the_loan_is_over(loans: Loans) -> None:
    assert await loans.borrow(2) == [0, 1]
    assert await loans.take(0, 1) == ([], [], [])
    await loans.lapse()
    assert await loans.take(0, most=0) == ([], [], [])
    assert await loans.take(0) == ([0], [], [])
    assert await loans.take(0) == ([0], [], [])  # that reply was lost
    assert await loans.borrow(16) == [1, 2]


async def test_a_loan_lasts_as_long_as_its_borrower_says(loans: Loans) -> None:
    numbers = await loans.borrow(2)
    await loans.lapse()
    assert await loans.lending.prolong("w2", "t", numbers)
    assert await loans.take(*numbers) == ([], [], [])
    await loans.lapse()
    assert await loans.lending.prolong("w3", "t", numbers)  # not a word of its own windows
    assert await loans.take(*numbers) == ([0, 1], [], [])


async def test_what_was_not_begun_counts_as_never_lent(loans: Loans) -> None:
    for _ in range(MOST_LOANS + 1):
        assert await loans.borrow(1) == [0]
        assert await loans.lending.give_back("w3", "t", [0]) == 0
        assert await loans.lending.give_back("w2", "t", [0]) == 1
        assert await loans.lending.give_back("w2", "t", [0]) == 0


async def test_a_window_that_was_lent_twice_in_vain_is_its_owners_alone(loans: Loans) -> None:
    assert await loans.borrow(1) == [0]
    assert await loans.lending.give_back("w2", "t", [0], begun=True) == 1
    assert await loans.borrow(1) == [0]
    await loans.lapse()
    assert await loans.borrow(2) == [1]
    assert await loans.borrow(1) == [2]
    assert await loans.take(0, 3, most=2) == ([3], [0], [])
    assert await loans.take(0) == ([], [0], [])  # that reply was lost


async def test_another_owner_offers_anew(loans: Loans) -> None:
    assert await loans.borrow(1) == [0]
    await loans.queue.lapse("w1")
    await loans.queue.maintenance.reap()
    assert not await loans.lending.prolong("w2", "t", [0])
    assert (await loans.lending.borrow("w2", "t", "lending", 9))[0] is BorrowOutcome.GONE
    assert await loans.lending.deliver("t", done(0)) is CheckpointOutcome.SAVED  # it is the same sound

    claim = await claim_again(await loans.queue.worker("w3"))
    assert claim.token != loans.claim.token
    assert await loans.offer(*WINDOWS) is OfferOutcome.FENCED
    assert await loans.lending.take("t", loans.claim.token, "plan", [1], 1) is None
    await loans.lending.withdraw("t", claim.token)
    assert await loans.keys() > 0, "what is another's is not withdrawn"
    await loans.lending.offer("t", claim.token, TERMS.model_copy(update={"windows": WINDOWS[1:2]}))
    assert (await loans.lending.borrow("w2", "t", "lending", 9))[1].windows == WINDOWS[1:2]
    checkpoint = await loans.owner.checkpoints.load(claim)
    assert checkpoint is not None
    assert checkpoint.windows == (done(0).window,)


@pytest.mark.parametrize("ending", ["done", "deleted", "by another plan"])
async def test_nobody_delivers_to_what_has_ended(loans: Loans, ending: str) -> None:
    assert await loans.borrow(1) == [0]
    if ending == "done":
        await loans.owner.complete(loans.claim, RESULT)
    elif ending == "deleted":
        await loans.queue.reader.delete("t", None)
    else:
        await loans.owner.checkpoints.save(loans.claim, done(1, "newer"))
    assert await loans.lending.deliver("t", done(0)) is CheckpointOutcome.FENCED
    if ending != "by another plan":
        assert not await loans.lending.prolong("w2", "t", [0])
        assert (await loans.lending.borrow("w2", "t", "lending", 9))[0] is BorrowOutcome.GONE
        assert await loans.offer(*WINDOWS) is OfferOutcome.FENCED
        assert not await loans.queue.commands.exists(loans.queue.keys.windows("t"))


async def test_what_is_on_offer_ends_with_it_or_by_itself(loans: Loans) -> None:
    keys = loans.queue.keys
    for key in (keys.help, keys.offers("t"), keys.loans("t")):
        assert 0 < await loans.queue.commands.pttl(key) <= loans.queue.settings.lease_seconds * 1000
    await loans.borrow(2)
    assert await loans.queue.commands.pttl(keys.offers("t")) > 0
    await loans.lending.withdraw("t", loans.claim.token)
    assert await loans.keys() == 0
    assert await loans.lending.give_back("w2", "t", [0, 1]) == 0
    assert await loans.lending.deliver("t", done(0)) is CheckpointOutcome.FENCED
    assert await loans.keys() == 0


async def test_a_recording_takes_little_of_redis(loans: Loans) -> None:
    """On offer: a window of 28 s with ten pauses."""
    pauses = tuple((1000 * place, 1000 * place + 70) for place in range(10))
    window = OfferedWindow(number=12, start=100_000, end=100_875, speech=pauses, covered=28, expected="en")
    await loans.lending.withdraw("t", loans.claim.token)
    await loans.offer(window)
    size = await loans.queue.commands.hstrlen(loans.queue.keys.offers("t"), "window:12")
    assert size < 250
