"""Where a page of a list ends and the next one begins."""

from dataclasses import dataclass

from app.core.errors import InvalidParameter

CURSOR_PATTERN = r"^[0-9]{1,16}~[A-Za-z0-9._-]{1,128}$"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list of tasks, newest first: a time in ms and, among those of the same time, an id."""

    at: float
    task_id: str

    @classmethod
    def parse(cls, text: str) -> "Position":
        """What `str` has made of one. Raises InvalidParameter."""
        at, _, task_id = text.partition("~")
        if not at.isdecimal() or not task_id:
            raise InvalidParameter("`cursor` must be the `next_cursor` of a page.", parameter="cursor")
        return cls(float(at), task_id)

    def __str__(self) -> str:
        return f"{self.at:.0f}~{self.task_id}"

    @property
    def key(self) -> tuple[float, str]:
        """By which lists are sorted, the highest first."""
        return (self.at, self.task_id)

    def is_before(self, other: "Position") -> bool:
        """Whether `other` comes later in the list, which runs from new to old."""
        return other.key < self.key
