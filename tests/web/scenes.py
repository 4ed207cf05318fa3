"""Every view of the page in every state that looks different: for axe-core, narrow windows, pictures."""

import asyncio
import json
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import redis
from playwright.sync_api import Page, expect

from app.core.config import Settings
from app.queue.consumer import Consumer
from app.schemas.task import Task, TaskFailure
from tests.support.queue import connected

SENTENCES = (
    "Good morning, and thank you all for coming on such a grey day.",
    "We have three points on the agenda: the budget, the new workshop, and the summer fair.",
    "Łukasz has sent the figures yesterday; I hope everybody has had time to look at them.",
    "The workshop will cost a little less than we thought, about forty thousand.",
    "That leaves us with enough for the roof, if nothing else comes up before winter.",
    "Are there any questions so far?",
    "Yes, one: when does the building permit run out?",
)
SECONDS_EACH = 4.0


def words_of(text: str, start: float) -> list[dict[str, Any]]:
    """Words of a sentence, each as long as the others."""
    words = text.split()
    step = SECONDS_EACH / len(words)
    return [
        {
            "start": round(start + place * step, 2),
            "end": round(start + (place + 1) * step, 2),
            "word": f" {word}",
            "probability": 0.9,
        }
        for place, word in enumerate(words)
    ]


def result_of(sentences: tuple[str, ...] = SENTENCES) -> dict[str, Any]:
    """A transcript as an engine makes it, with one doubtful place."""
    starts = [place * SECONDS_EACH for place in range(len(sentences))]
    return {
        "text": " ".join(sentences),
        "language": "en",
        "duration": SECONDS_EACH * len(sentences),
        "model": "base",
        "segments": [
            {
                "id": place,
                "start": start,
                "end": start + SECONDS_EACH - 0.4,
                "text": f" {text}",
                "words": words_of(text, start),
            }
            for place, (start, text) in enumerate(zip(starts, sentences, strict=True))
        ],
        "warnings": ["The recording is damaged at its end."],
        "quality": {"windows": 1, "retried": 0, "noise": 0, "low_confidence": [{"start": 8.0, "end": 8.25}]},
    }


def conversation() -> dict[str, Any]:
    """The same transcript, said by three people in turn."""
    result = result_of()
    who = [f"S{place % 3 + 1}" for place in range(len(SENTENCES))]
    for segment, speaker in zip(result["segments"], who, strict=True):
        segment["speaker"] = speaker
        segment["words"] = [{**word, "speaker": speaker} for word in segment["words"]]
    seconds = {name: who.count(name) * SECONDS_EACH for name in sorted(set(who))}
    result["speakers"] = [{"id": name, "name": None, "seconds": length} for name, length in seconds.items()]
    result["turns"] = [
        {"start": segment["start"], "end": segment["end"], "speaker": speaker, "overlap": False}
        for segment, speaker in zip(result["segments"], who, strict=True)
    ]
    return result


def finish(settings: Settings, task_id: str, result: object) -> None:
    """What a foreign worker does."""
    with redis.Redis(port=settings.redis_port) as client:
        client.set(f"{settings.redis_results_prefix}{task_id}", json.dumps(result))


def fail_next(settings: Settings) -> None:
    """What a worker does whose engine dies, with the task that has waited longest."""

    async def run() -> None:
        async with connected(settings) as queue:
            await _fail_next(await queue.worker("a-worker"))

    _in_a_thread(run)


def give_up(settings: Settings, filename: str) -> None:
    """Make a dead letter, a task at work and three that wait."""

    async def run() -> None:
        async with connected(settings) as queue:
            await queue.producer.enqueue(Task(task_id="dead", file_path="dead.wav", filename=filename))
            worker = await queue.worker("a-worker")
            await _fail_next(worker)
            await queue.producer.enqueue(Task(task_id="at-work", file_path="at-work.wav"))
            await worker.claim()
            for number in range(3):
                waiting = Task(task_id=f"waits-{number}", file_path="waits.wav", duration=600.0)
                await queue.producer.enqueue(waiting)

    _in_a_thread(run)


