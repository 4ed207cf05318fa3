"""Names of keys."""

from app.core.config import Settings
from app.queue.keys import Keys

TAGGED = Keys("{asr}:tasks", "{asr}:result:")


def test_the_names_of_the_wire_contract() -> None:
    keys = Keys.from_settings(Settings())
    assert keys.queue == "transcribe_tasks"
    assert keys.result("t") == "transcribe_result:t"


def test_all_names_carry_the_tag_and_differ() -> None:
    names = [
        *(TAGGED.queue, TAGGED.high, TAGGED.delayed, TAGGED.dead, TAGGED.workers, TAGGED.scanned),
        *(TAGGED.processing("x"), TAGGED.task("x"), TAGGED.result("x")),
    ]
    assert all(name.startswith("{asr}:") for name in names)
    assert len(set(names)) == len(names)
