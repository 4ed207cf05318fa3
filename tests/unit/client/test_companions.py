"""Programs beside the service look at where it is before they start."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.client.companions import service_address
from app.core.config import Settings
from app.watch_folder.__main__ import main as watch
from app.wyoming.__main__ import main as serve_assistants


@pytest.mark.parametrize("main", [watch, serve_assistants])
@pytest.mark.parametrize(
    ("service", "key", "reason"),
    [("localhost:8000", None, "is no address such as"), ("", "schlüssel", "characters that no key has")],
)
def test_a_wrong_address_or_key_is_told_before_the_start(
    main: Callable[[str, str | None], None],
    service: str,
    key: str | None,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WATCH_DIR", str(tmp_path))
    monkeypatch.setenv("LOG_DIR", str(tmp_path / "logs"))
    with pytest.raises(SystemExit, match=f"TRANSCRIBER_URL or TRANSCRIBER_API_KEY is wrong: .*{reason}"):
        main(service, key)
    assert list(tmp_path.iterdir()) == []


def test_the_usual_address_is_that_of_this_machine(settings: Settings) -> None:
    assert service_address("", None, settings) == f"http://127.0.0.1:{settings.port}"
    assert service_address("https://there.example", "key", settings) == "https://there.example"