async def _fail_next(worker: Consumer) -> None:
    held = await worker.claim()
    assert held is not None
    await worker.fail(held, TaskFailure(code="engine_crashed", message="The engine process died."))


def _in_a_thread(run: Callable[[], Coroutine[None, None, None]]) -> None:
    """Playwright has this one's event loop."""
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    thread.join()


@dataclass(frozen=True)
class Stage:
    """Where a scene is played: a page that has just been opened, of a service without workers."""

    page: Page
    url: str
    settings: Settings
    recording: Path

    def send(self, name: str = "meeting.wav") -> str:
        """A recording; its task's id."""
        payload = {"name": name, "mimeType": "audio/wav", "buffer": self.recording.read_bytes()}
        self.page.locator("input[type=file]").first.set_input_files(payload)  # type: ignore[arg-type]
        card = self.page.locator(".card", has_text=name).first
        expect(card.locator(".badge")).to_have_text("Waiting")
        return str(httpx2.get(f"{self.url}/transcribe/").json()["tasks"][0]["task_id"])

    def transcribe(self, name: str = "meeting.wav", result: object = None) -> None:
        """A recording with its text."""
        finish(self.settings, self.send(name), result_of() if result is None else result)
        expect(self.page.locator(".card", has_text=name).locator(".badge")).to_have_text("Done")

    def archived(self) -> None:
        """All that is done is in the archive; naming has it put there now."""
        for task in httpx2.get(f"{self.url}/transcribe/").json()["tasks"]:
            httpx2.patch(f"{self.url}/transcribe/{task['task_id']}/details", json={}).raise_for_status()

    def open_transcript(self, name: str = "meeting.wav") -> None:
        """Whose recording is there to play."""
        self.page.locator(".card", has_text=name).get_by_role("link", name="Open").click()
        expect(self.page.get_by_role("button", name="Play", exact=True)).to_be_enabled()

    def share(self) -> str:
        """A link to the newest recording."""
        task_id = httpx2.get(f"{self.url}/transcribe/").json()["tasks"][0]["task_id"]
        answer = httpx2.post(f"{self.url}/transcribe/{task_id}/shares", json={"expires_in_seconds": 86_400})
        return f"{self.url}{answer.json()['address']}"


def empty(stage: Stage) -> None:
    expect(stage.page.get_by_text("Nothing here yet")).to_be_visible()


def options(stage: Stage) -> None:
    stage.page.get_by_text("More options").click()
    expect(stage.page.get_by_label("Likely words")).to_be_visible()


def recorder(stage: Stage) -> None:
    stage.page.get_by_role("button", name="Record", exact=True).click()
    expect(stage.page.get_by_role("timer")).to_be_visible()


def tasks(stage: Stage) -> None:
    stage.transcribe()
    stage.page.locator("input[type=file]").first.set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"notes"}
    )
    expect(stage.page.get_by_text("Failed")).to_be_visible()
    stage.send("waits.wav")


def transcript(stage: Stage) -> None:
    stage.transcribe()
    stage.open_transcript()
    stage.page.locator("[data-word]", has_text="agenda").click()
    stage.page.get_by_label("Search the text").fill("work")
    expect(stage.page.locator(".segment[aria-current]")).to_have_count(1)


def advice(stage: Stage) -> None:
    """Russian, heard by a small model; another version is on its way."""
    stage.transcribe(result=result_of() | {"language": "ru"})
    stage.open_transcript()
    stage.page.get_by_role("button", name="Transcribe again with").click()
    expect(stage.page.locator(".card .badge")).to_have_text("Waiting")
    stage.page.go_back()
    expect(stage.page.get_by_text("makes far fewer errors")).to_be_visible()
    expect(stage.page.locator(".again-others a")).to_have_count(1)


def speakers(stage: Stage) -> None:
    stage.transcribe(result=conversation())
    stage.open_transcript()
    expect(stage.page.locator(".speakers li")).to_have_count(3)


