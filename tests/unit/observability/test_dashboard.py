"""The dashboard and the documentation name the figures that there are."""

import json
import re

from tests.support.processes import ROOT
from tests.unit.observability.served import figures, served


def test_every_figure_of_the_dashboard_exists() -> None:
    dashboard = json.loads((ROOT / "docs" / "grafana.json").read_text("utf-8"))
    asked = {
        name
        for panel in dashboard["panels"]
        for target in panel["targets"]
        for name in re.findall(r"transcriber_\w+", target["expr"])
    }
    assert asked
    assert asked <= served().keys()


def test_every_figure_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = re.findall(r"^\| `(transcriber_\w+)` \| (.+?) \| (.+) \|$", text, re.MULTILINE)
    assert {name: (tuple(re.findall(r"`(\w+)`", labels)), told) for name, labels, told in rows} == figures()
