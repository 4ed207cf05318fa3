"""Reading the settings when a program starts: a wrong one ends it with a sentence, not with a traceback."""

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.core.config import Settings


def read_settings() -> Settings:
    """The settings of this process. Raises SystemExit with one sentence for each wrong setting."""
    try:
        return Settings()
    except ValidationError as error:
        raise SystemExit("\n".join(_sentences(error))) from None
    except (SettingsError, UnicodeDecodeError) as error:
        raise SystemExit(f"The settings cannot be read: {error}; check `.env` and the environment.") from None


def _sentences(error: ValidationError) -> list[str]:
    sentences = []
    for problem in error.errors():
        name = str(problem["loc"][0]).upper() if problem["loc"] else "The settings"
        reason = problem["msg"][:1].lower() + problem["msg"][1:]
        shown = "" if "PASSWORD" in name or "URL" in name else f" (it is {problem['input']!r})"
        sentences.append(
            f"Setting {name} is wrong: {reason}{shown}; correct it in `.env` or the environment."
        )
    return sentences