def naming(stage: Stage) -> None:
    stage.transcribe()
    name(stage)
    stage.open_transcript()
    stage.page.get_by_role("button", name="Name and tags").click()
    expect(stage.page.get_by_label("Name", exact=True)).to_be_focused()


def name(stage: Stage) -> None:
    """The task that was sent last."""
    [task, *_] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    change = {
        "title": "Budget, workshop and the summer fair",
        "tags": ["board", "a tag of fifty letters ...........", "2026"],
    }
    httpx2.patch(f"{stage.url}/transcribe/{task['task_id']}/details", json=change).raise_for_status()


def search(stage: Stage) -> None:
    stage.transcribe(result=conversation())
    name(stage)
    stage.page.goto(f"{stage.url}/#/search/q%3Dworkshop")
    expect(stage.page.locator(".moments mark")).to_have_text(["workshop", "workshop"])
    stage.page.get_by_text("Narrow down").click()


def editing(stage: Stage) -> None:
    transcript(stage)
    stage.page.get_by_role("button", name="Edit the text at 0:08").click()
    expect(stage.page.locator("textarea")).to_be_focused()


def shortcuts(stage: Stage) -> None:
    transcript(stage)
    stage.page.get_by_role("button", name="Play", exact=True).press("?")
    expect(stage.page.get_by_role("dialog")).to_be_visible()


def replacing(stage: Stage) -> None:
    transcript(stage)
    stage.page.get_by_role("button", name="Replace", exact=True).click()
    stage.page.get_by_label("Replace with").fill("studio")
    expect(stage.page.get_by_role("button", name="Replace all 2 places")).to_be_enabled()


def unfinished(stage: Stage) -> None:
    stage.send()
    stage.page.locator(".card").get_by_role("link").first.click()
    expect(stage.page.get_by_role("heading", level=1)).to_have_text("meeting.wav")


def unknown(stage: Stage) -> None:
    stage.page.goto(f"{stage.url}/#/transcript/nobody-knows")
    expect(stage.page.get_by_role("alert").filter(has_text="No task")).to_be_visible()


def operator(stage: Stage) -> None:
    give_up(stage.settings, "interview.mp3")
    stage.page.get_by_role("link", name="Service").click()
    expect(stage.page.get_by_text("interview.mp3")).to_be_visible()


def confirmation(stage: Stage) -> None:
    stage.transcribe()
    stage.page.locator(".card").get_by_role("button", name="Delete").click()
    expect(stage.page.get_by_role("dialog")).to_be_visible()


def sharing(stage: Stage) -> None:
    stage.transcribe()
    stage.open_transcript()
    stage.page.get_by_role("button", name="Share").click()
    stage.page.get_by_role("button", name="Create a link").click()
    expect(stage.page.get_by_label("New link")).to_be_focused()
    expect(stage.page.locator(".share-links li")).to_have_count(1)


def shared(stage: Stage) -> None:
    stage.transcribe(result=conversation())
    stage.page.goto(stage.share())
    expect(stage.page.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def revoked(stage: Stage) -> None:
    stage.page.goto(f"{stage.url}/shared/{'A' * 43}")
    expect(stage.page.get_by_role("alert").filter(has_text="link")).to_be_visible()


def choosing(stage: Stage) -> None:
    stage.transcribe("first.wav")
    stage.send("second.wav")
    stage.page.get_by_role("button", name="Select several").click()
    stage.page.get_by_label("Select first.wav").check()
    expect(stage.page.get_by_text("1 selected")).to_be_visible()


SCENES: dict[str, Callable[[Stage], None]] = {
    scene.__name__: scene
    for scene in (
        empty,
        options,
        recorder,
        tasks,
        transcript,
        advice,
        speakers,
        naming,
        search,
        editing,
        shortcuts,
        replacing,
        unfinished,
        unknown,
        operator,
        confirmation,
        sharing,
        shared,
        revoked,
        choosing,
    )
}
