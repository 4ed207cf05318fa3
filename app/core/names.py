"""Unknown names, and the known name that was probably meant."""

from collections.abc import Collection, Iterable
from difflib import get_close_matches

from app.core.errors import UnknownParameter
from app.core.validation import quoted

LIKENESS = 0.6
"""Ratio (difflib) from which two names are called near: a swapped or missing letter in a short word."""


def nearest_name(name: str, known: Collection[str], likeness: float = LIKENESS) -> str | None:
    """The known name that is spelt most like `name`, whatever its case; None where none is near."""
    by_folded = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold()[:60], by_folded, n=1, cutoff=likeness)
    return by_folded[found[0]] if found else None


def refuse_unknown(names: Iterable[str], known: Collection[str]) -> None:
    """Raises UnknownParameter for the first of `names` that is not `known`."""
    for name in names:
        if name in known:
            continue
        nearest = nearest_name(name, known)
        hint = f"the nearest is `{nearest}`" if nearest else f"choose of: {', '.join(known)}"
        raise UnknownParameter(
            f"There is no parameter {quoted(name)} here; {hint}.", parameter=name[:60], choices=list(known)
        )
