"""The recordings of `python -m tests.odd_recordings`: what is expected of each comes."""

from collections.abc import Mapping

import pytest

from tests.odd_recordings.case import Case
from tests.odd_recordings.catalogue import RECIPES, made
from tests.odd_recordings.expectation import judge
from tests.odd_recordings.sending import Outcome, outcomes
from tests.support.api import Service

pytestmark = pytest.mark.weights


@pytest.fixture(scope="module")
def got(whole: Service, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Case, Outcome]]:
    """All are sent at once, so that the worker decodes them in batches."""
    cases = made(tmp_path_factory.mktemp("odd"))
    return {case.path.name: (case, outcome) for case, outcome in outcomes(whole.url, cases)}


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_odd_recording(got: Mapping[str, tuple[Case, Outcome]], name: str) -> None:
    case, outcome = got[name]

    verdict = judge(case, outcome)

    assert (verdict.broken, verdict.unjudged) == ((), ()), outcome
