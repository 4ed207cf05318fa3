"""Programs that run beside the service as its clients, such as the watched folder: where they find it."""

from typing import Annotated

import typer

from app.client.calls import http_settings
from app.core.config import Settings

ServiceOption = Annotated[
    str, typer.Option(envvar="TRANSCRIBER_URL", help="Address of the service; that of `make run` if none.")
]
KeyOption = Annotated[
    str | None, typer.Option(envvar="TRANSCRIBER_API_KEY", help="Key, where the service asks for one.")
]


def service_address(service: str, api_key: str | None, settings: Settings) -> str:
    """The address that was given, else that of `make run` on this machine.

    Raises SystemExit with a sentence where it is no address, or the key cannot be one.
    """
    address = service or f"http://127.0.0.1:{settings.port}"
    try:
        http_settings(address, api_key)
    except ValueError as error:
        raise SystemExit(f"TRANSCRIBER_URL or TRANSCRIBER_API_KEY is wrong: {error}") from error
    return address
