"""Who asks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The API key that a request came with, by its name; None where the service asks for no keys."""

    name: str | None = None

    def may_see(self, owner: str | None) -> bool:
        """Whether a task of that owner is this caller's; those that programs pushed are everybody's."""
        return self.name is None or owner in (None, self.name)


ANYBODY = Caller()
