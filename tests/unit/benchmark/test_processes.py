"""What processes have used, with those that they have started."""

import subprocess
import sys

import psutil
import pytest

from benchmark.processes import _nearest, cpu_seconds, families, family_seconds, peak_mb, resident_mb


def test_a_process_that_is_its_own_parent_has_no_other() -> None:
    assert _nearest(7, {7: 1, 1: 0, 0: 0}, {9: "api"}) is None  # as on macOS
    assert _nearest(7, {7: 9, 9: 0, 0: 0}, {9: "api"}) == "api"


PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-S", "-c", "import time\\nwhile time.process_time() < 0.2: pass"])
child = subprocess.Popen(["sleep", "60"])
print(child.pid, flush=True)
child.wait()
"""


def test_a_process_counts_with_its_children_unless_they_have_names_of_their_own() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", PARENT], stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        parent, child = psutil.Process(started.pid), psutil.Process(int(started.stdout.readline()))
        try:
            assert families({"engine": parent}) == {"engine": [parent, child]}
            assert families({"worker": parent, "engine": child}) == {"worker": [parent], "engine": [child]}
            assert family_seconds([parent, child]) >= 0.15  # of a child that has ended, in whole ticks
        finally:
            child.kill()
    assert families({"engine": parent}) == {"engine": [parent]}
    with pytest.raises(psutil.NoSuchProcess):
        family_seconds([parent])
    assert resident_mb(parent) == 0.0


def test_a_process_knows_its_own_use() -> None:
    me = psutil.Process()
    assert cpu_seconds(me) > 0
    assert peak_mb(me) >= resident_mb(me) * 0.9 > 0
