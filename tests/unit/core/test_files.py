"""The limit on open files, in processes of their own: a test's own one must stay."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys
from app.core.files import allow_files
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_files(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "limit"), [(100, 400, 300, 300), (100, 200, 300, 200), (400, 400, 300, 400)]
)
def test_it_is_raised_as_far_as_the_system_lets_it(soft: int, hard: int, wanted: int, limit: int) -> None:
    command = [sys.executable, "-c", PROGRAM, str(soft), str(hard), str(wanted)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.split() == [str(limit)] * 2
