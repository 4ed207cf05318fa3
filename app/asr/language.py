"""Which language a window is in: by what a model hears, and by what its recording has been in so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

CLEAR_LANGUAGE = 0.8
"""Probability from which a window is believed to be in a language, whatever was spoken before."""

POSSIBLE_LANGUAGE = 0.05
"""Probability above which a window whose language is not clear may be in that one."""

LANGUAGES_KEPT = 5

UNDETERMINED = "und"
"""BCP 47's code for a language that is not known: the model, or its server, names none."""


@dataclass(frozen=True, slots=True)
class Languages:
    """The likeliest languages of a window and their probabilities, the likeliest first."""

    probabilities: dict[str, float]

    @property
    def best(self) -> str:
        """The likeliest."""
        return next(iter(self.probabilities))

    @property
    def is_clear(self) -> bool:
        """Whether it can only be the likeliest."""
        return self.probabilities[self.best] >= CLEAR_LANGUAGE

    def candidates(self, expected: str | None) -> list[str]:
        """Languages that the window should be decoded in, the likeliest first.

        Speakers change their language, so that one which is clear stands alone. Where none is, the window
        is in the one that its recording has been in (`expected`), or in any that it may well be: short
        sounds mislead.
        """
        if self.is_clear:
            return [self.best]
        if expected is not None:
            return [expected]
        possible = [name for name, each in self.probabilities.items() if each >= POSSIBLE_LANGUAGE]
        return possible or [self.best]

    def likeliest_with(self, texts: dict[str, float]) -> str:
        """The language that is likeliest together with its text, whose log-probability `texts` has.

        Of all of a text, not of its mean token: loops, which a wrong language ends in, have likely tokens.
        """
        return max(texts, key=lambda language: log(self.probabilities[language]) + texts[language])

    def settled(self, language: str, among: list[str]) -> "Languages":
        """What is known once the texts have told which of several candidates it is."""
        return Languages({language: round(sum(self.probabilities[each] for each in among), 4)})


def likeliest(probabilities: dict[str, float], among: Sequence[str] = ()) -> Languages:
    """The few languages that are worth keeping, of all that a model knows, or of `among` alone.

    Then the probabilities are those under the condition that it is one of these.
    """
    if among:
        probabilities = {name: probabilities.get(name, 0.0) for name in among}
        total = sum(probabilities.values()) or 1.0
        probabilities = {name: probability / total for name, probability in probabilities.items()}
    kept = sorted(probabilities.items(), key=lambda item: -item[1])[:LANGUAGES_KEPT]
    return Languages({name: round(probability, 4) for name, probability in kept})
