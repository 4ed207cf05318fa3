"""Every alert asks for figures that /metrics serves, and says what to do."""

import re
from typing import Any

import promql_parser
import pytest
import yaml

from tests.support.processes import ROOT
from tests.unit.observability.served import served

RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
TARGET_LABELS = {"instance", "job", "pod"}
"""Labels that Prometheus adds to what it reads."""

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])


def parts(expression: str) -> list[Any]:
    """All parts of an expression; raises ValueError where it is no PromQL."""
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found


def selectors(expression: str) -> list[Any]:
    """The parts that name a figure."""
    inner = [getattr(part, "vector_selector", part) for part in parts(expression)]
    return [each for each in inner if isinstance(each, promql_parser.VectorSelector)]


@every_rule
def test_its_figures_and_labels_are_served(rule: dict[str, Any]) -> None:
    asked = selectors(rule["expr"])
    assert asked
    for selector in asked:
        samples = served().get(selector.name, [])
        assert samples, selector.name
        for matcher in selector.matchers.matchers:
            values = [labels.get(matcher.name) for labels in samples]
            assert None not in values, matcher.name
            if matcher.op == promql_parser.MatchOp.Equal:
                assert matcher.value in values


@every_rule
def test_its_groups_are_by_labels_that_are_there(rule: dict[str, Any]) -> None:
    known = labels_of(rule)
    for part in parts(rule["expr"]):
        modifier = getattr(part, "modifier", None)
        modifier = getattr(modifier, "matching", modifier)
        assert set(getattr(modifier, "labels", ())) <= known


@every_rule
def test_it_says_what_is_wrong_and_what_to_do(rule: dict[str, Any]) -> None:
    told = rule["annotations"]
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert re.fullmatch(r"\d+[mh]", rule["for"])
    assert told.keys() == {"summary", "description"}
    assert len(told["description"]) > len(told["summary"])
    assert set(re.findall(r"\$labels\.(\w+)", str(told))) <= labels_of(rule)


def labels_of(rule: dict[str, Any]) -> set[str]:
    """Labels of all figures that a rule asks for."""
    names = {selector.name for selector in selectors(rule["expr"])}
    return TARGET_LABELS.union(*(labels.keys() for name in names for labels in served()[name]))


def test_each_has_a_name_of_its_own() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(set(names)) == len(names)


def test_what_is_asked_for_is_found_wherever_it_stands() -> None:
    """And what is no PromQL is refused."""
    expression = "max without (pod) (increase(a_total[5m])) > 0.5 * (b > 0) and on (job) c{x='y'} unless d"
    assert {each.name for each in selectors(expression)} == {"a_total", "b", "c", "d"}
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        parts("max without (a > 0")
