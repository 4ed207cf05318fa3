"""Log lines for people and for a log shipper, from several processes at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import asyncio, logging, sys
from pathlib import Path
from utils.logger import setup_logging, task_context
setup_logging(level="INFO", directory=Path(sys.argv[1]), role="worker")
log = logging.getLogger("some.library")

async def work(task_id):
    with task_context(task_id):
        await asyncio.sleep(0)
        log.info("inside %s", task_id)

async def main():
    await asyncio.gather(work("one"), work("two"))

log.debug("not shown")
log.info("before")
asyncio.run(main())
log.info("given", extra={"task_id": "three", "seconds": 1.5})
logging.getLogger("uvicorn.access").info("GET /")
logging.getLogger("httpx").info("chatter")
try:
    raise ValueError("broken")
except ValueError:
    log.exception("failed")
"""

HOSTILE = """
import logging, sys
from pathlib import Path
from utils.logger import setup_logging, task_context
setup_logging(level="INFO", directory=Path(sys.argv[1]), role="api")
log = logging.getLogger("some.library")
with task_context("id\\x1b[31m"):
    log.info("GET %s refused", "/\\x1b]0;title\\x07\\x1b[2J\\x9b5m\\r\\n2026-01-01 INFO forged")
log.info("Привет — \\u202etxt.exe")
log.info("Exception in ASGI application\\n")
try:
    raise ValueError("broken \\x1b[1m")
except ValueError:
    log.exception("failed")
"""

MANY = """
import logging, sys
from pathlib import Path
from utils.logger import setup_logging
setup_logging(level="INFO", directory=Path(sys.argv[1]), role=sys.argv[2], max_bytes=20_000, backups=200)
for number in range(300):
    logging.getLogger("many").info("line %d", number)
"""


def run(code: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True
    ).stdout


def lines_of(directory: Path) -> list[dict[str, object]]:
    files = [path for path in directory.iterdir() if path.name.startswith("service.log")]
    return [json.loads(line) for path in files for line in path.read_text(encoding="utf-8").splitlines()]


def test_json_lines_carry_the_task(tmp_path: Path) -> None:
    out = run(PROGRAM, str(tmp_path))
    lines = lines_of(tmp_path)
    told = {str(line["message"]): line for line in lines}
    assert list(told) == ["before", "inside one", "inside two", "given", "GET /", "failed"]
    assert told["before"]["task_id"] is None
    assert told["inside one"]["task_id"] == "one"
    assert told["inside two"]["task_id"] == "two"
    assert told["given"]["task_id"] == "three"
    assert told["given"]["seconds"] == 1.5
    assert "ValueError: broken" in str(told["failed"]["exc_info"])
    for line in lines:
        assert line["process_role"] == "worker"
        assert {"time", "level", "logger", "process"} <= line.keys()
    assert "inside two" in out
    assert "some.library [two]: inside two" in out
    assert "chatter" not in out


def test_what_clients_sent_moves_no_cursor_and_forges_no_line(tmp_path: Path) -> None:
    lines = run(HOSTILE, str(tmp_path)).splitlines()
    assert not [char for line in lines for char in line if not char.isprintable()]
    assert lines[0].endswith(
        r"[id\x1b[31m]: GET /\x1b]0;title\x07\x1b[2J\x9b5m\r\n2026-01-01 INFO forged refused"
    )
    assert lines[1].endswith(r": Привет — \u202etxt.exe")
    assert lines[2].endswith(": Exception in ASGI application")
    assert lines[3].endswith(": failed")
    assert lines[4].startswith("Traceback"), "a traceback keeps its lines"
    assert lines[-1] == r"ValueError: broken \x1b[1m"


def test_several_processes_rotate_one_file_and_lose_nothing(tmp_path: Path) -> None:
    roles = ["api", "worker-1", "worker-2"]
    programs = [
        subprocess.Popen([sys.executable, "-c", MANY, str(tmp_path), role], stdout=subprocess.DEVNULL)
        for role in roles
    ]
    assert [program.wait() for program in programs] == [0, 0, 0]
    lines = lines_of(tmp_path)
    assert len([path for path in tmp_path.iterdir() if path.name.startswith("service.log")]) > 2
    told = sorted((str(line["process_role"]), int(str(line["message"]).split()[1])) for line in lines)
    assert told == [(role, number) for role in roles for number in range(300)]


@pytest.mark.parametrize("name", ["file", "file/inside"])
def test_without_a_log_folder_stdout_is_left(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    out = run(PROGRAM, str(tmp_path / name))
    assert "logging to stdout only" in out
    assert "inside two" in out
