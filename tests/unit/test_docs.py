"""README, README.ru and .env.example say what the code says."""

import json
import re
from pathlib import Path

import pytest

from app.api.app import create_app
from app.core.config import Settings
from app.schemas.transcript import Transcript

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.ru.md")
FIELDS = sorted(Settings.model_fields)


def shown_default(name: str) -> str:
    """The default of a setting as the tables and `.env.example` write it."""
    default = Settings.model_fields[name].default
    if default is None or default == ():
        return ""
    if isinstance(default, frozenset):
        return ",".join(sorted(default))
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)


def table(readme: str) -> dict[str, str]:
    """Setting and default of each row that begins with a name in backquotes and capitals."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    rows = re.findall(r"^\| *`([A-Z][A-Z0-9_]*)` *\| *(.*?) *\|", text, re.MULTILINE)
    return {name: default.strip("`–") for name, default in rows}


@pytest.mark.parametrize("readme", READMES)
def test_the_settings_table_is_complete(readme: str) -> None:
    assert sorted(name.lower() for name in table(readme)) == FIELDS


@pytest.mark.parametrize("readme", READMES)
def test_the_settings_table_gives_the_defaults(readme: str) -> None:
    assert table(readme) == {name.upper(): shown_default(name) for name in FIELDS}


def test_the_example_holds_every_setting_with_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^# ([A-Z0-9_]+)=(.*)$", text, re.MULTILINE))
    assert shown == {name.upper(): shown_default(name) for name in FIELDS}


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_is_described(name: str) -> None:
    description = Settings.model_fields[name].description
    assert description is not None
    assert description.endswith(".")
    assert description in (ROOT / ".env.example").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES)
def test_every_route_is_mentioned(readme: str, settings: Settings) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    paths = create_app(settings).openapi()["paths"]
    missing = [
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if f"{method.upper()} {path}" not in text
    ]
    assert missing == []


@pytest.mark.parametrize("readme", READMES)
def test_the_answer_that_is_shown_is_of_this_version(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    (shown,) = re.findall(r'^(\{"task_id":[^\n]*"status":"done".*?)\n```$', text, re.MULTILINE | re.DOTALL)
    result = json.loads(shown.replace("\n", " "))["result"]

    assert Transcript.model_validate(result).model_dump(mode="json") == result


def test_every_make_target_of_the_readme_exists() -> None:
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for readme in (*READMES, "CONTRIBUTING.md"):
        text = (ROOT / readme).read_text(encoding="utf-8")
        named = re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)
        assert set(named) <= set(targets), readme
