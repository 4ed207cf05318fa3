"""Texts of any length: in parts, then what was noted of the parts; nothing is asked for twice."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.config import Settings
from app.core.errors import SummaryUnreachable, SummaryUnreadable
from app.summaries.parts import parts_of
from app.summaries.summariser import PROMPT, Summariser
from tests.support.chat_server import ChatStandIn, Reply, completion

LONG = "\n\n".join(f"Paragraph {number}. " + "They talk and talk. " * 12 for number in range(30))


@pytest.fixture
async def summariser(chat: ChatStandIn, settings_for: Callable[..., Settings]) -> AsyncIterator[Summariser]:
    opened = Summariser(settings_for(summary_url=chat.url, summary_input_characters=2000))
    yield opened
    await opened.close()


class Notes:
    """The last answers that were noted."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    async def note(self, answers: Mapping[str, str]) -> None:
        self.known = dict(answers)


async def test_a_short_text_is_one_request(chat: ChatStandIn, summariser: Summariser) -> None:
    notes = Notes()
    assert await summariser.summarise("A talk.", {}, notes.note) == "They will walk."
    assert [(each.instructions, each.text) for each in chat.asked] == [(PROMPT, "A talk.")]
    assert notes.known == {}


async def test_a_long_one_is_summarised_in_parts(chat: ChatStandIn, summariser: Summariser) -> None:
    chat.usual = lambda asked: completion(f"Note on {asked.text[:12]}.")
    await summariser.summarise(LONG, {}, Notes().note)
    *parts, last = chat.asked
    assert max(len(each.text) for each in chat.asked) <= 2000
    assert "".join("".join(each.text for each in parts).split()) == "".join(LONG.split())
    assert parts[0].instructions.startswith(f"The user sends part 1 of {len(parts)} ")
    assert last.text == "\n\n".join(f"Note on {each.text[:12]}." for each in parts)
    assert PROMPT in last.instructions


async def test_what_was_answered_is_not_asked_again(chat: ChatStandIn, summariser: Summariser) -> None:
    notes = Notes()
    chat.replies = [completion("one"), completion("two"), Reply(503)]
    with pytest.raises(SummaryUnreachable):
        await summariser.summarise(LONG, {}, notes.note)
    assert sorted(notes.known.values()) == ["one", "two"]
    before = [each.text for each in chat.asked]
    chat.asked.clear()
    assert await summariser.summarise(LONG, notes.known, notes.note) == "They will walk."
    assert chat.asked[0].text == before[2]
    assert not {each.text for each in chat.asked} & set(before[:2])


async def test_a_server_that_repeats_all_ends_with_an_error(
    chat: ChatStandIn, summariser: Summariser
) -> None:
    chat.usual = lambda asked: completion(asked.text)
    with pytest.raises(SummaryUnreadable, match="as long as"):
        await summariser.summarise(LONG, {}, Notes().note)


@given(st.text(max_size=300), st.integers(min_value=1, max_value=50))
def test_parts_hold_all_that_is_said(text: str, longest: int) -> None:
    parts = parts_of(text, longest)
    assert "".join("".join(parts).split()) == "".join(text.split())
    assert all(0 < len(part) <= longest for part in parts)
