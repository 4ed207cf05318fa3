"""Lists in the environment."""


def list_of(text: str) -> list[str]:
    """Items of `a,b`, `a b` or `["a", "b"]`: people write lists in `.env` in all three ways."""
    return text.strip("[]() ").replace('"', " ").replace("'", " ").replace(",", " ").replace(";", " ").split()
