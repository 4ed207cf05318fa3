"""What docs/recipes tells to do works as it stands there."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from tests.support.api import ASSETS, Service
from tests.support.processes import ROOT
from tests.support.serving import listening

RECIPES = ROOT / "docs" / "recipes"


def code(recipe: str, language: str) -> str:
    """The recipe's one block in that language."""
    [block] = re.findall(rf"```{language}\n(.*?)```", (RECIPES / recipe).read_text("utf-8"), re.DOTALL)
    return str(block)


class Telegram:
    """Telegram's side of a bot that gets one text and one voice message."""

    def __init__(self) -> None:
        self.sent: list[dict[str, object]] = []
        self.told = threading.Event()

    def app(self) -> Starlette:
        """The addresses of its Bot API that the recipe uses."""
        return Starlette(
            routes=[
                Route("/botTOKEN/getUpdates", self._updates),
                Route("/botTOKEN/getFile", self._file),
                Route("/file/botTOKEN/voice/file_1.oga", lambda _: FileResponse(ASSETS / "speech_ru.ogg")),
                Route("/botTOKEN/sendMessage", self._send, methods=["POST"]),
            ]
        )

    async def _updates(self, request: Request) -> Response:
        chat = {"chat": {"id": 7}}
        messages = [
            {"update_id": 1, "message": chat | {"text": "hello"}},
            {"update_id": 2, "message": chat | {"voice": {"file_id": "f"}}},
        ]
        new = [
            each for each in messages if int(str(each["update_id"])) >= int(request.query_params["offset"])
        ]
        return JSONResponse({"ok": True, "result": new})

    async def _file(self, _: Request) -> Response:
        return JSONResponse({"ok": True, "result": {"file_path": "voice/file_1.oga"}})

    async def _send(self, request: Request) -> Response:
        self.sent.append(await request.json())
        self.told.set()
        return JSONResponse({"ok": True})


@pytest.fixture
def telegram() -> Iterator[tuple[Telegram, str]]:
    fake = Telegram()
    with listening(fake.app()) as port:
        yield fake, f"http://127.0.0.1:{port}"


@pytest.mark.weights
def test_the_telegram_bot_answers_voice_messages(
    whole: Service, telegram: tuple[Telegram, str], tmp_path: Path
) -> None:
    fake, api = telegram
    script = tmp_path / "bot.py"
    script.write_text(code("telegram.md", "python"), "utf-8")
    environment = {"TELEGRAM_API": api, "TELEGRAM_TOKEN": "TOKEN", "TRANSCRIBER_URL": whole.url}
    bot = subprocess.Popen([sys.executable, str(script)], env=os.environ | environment)
    try:
        fake.told.wait()
        assert fake.sent[0]["chat_id"] == 7
        assert re.search("[а-я]", str(fake.sent[0]["text"]))
    finally:
        bot.kill()
        bot.wait()


def test_the_n8n_node_can_be_pasted() -> None:
    [node] = json.loads(code("n8n.md", "json"))["nodes"]
    assert node["parameters"]["url"].endswith("/v1/audio/transcriptions")
