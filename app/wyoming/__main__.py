"""`python -m app.wyoming`: what `make run` starts where WYOMING_PORT is set."""

import asyncio
import logging
from functools import partial

import typer
from wyoming.server import AsyncTcpServer

from app.client import AsyncClient
from app.client.companions import KeyOption, ServiceOption, service_address
from app.core.config import Settings
from app.core.lifeline import end_with_parent
from app.core.startup import read_settings, start_watching
from app.wyoming.handler import Assistant, description

logger = logging.getLogger(__name__)

USUAL_PORT = 10300
"""On which Home Assistant looks for speech-to-text."""


async def serve(settings: Settings, service: str, api_key: str | None) -> None:
    """Serve until SIGTERM."""
    port = settings.wyoming_port or USUAL_PORT
    server = AsyncTcpServer(settings.host, port)
    info = description([settings.default_model])
    async with AsyncClient(service, api_key) as client:
        logger.info("Voice assistants find speech-to-text at tcp://%s:%d", settings.host, port)
        await server.run(partial(Assistant, client, info, settings.max_upload_bytes))


def main(service: ServiceOption = "", api_key: KeyOption = None) -> None:
    """Speech-to-text for Home Assistant: the Wyoming protocol on HOST and WYOMING_PORT."""
    settings = read_settings()
    address = service_address(service, api_key, settings)
    start_watching(settings, "wyoming")
    end_with_parent()
    asyncio.run(serve(settings, address, api_key))


if __name__ == "__main__":
    typer.run(main)
