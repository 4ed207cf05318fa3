"""Models as people choose them, and a recording transcribed once more."""

import json
from pathlib import Path

import httpx2
import pytest
import redis
from playwright.sync_api import Route, expect

from tests.support.api import Service
from tests.web.conftest import Visitor
from tests.web.scenes import Stage, finish, result_of


@pytest.fixture
def stage(idle: Service, visitor: Visitor, recordings: Path) -> Stage:
    """The speed of `base` and `small` has been measured: 4 and 0.5 times that of speech."""
    with redis.Redis(port=idle.settings.redis_port) as client:
        client.hset(f"{idle.settings.redis_queue_name}:pace", mapping={"base": "0.25", "small": "2.0"})
    page = visitor.open(idle.url)
    return Stage(page, idle.url, idle.settings, recordings / "half_minute.wav")


def payload(stage: Stage, task_id: str) -> dict[str, object]:
    """What is queued."""
    with redis.Redis(port=stage.settings.redis_port) as client:
        stored = client.hget(f"{stage.settings.redis_queue_name}:task:{task_id}", "payload")
    found: dict[str, object] = json.loads(stored or b"{}")
    return found


def test_a_choice_tells_accuracy_size_speed_and_presence(stage: Stage) -> None:
    choice = stage.page.get_by_label("Model")
    large = choice.locator("option[value=large-v3]")
    expect(large).to_have_text("large-v3 · highest accuracy · 3.1 GB")
    expect(choice.locator("option", has_text="whisper-1")).to_have_count(0)  # a name, no choice
    choice.select_option("small")
    expect(stage.page.locator("#help-model")).to_contain_text("Here 2 times slower than speech.")
    choice.select_option("base")
    expect(stage.page.locator("#help-model")).to_contain_text("Here 4 times faster than speech.")
    choice.select_option("medium")
    expect(stage.page.locator("#help-model")).to_contain_text("not known yet")


def test_what_is_typed_stays_when_the_models_come_late(idle: Service, visitor: Visitor) -> None:
    page = visitor.context.new_page()
    held: list[Route] = []
    page.route("**/v1/models", lambda route: held.append(route))
    with page.expect_request("**/v1/models"):
        page.goto(idle.url)
    page.get_by_text("More options").click()
    words = page.get_by_label("Likely words")
    words.press_sequentially("Acme")
    held.pop().continue_()
    expect(page.get_by_label("Model").locator("option[value=base]")).to_have_count(1)
    expect(words).to_have_value("Acme")


def test_a_better_model_makes_another_version_and_each_leads_to_the_other(stage: Stage) -> None:
    page = stage.page
    stage.transcribe()
    stage.open_transcript()
    [first] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    expect(page.locator(".again")).to_contain_text("Takes about 56 s here.")
    page.get_by_role("button", name="Transcribe again with small").click()
    expect(page.locator(".card .badge")).to_have_text("Waiting")
    second = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"][0]
    assert (second["model"], second["filename"]) == ("small", "meeting.wav")
    assert payload(stage, second["task_id"])["again_of"] == first["task_id"]
    result = result_of() | {"model": "small", "again_of": first["task_id"]}
    finish(stage.settings, second["task_id"], result)
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_enabled()
    page.locator(".again-others a", has_text="base").or_(page.locator(".again-others a").first).click()
    expect(page.locator(".card-facts").first).to_contain_text("base")
    expect(page.locator(".again-others a")).to_contain_text(["small"])


def test_another_browser_finds_all_versions(stage: Stage, visit: object) -> None:
    stage.transcribe()
    [first] = httpx2.get(f"{stage.url}/transcribe/").json()["tasks"]
    form = {"again_of": first["task_id"], "model": "small"}
    sent = httpx2.post(
        f"{stage.url}/transcribe/", files=[(name, (None, value)) for name, value in form.items()]
    )
    second = sent.json()["task_id"]
    finish(stage.settings, second, result_of() | {"model": "small", "again_of": first["task_id"]})
    stage.archived()
    page = visit().open(f"{stage.url}/#/transcript/{first['task_id']}")  # type: ignore[operator]
    page.locator(".again-others a", has_text="small").click()
    expect(page.locator(".card-facts").first).to_contain_text("small")
    expect(page.locator(".again-others a")).to_have_count(1)


def test_the_browsers_copy_is_sent_where_the_service_has_none(stage: Stage) -> None:
    page = stage.page
    stage.transcribe()
    stage.open_transcript()
    for recording in stage.settings.upload_dir.glob("*.wav"):
        recording.unlink()
    page.get_by_role("button", name="Transcribe again with small").click()
    expect(page.locator(".card .badge")).to_have_text("Waiting")
    assert len(list(stage.settings.upload_dir.glob("*.wav"))) == 1


def test_a_larger_model_is_advised_once(stage: Stage) -> None:
    page = stage.page
    stage.transcribe(result=result_of() | {"language": "ru"})
    stage.open_transcript()
    expect(page.locator(".again-advice")).to_contain_text("base mishears a lot in this language")
    expect(page.locator(".again-advice")).to_contain_text("Takes about 56 s here.")
    page.get_by_role("button", name="Do not advise this again").click()
    expect(page.locator(".again-advice")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Transcribe again with small")).to_be_visible()
    expect(page.locator(".again-advice")).to_have_count(0)
